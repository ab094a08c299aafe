"""The YAML reader: bytes to text, text to nodes that keep their place, nodes to plain values.

libyaml (PyYAML's C parser) parses the text; `scalars` decides what a plain scalar means. The reader uses the parser's events
instead of its `compose`, because that recurses in C, where a deeply nested text overflows the stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ..model.diagnostic import Code, Diagnostic, Label
from ..model.source import Path, Source, Span
from . import slips
from .encodings import other_encoding
from .quoting import quote_value
from .scalars import MAX_DIGITS, is_date, is_too_long, plain_value

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 1_000_000

INVALID_YAML = Code(
    "MLC001",
    "error",
    "invalid YAML: {problem}",
    help="check the indentation, colons, brackets and quotes on this line and the one above",
)
YAML_VERSION = Code("MLC001", "error", "only YAML 1.2 is supported", help="remove the `%YAML` line")
UNKNOWN_ANCHOR = Code(
    "MLC001",
    "error",
    "the anchor `&{anchor}` is not defined above this alias",
    help="put the value in quotes: {quoted}; or define the anchor above, if an alias is meant",
)
MERGE_OF_NON_MAPPING = Code(
    "MLC001", "error", "`<<` can only merge mappings", help="give it a mapping or a list of mappings"
)
KEY_NOT_SCALAR = Code("MLC001", "error", "a key must be a scalar", help="use a plain word as the key")
NOT_UTF8 = Code("MLC002", "error", "byte {offset} of the file is not UTF-8", help="save the file as UTF-8")
CONTROL_CHARACTER = Code(
    "MLC002",
    "error",
    "YAML does not allow this character",
    help="remove the control character, or write it as an escape in double quotes",
)
DUPLICATE_KEY = Code("MLC003", "error", "duplicate key `{key}`", help="keep one of the two")
FILE_TOO_LARGE = Code(
    "MLC004", "error", "`{name}` is larger than {limit} MB", help="split the file, or use `foreach` and `matrix`"
)
TOO_DEEP = Code("MLC004", "error", "the nesting is deeper than {limit} levels", help="simplify the file")
TOO_MANY_NODES = Code("MLC004", "error", "the aliases expand to more than {limit:,} values", help="simplify the file")
TOO_MANY_DIGITS = Code(
    "MLC004", "error", "the number has more than {limit:,} digits", help="shorten the number, or put it in quotes"
)
RECURSIVE_ALIAS = Code("MLC004", "error", "`*{anchor}` contains itself", help="remove the alias")
SECOND_DOCUMENT = Code("MLC005", "error", "a second document starts here", help="remove the `---` and what follows")
UNKNOWN_TAG = Code("MLC006", "error", "unknown tag `{tag}`", help="remove the tag")
UNKNOWN_TAG_OF_TEXT = replace(UNKNOWN_TAG, help="put the value in quotes: {quoted}; or remove the tag")
DATE = Code(
    "MLC007", "error", "`{text}` is a date in YAML, which DVC does not support", help='put it in quotes: "{text}"'
)

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_TAGGED: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}


def decode(name: str, raw: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a file. Invalid UTF-8 is reported, and the text ends before it."""
    if len(raw) > MAX_BYTES:
        source = Source(name, "")
        return source, [FILE_TOO_LARGE.on(Span(source, 0, 0), name=name, limit=MAX_BYTES // 2**20)]
    if (other := other_encoding(name, raw)) is not None:
        return other[0], [other[1]]
    try:
        return Source(name, raw.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        source = Source(name, raw[: error.start].decode("utf-8-sig") + "�")
        last = len(source.text) - 1
        return source, [NOT_UTF8.on(Span(source, last, last + 1), offset=error.start)]


def load(source: Source) -> tuple[Any, list[Diagnostic]]:
    """The plain value of a YAML text, and the problems in it."""
    try:
        return value_of(compose(source), source)
    except Unreadable as unreadable:
        return None, [unreadable.diagnostic]


@dataclass(eq=False, slots=True)
class Node:
    """A value in the text. ``items`` are pairs of nodes for a mapping, nodes for a sequence.

    ``by_key`` holds the items of a mapping by key, filled by the first lookup.
    """

    kind: Literal["scalar", "sequence", "mapping"]
    start: int
    end: int
    text: str = ""
    plain: bool = False
    tag: str | None = None
    items: list[Any] = field(default_factory=list)
    size: int = 1
    by_key: dict[Any, tuple[Node, Node]] | None = None


class Unreadable(Exception):  # noqa: N818 - it names the state of the text
    """The text cannot be read as YAML; carries the diagnostic. It never leaves the reader."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def compose(source: Source) -> Node | None:
    """The tree of the one document in ``source``, or None when it is empty. Raises `Unreadable`."""
    try:
        return _compose(source)
    except yaml.MarkedYAMLError as error:
        if (slip := slips.name(source, error)) is not None:
            raise Unreadable(slip) from None
        mark = error.problem_mark or error.context_mark
        offset = min(mark.index, len(source.text)) if mark else 0
        problem = str(error.problem or error.context or "it cannot be parsed")
        raise Unreadable(INVALID_YAML.on(Span(source, offset, offset + 1), problem=problem)) from None
    except yaml.reader.ReaderError as error:
        offset = min(error.position or 0, len(source.text)) if isinstance(error.position, int) else 0
        raise Unreadable(CONTROL_CHARACTER.on(Span(source, offset, offset + 1))) from None


def _compose(source: Source) -> Node | None:
    root: Node | None = None
    stack: list[Node] = []
    pending: list[Node | None] = []  # for each open mapping, the key without a value yet
    anchors: dict[str, Node] = {}
    documents = 0
    event: Any
    for event in yaml.parse(source.text, Loader=_PARSER):
        kind = type(event)
        start, end = event.start_mark.index, event.end_mark.index
        if kind is ScalarEvent:
            node = Node("scalar", start, end, event.value, bool(event.implicit[0]), event.tag)
        elif kind is SequenceStartEvent:
            node = Node("sequence", start, end, tag=event.tag)
        elif kind is MappingStartEvent:
            node = Node("mapping", start, end, tag=event.tag)
        elif kind is AliasEvent:
            node = _aliased(source, event, anchors, stack)
        else:
            if kind is SequenceEndEvent or kind is MappingEndEvent:
                node = stack.pop()
                pending.pop()
                node.end = max(node.end, end if end > start else _end(node))
                if stack:
                    stack[-1].size += node.size
            elif kind is DocumentStartEvent:
                documents += 1
                _check_document(source, event, documents)
            continue
        if kind is not AliasEvent and event.anchor:
            anchors[event.anchor] = node
        if not stack:
            root = node
        else:
            _attach(stack[-1], pending, node)
        if kind is SequenceStartEvent or kind is MappingStartEvent:
            stack.append(node)
            pending.append(None)
            if len(stack) > MAX_DEPTH:
                raise Unreadable(TOO_DEEP.on(Span(source, start, start + 1), limit=MAX_DEPTH))
        elif stack:
            stack[-1].size += node.size
            if stack[-1].size > MAX_NODES:
                raise Unreadable(TOO_MANY_NODES.on(Span(source, start, start + 1), limit=MAX_NODES))
    return root


def _end(node: Node) -> int:
    """The end of a block collection: libyaml reports the start of the next token, which may be far below."""
    last = node.items[-1] if node.items else node
    return last[1].end if isinstance(last, tuple) else last.end


def _check_document(source: Source, event: Any, number: int) -> None:
    offset = event.start_mark.index
    if number > 1:
        raise Unreadable(SECOND_DOCUMENT.on(Span(source, offset, offset + 3)))
    if event.version not in (None, (1, 2)):
        raise Unreadable(YAML_VERSION.on(Span(source, offset, offset + 1)))


def _aliased(source: Source, event: Any, anchors: dict[str, Node], stack: list[Node]) -> Node:
    span = Span(source, event.start_mark.index, event.end_mark.index)
    node = anchors.get(event.anchor)
    if node is None:
        raise Unreadable(quote_value(UNKNOWN_ANCHOR, source, span.start, anchor=event.anchor))
    if any(node is ancestor for ancestor in stack):
        raise Unreadable(RECURSIVE_ALIAS.on(span, anchor=event.anchor))
    return node


def _attach(parent: Node, pending: list[Node | None], node: Node) -> None:
    if parent.kind == "sequence":
        parent.items.append(node)
        return
    key = pending[-1]
    if key is None:
        pending[-1] = node
    else:
        parent.items.append((key, node))
        pending[-1] = None


def value_of(node: Node | None, source: Source) -> tuple[Any, list[Diagnostic]]:
    """The plain value of a tree, without the parts that are reported."""
    diagnostics: list[Diagnostic] = []
    return (None if node is None else _value(node, source, diagnostics)), diagnostics


def _value(node: Node, source: Source, diagnostics: list[Diagnostic]) -> Any:
    if node.kind == "scalar":
        return _scalar(node, source, diagnostics)
    expected = _CORE + ("seq" if node.kind == "sequence" else "map")
    if node.tag not in (None, "!", expected):
        diagnostics.append(_unknown_tag(node, source))
    if node.kind == "sequence":
        return [_value(item, source, diagnostics) for item in node.items]
    return _mapping(node, source, diagnostics)


def is_merge(key: Node) -> bool:
    """Whether a key is the merge key ``<<``."""
    return key.kind == "scalar" and key.plain and key.text == "<<"


def _mapping(node: Node, source: Source, diagnostics: list[Diagnostic]) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    stated: dict[Any, Any] = {}
    places: dict[Any, Node] = {}
    for key_node, value_node in node.items:
        if is_merge(key_node):
            for base in value_node.items if value_node.kind == "sequence" else [value_node]:
                if base.kind != "mapping":
                    span = Span(source, value_node.start, value_node.end)
                    diagnostics.append(MERGE_OF_NON_MAPPING.on(span))
                    continue
                for key, value in _mapping(base, source, diagnostics).items():
                    merged.setdefault(key, value)
            continue
        key = _value(key_node, source, diagnostics)
        if isinstance(key, list | dict):
            span = Span(source, key_node.start, key_node.end)
            diagnostics.append(KEY_NOT_SCALAR.on(span))
            continue
        if key in places:
            diagnostics.append(_duplicate(key, key_node, places[key], source))
        places[key] = key_node
        stated[key] = _value(value_node, source, diagnostics)
    return {**merged, **stated}


def _duplicate(key: Any, again: Node, first: Node, source: Source) -> Diagnostic:
    duplicate = DUPLICATE_KEY.on(Span(source, again.start, again.end), key=key)
    return replace(duplicate, labels=(Label(Span(source, first.start, first.end), "first defined here"),))


def _unknown_tag(node: Node, source: Source) -> Diagnostic:
    tag = (node.tag or "").replace(_CORE, "!!")
    if node.kind == "scalar" and not tag.startswith("!!"):
        return quote_value(UNKNOWN_TAG_OF_TEXT, source, node.start, tag=tag)
    return UNKNOWN_TAG.on(Span(source, node.start, node.end), tag=tag)


def _scalar(node: Node, source: Source, diagnostics: list[Diagnostic]) -> Any:
    tag, text = node.tag, node.text
    if tag is not None and tag != "!":
        if tag == _CORE + "str":
            return text
        value = plain_value(text)
        if not isinstance(value, _TAGGED.get(tag.removeprefix(_CORE), ())):
            diagnostics.append(_unknown_tag(node, source))
            return source.text[node.start : node.end]  # as if it were in quotes: no other problem follows from it
        return value
    if not node.plain:
        return text
    if is_too_long(text):
        diagnostics.append(TOO_MANY_DIGITS.on(Span(source, node.start, node.start + 1), limit=MAX_DIGITS))
        return 0
    if is_date(text):
        diagnostics.append(DATE.on(Span(source, node.start, node.end), text=text))
        return text
    return plain_value(text)


def find(root: Node | None, path: Path) -> tuple[Node | None, Node | None]:
    """The key node (None in a sequence or at the root) and the value node at ``path``, or at its longest known prefix."""
    key: Node | None = None
    node = root
    for part in path:
        step = _step(node, part) if node is not None else None
        if step is None:
            break
        key, node = step
    return key, node


def _step(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    if node.kind == "sequence":
        index = part if isinstance(part, int) else -1
        return (None, node.items[index]) if 0 <= index < len(node.items) else None
    merges: list[Node] = []
    if node.by_key is None:
        node.by_key = _by_key(node)
    if (pair := node.by_key.get(str(part)) or node.by_key.get((part,))) is not None:
        return pair
    for key, value in node.items:
        if is_merge(key):
            merges[:0] = value.items if value.kind == "sequence" else [value]
    for base in merges:
        if base.kind == "mapping" and (step := _step(base, part)) is not None:
            return step
    return None


def _by_key(node: Node) -> dict[Any, tuple[Node, Node]]:
    """The items of a mapping by the text of the key; a key that is not text also by its value, as a tuple of one."""
    items: dict[Any, tuple[Node, Node]] = {}
    for key, value in node.items:
        if key.kind == "scalar" and not is_merge(key):
            items[key.text] = key, value
            if key.plain and not isinstance(key_value := plain_value(key.text), str):
                items[key_value,] = key, value
    return items
