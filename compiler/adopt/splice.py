"""Edits of the text of a spec that state a value: set a key, change the items of a list, remove a key.

Only the lines of what changes are rewritten; all other bytes, with their comments and layout, stay. Each edit is proved by
reading the new text: if it does not say exactly what it should, there is no edit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Final

from ..emit.yaml import dump, flow
from ..model.source import Path, Source
from ..read.yaml import Node, compose, load

REMOVED: Final = object()
"""The new value of a key that is removed."""

_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\[\]{}]+)")


def with_value(text: str, path: Path, value: Any) -> str | None:
    """The text that says ``value`` at a path of mappings; None if no edit of the lines of that key alone says it."""
    data, diagnostics = load(Source("mlops.yaml", text))
    if diagnostics or not (data is None or isinstance(data, dict)):
        return None
    expected = applied(data or {}, path, value)
    for new in _texts(text, path, value):
        if new is None:
            continue
        read, diagnostics = load(Source("mlops.yaml", new))
        if not diagnostics and same(read, expected):
            return new
    return None


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, types included: `1`, `1.0` and `true` are equal in Python."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)


def applied(data: Any, path: Path, value: Any) -> Any:
    """The data with ``value`` at a path; mappings on the way are added."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    mapping = data if isinstance(data, Mapping) else {}
    if value is REMOVED and not rest:
        return {name: item for name, item in mapping.items() if name != key}
    return {**mapping, key: applied(mapping.get(key), rest, value)}


def _texts(text: str, path: Path, value: Any) -> list[str | None]:
    """Candidates, the smallest change first."""
    tree = compose(Source("mlops.yaml", text))
    entry = _entry(tree, path)
    if entry is None:
        return [] if value is REMOVED else _inserted(text, tree, path, value)
    if value is REMOVED:
        return [_without(text, tree, path, entry)]
    if entry.is_alias:
        return [_for_alias(text, entry, value)]
    items = _items(text, entry.value, value) if entry.value.kind == "sequence" and isinstance(value, list) else None
    return [items, _replaced(text, entry, value)]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key that a mapping states itself, not by a merge key."""

    parent: Node
    key: Node
    value: Node

    @property
    def is_alias(self) -> bool:
        """Whether the value is written elsewhere."""
        return self.value.start < self.key.end


def _entry(tree: Node | None, path: Path) -> _Entry | None:
    entry: _Entry | None = None
    node = tree
    for part in path:
        if node is None or node.kind != "mapping" or (entry is not None and entry.is_alias):
            return None
        pair = next((pair for pair in node.items if pair[0].kind == "scalar" and pair[0].text == str(part)), None)
        if pair is None:
            return None
        entry, node = _Entry(node, *pair), pair[1]
    return entry


def _inserted(text: str, tree: Node | None, path: Path, value: Any) -> list[str | None]:
    """A new key at the end of its mapping; the mapping is added if it is missing."""
    added = {path[-1]: value}
    above = _entry(tree, path[:-1])
    if above is None and path[:-1]:
        return _inserted(text, tree, path[:-1], added)
    parent = tree if above is None else above.value
    if parent is None:
        return [_joined(text, dump(added))]
    if above is not None and above.is_alias:
        return []
    if parent.kind == "scalar" and above is not None:
        return [_replaced(text, above, added)]
    if parent.kind != "mapping":
        return []
    if text[parent.start] == "{":
        inner = flow(added)[1:-1]
        if not parent.items:
            return [text[: parent.start] + "{" + inner + "}" + text[parent.end :]]
        end = max(parent.items[-1][0].end, parent.items[-1][1].end)
        return [text[:end] + ", " + inner + text[end:]]
    return [_after_last(text, parent, added)] if parent.items else []


def _after_last(text: str, parent: Node, entry: Mapping[Any, Any]) -> str:
    """The entry below the last one of a block mapping, apart from it if the others are apart."""
    first, last = parent.items[0][0], parent.items[-1]
    indent = " " * (first.start - _line_start(text, first.start))
    stop = _content_end(text, last)
    lines = "".join(indent + line if line.strip() else line for line in dump(entry).splitlines(keepends=True))
    starts = [_line_start(text, key.start) for key, _ in parent.items[1:]]
    is_apart = any(text[:start].endswith("\n\n") for start in starts)
    return _joined(text[:stop], ("\n" if is_apart else "") + lines) + text[stop:]


def _joined(before: str, lines: str) -> str:
    """Lines below a text, in its line endings."""
    newline = _newline(before)
    return before + ("" if not before or before.endswith("\n") else newline) + lines.replace("\n", newline)


def _replaced(text: str, entry: _Entry, value: Any) -> str | None:
    """Another value for a key."""
    key, node = entry.key, entry.value
    if text[node.start : node.start + 1] in ("&", "!"):
        return None
    colon = text.find(":", key.end) + 1
    start = max(node.start, colon)
    end = max(start, node.start + len(text[node.start : node.end].rstrip()))
    is_empty = start == end
    is_list = isinstance(value, list)
    if text[entry.parent.start] == "{" or (is_list and (text[start : start + 1] == "[" or not value)):
        start = colon if is_empty else start
        return text[:start] + ("" if text[start - 1] == " " else " ") + flow(value) + text[end:]
    first, *below = dump({"key": value}).removeprefix("key:").splitlines(keepends=True)
    indent = " " * (key.start - _line_start(text, key.start))
    newline = _newline(text)
    lines = "".join(indent + line if line.strip() else line for line in below).replace("\n", newline)
    beside = (
        text[colon : _line_end(text, colon)]
        if is_empty or "\n" in text[colon:start]
        else text[end : _line_end(text, end)]
    )
    comment = beside if beside.lstrip().startswith("#") else ""
    comment = comment if not comment or comment.endswith("\n") else comment + newline
    return text[:colon] + first.rstrip("\n") + (comment or newline) + lines + text[_line_end(text, end) :]


def _for_alias(text: str, entry: _Entry, value: Any) -> str | None:
    """A value instead of an alias."""
    alias = _ALIAS.match(text, entry.key.end)
    return None if alias is None else text[: alias.start(1)] + flow(value) + text[alias.end(1) :]


def _items(text: str, node: Node, items: list[Any]) -> str | None:
    """Other items for a list; those that stay keep their lines, with the comments above and beside them."""
    if not node.items or text[node.start] in "&!":
        return None
    old = [load(Source("mlops.yaml", _dedented(text, item)))[0] for item in node.items]
    before, after = [_text(item) for item in old], [_text(item) for item in items]
    is_flow = text[node.start] == "["
    chunks = [text[item.start : item.end].strip() for item in node.items] if is_flow else _chunks(text, node)
    if chunks is None or (is_flow and "#" in text[node.start : node.end]):
        return None
    new: list[str] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    indent = text[_line_start(text, node.start) : node.start]
    for _, a, b, c, d in matcher.get_opcodes():
        if before[a:b] == after[c:d]:
            new += chunks[a:b]
        else:
            new += [flow([item])[1:-1] if is_flow else _item(text, indent, item) for item in items[c:d]]
    if is_flow:
        if before == after[: len(before)]:
            end = node.items[-1].end
            return text[:end] + "".join(f", {chunk}" for chunk in new[len(before) :]) + text[end:]
        return text[: node.start] + f"[{', '.join(new)}]" + text[node.end :]
    if not new:
        return None
    start, stop = _line_start(text, node.start), _content_end(text, node.items[-1])
    newline = _newline(text)
    body = "".join(chunk if chunk.endswith("\n") else chunk + newline for chunk in new)
    return text[:start] + body + text[stop:]


def _item(text: str, indent: str, item: Any) -> str:
    newline = _newline(text)
    lines = dump({"key": [item]}).splitlines(keepends=True)[1:]
    return "".join(indent + line for line in lines).replace("\n", newline)


def _chunks(text: str, node: Node) -> list[str] | None:
    """The lines of each item of a block list, with the comments above it."""
    starts = [_line_start(text, node.start)]
    starts += [_content_end(text, item) for item in node.items]
    chunks = [text[start:stop] for start, stop in pairwise(starts)]
    is_own_line = not text[starts[0] : node.start].strip()
    return chunks if is_own_line and all(chunk.strip() for chunk in chunks) else None


def _dedented(text: str, item: Node) -> str:
    """An item as a text of its own."""
    column = item.start - _line_start(text, item.start)
    return " " * column + text[item.start : item.end]


def _without(text: str, tree: Node | None, path: Path, entry: _Entry) -> str | None:
    """The text without a key; a mapping without keys stays as `{}`."""
    parent, key = entry.parent, entry.key
    if text[parent.start] == "{":
        kept = [text[k.start : max(k.end, v.end)] for k, v in parent.items if k is not key]
        return text[: parent.start] + "{" + ", ".join(kept) + "}" + text[parent.end :]
    if len(parent.items) == 1 and (above := _entry(tree, path[:-1])) is not None:
        return _replaced(text, above, {})
    start = _line_start(text, key.start)
    stop = _line_end(text, key.end) if entry.is_alias else _content_end(text, (key, entry.value))
    return None if text[start : key.start].strip() else text[:start] + text[stop:]


def _content_end(text: str, entry: Node | tuple[Node, Node]) -> int:
    """The offset after the last line of a value."""
    nodes = entry if isinstance(entry, tuple) else (entry,)
    start, end = nodes[0].start, max(node.end for node in nodes)
    return _line_end(text, start + len(text[start:end].rstrip()))


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
