"""The one YAML reader: bytes to text, text to nodes that know their place, nodes to plain values.

libyaml (through PyYAML's C parser) reads the text; `scalars` decides what a plain scalar means. The C parser's events are
used, not its `compose`, because that recurses in C and a deeply nested text would overflow its stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from ..model.diagnostic import Diagnostic, Label
from ..model.source import Path, Source, Span
from .scalars import MAX_DIGITS, is_date, is_too_long, plain_value

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 1_000_000

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_TAGGED: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}


def decode(name: str, raw: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a file. What is not UTF-8 is reported; the text is then cut before it."""
    if len(raw) > MAX_BYTES:
        source = Source(name, "")
        what = f"`{name}` is larger than {MAX_BYTES // 2**20} MB"
        return source, [Diagnostic("MLC004", what, Span(source, 0, 0), help="split it up, or generate less")]
    try:
        return Source(name, raw.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        source = Source(name, raw[: error.start].decode("utf-8-sig") + "�")
        at = len(source.text) - 1
        what = f"byte {error.start} of the file is not UTF-8"
        return source, [Diagnostic("MLC002", what, Span(source, at, at + 1), help="save the file as UTF-8")]


def load(source: Source) -> tuple[Any, list[Diagnostic]]:
    """The plain value of a YAML text, and what is wrong with it."""
    try:
        return value_of(compose(source), source)
    except Unreadable as unreadable:
        return None, [unreadable.diagnostic]


@dataclass(eq=False, slots=True)
class Node:
    """A value in the text. ``items`` of a mapping are pairs of nodes, of a sequence nodes."""

    kind: Literal["scalar", "sequence", "mapping"]
    start: int
    end: int
    text: str = ""
    plain: bool = False
    tag: str | None = None
    items: list[Any] = field(default_factory=list)
    size: int = 1
    known: dict[Any, tuple[Node, Node]] | None = None
    """Of a mapping its items by key, once somebody asked."""


class Unreadable(Exception):  # noqa: N818 - it says what the text is
    """The text is not YAML that we take; carries the diagnostic. It never leaves the reader."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def compose(source: Source) -> Node | None:
    """The tree of the one document in ``source``, or None when it is empty. Raises `Unreadable`."""
    try:
        return _compose(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = min(mark.index, len(source.text)) if mark else 0
        problem = str(error.problem or error.context or "it cannot be parsed")
        raise Unreadable(
            Diagnostic(
                "MLC001",
                f"this is not valid YAML: {problem}",
                Span(source, offset, offset + 1),
                help="check indentation, colons, brackets and quotes on this line and the one above it",
            )
        ) from None
    except yaml.reader.ReaderError as error:
        at = min(error.position or 0, len(source.text)) if isinstance(error.position, int) else 0
        raise Unreadable(_not_text(source, at)) from None


def _not_text(source: Source, offset: int) -> Diagnostic:
    return Diagnostic(
        "MLC002",
        "there is a character here that YAML does not allow",
        Span(source, offset, offset + 1),
        help="remove the control character, or write it as an escape in double quotes",
    )


def _compose(source: Source) -> Node | None:
    root: Node | None = None
    stack: list[Node] = []
    pending: list[Node | None] = []  # the key that waits for its value, for each open mapping
    anchors: dict[str, Node] = {}
    documents = 0
    event: Any
    for event in yaml.parse(source.text, Loader=_PARSER):
        kind = type(event)
        if kind is yaml.DocumentStartEvent:
            documents += 1
            _check_document(source, event, documents)
            continue
        if kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
            node = stack.pop()
            pending.pop()
            node.end = max(
                node.end, event.end_mark.index if event.end_mark.index > event.start_mark.index else _end(node)
            )
            if stack:
                stack[-1].size += node.size
            continue
        start, end = event.start_mark.index, event.end_mark.index
        if kind is yaml.ScalarEvent:
            node = Node("scalar", start, end, event.value, bool(event.implicit[0]), event.tag)
        elif kind is yaml.SequenceStartEvent:
            node = Node("sequence", start, end, tag=event.tag)
        elif kind is yaml.MappingStartEvent:
            node = Node("mapping", start, end, tag=event.tag)
        elif kind is yaml.AliasEvent:
            node = _aliased(source, event, anchors, stack)
        else:
            continue
        if kind is not yaml.AliasEvent and event.anchor:
            anchors[event.anchor] = node
        if not stack:
            root = node
        else:
            _attach(stack[-1], pending, node)
        if kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
            stack.append(node)
            pending.append(None)
            if len(stack) > MAX_DEPTH:
                raise Unreadable(_too_much(source, start, f"the nesting is deeper than {MAX_DEPTH} levels"))
        elif stack:
            stack[-1].size += node.size
            if stack[-1].size > MAX_NODES:
                what = f"the aliases expand to more than {MAX_NODES:,} values"
                raise Unreadable(_too_much(source, start, what))
    return root


def _end(node: Node) -> int:
    """Where a block collection ends: libyaml says where the next token starts, which may be pages further."""
    last = node.items[-1] if node.items else node
    return last[1].end if isinstance(last, tuple) else last.end


def _check_document(source: Source, event: Any, number: int) -> None:
    at = event.start_mark.index
    if number > 1:
        raise Unreadable(
            Diagnostic(
                "MLC005",
                "a second document starts here",
                Span(source, at, at + 3),
                help="keep one document in the file: remove the `---`",
            )
        )
    if event.version not in (None, (1, 2)):
        raise Unreadable(
            Diagnostic(
                "MLC001",
                "the file asks for another version of YAML than 1.2",
                Span(source, at, at + 1),
                help="remove the `%YAML` line",
            )
        )


def _too_much(source: Source, offset: int, what: str) -> Diagnostic:
    return Diagnostic("MLC004", what, Span(source, offset, offset + 1), help="simplify the file")


def _aliased(source: Source, event: Any, anchors: dict[str, Node], stack: list[Node]) -> Node:
    span = Span(source, event.start_mark.index, event.end_mark.index)
    node = anchors.get(event.anchor)
    if node is None:
        raise Unreadable(
            Diagnostic("MLC001", f"no anchor `&{event.anchor}` stands above this alias", span, help="define it first")
        )
    if any(node is open_ for open_ in stack):
        raise Unreadable(Diagnostic("MLC004", f"`*{event.anchor}` contains itself", span, help="break the circle"))
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
    """The plain value of a tree; what is wrong in it is reported, and left out."""
    found: list[Diagnostic] = []
    return (None if node is None else _value(node, source, found)), found


def _value(node: Node, source: Source, found: list[Diagnostic]) -> Any:
    if node.kind == "scalar":
        return _scalar(node, source, found)
    expected = _CORE + ("seq" if node.kind == "sequence" else "map")
    if node.tag not in (None, "!", expected):
        found.append(_unknown_tag(node, source))
    if node.kind == "sequence":
        return [_value(item, source, found) for item in node.items]
    return _mapping(node, source, found)


def is_merge(key: Node) -> bool:
    """Whether a key is the merge key ``<<``."""
    return key.kind == "scalar" and key.plain and key.text == "<<"


def _mapping(node: Node, source: Source, found: list[Diagnostic]) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    own: dict[Any, Any] = {}
    places: dict[Any, Node] = {}
    for key_node, value_node in node.items:
        if is_merge(key_node):
            for base in value_node.items if value_node.kind == "sequence" else [value_node]:
                if base.kind != "mapping":
                    span = Span(source, value_node.start, value_node.end)
                    found.append(
                        Diagnostic(
                            "MLC001", "`<<` merges mappings only", span, help="give it a mapping or a list of them"
                        )
                    )
                    continue
                for key, value in _mapping(base, source, found).items():
                    merged.setdefault(key, value)
            continue
        key = _value(key_node, source, found)
        if isinstance(key, list | dict):
            span = Span(source, key_node.start, key_node.end)
            found.append(Diagnostic("MLC001", "a key has to be a scalar", span, help="write a plain word as key"))
            continue
        if key in places:
            found.append(_duplicate(key, key_node, places[key], source))
        places[key] = key_node
        own[key] = _value(value_node, source, found)
    return {**merged, **own}


def _duplicate(key: Any, again: Node, first: Node, source: Source) -> Diagnostic:
    return Diagnostic(
        "MLC003",
        f"the key `{key}` is there twice",
        Span(source, again.start, again.end),
        help="keep one of the two",
        labels=(Label(Span(source, first.start, first.end), "first here"),),
    )


def _unknown_tag(node: Node, source: Source) -> Diagnostic:
    tag = (node.tag or "").replace(_CORE, "!!")
    return Diagnostic(
        "MLC006",
        f"the tag `{tag}` means nothing here",
        Span(source, node.start, node.end),
        help="remove the tag; quote the value if it starts with `!`",
    )


def _scalar(node: Node, source: Source, found: list[Diagnostic]) -> Any:
    tag, text = node.tag, node.text
    if tag is not None and tag != "!":
        if tag == _CORE + "str":
            return text
        value = plain_value(text)
        wanted = _TAGGED.get(tag.removeprefix(_CORE), ())
        if not isinstance(value, wanted):
            found.append(_unknown_tag(node, source))
        return value
    if not node.plain:
        return text
    if is_too_long(text):
        found.append(_too_much(source, node.start, f"the number has more than {MAX_DIGITS:,} digits"))
        return 0
    if is_date(text):
        found.append(
            Diagnostic(
                "MLC007",
                f"`{text}` is a date in YAML, and DVC cannot work with dates",
                Span(source, node.start, node.end),
                help=f'put it in quotes: "{text}"',
            )
        )
        return text
    return plain_value(text)


def find(root: Node | None, path: Path) -> tuple[Node | None, Node | None]:
    """The key node (None in a sequence or at the root) and the value node at ``path``, as deep as the text goes."""
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
        at = part if isinstance(part, int) else -1
        return (None, node.items[at]) if 0 <= at < len(node.items) else None
    merges: list[Node] = []
    if node.known is None:
        node.known = _known(node)
    if (pair := node.known.get(str(part)) or node.known.get((part,))) is not None:
        return pair
    for key, value in node.items:
        if is_merge(key):
            merges[:0] = value.items if value.kind == "sequence" else [value]
    for base in merges:
        if base.kind == "mapping" and (step := _step(base, part)) is not None:
            return step
    return None


def _known(node: Node) -> dict[Any, tuple[Node, Node]]:
    """The items of a mapping by the text of their keys, and by its value in a tuple where that is no text."""
    known: dict[Any, tuple[Node, Node]] = {}
    for key, value in node.items:
        if key.kind == "scalar" and not is_merge(key):
            known[key.text] = key, value
            if key.plain and not isinstance(meant := plain_value(key.text), str):
                known[meant,] = key, value
    return known
