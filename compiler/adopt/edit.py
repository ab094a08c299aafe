"""Edits of the text of a spec: remove a key, remove or append items of a list.

Each function returns the new text, or None if the edit would change anything else (a comment, a shared line).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ..model.source import Path, Source
from ..read.yaml import Node, Unreadable, compose, find

_COMMENT = re.compile(r"(^|\s)#")
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+=-]*\Z")


def stage_path(data: object, stage: str) -> Path:
    """The path of a stage's body: under `do` if the stage has a `foreach`."""
    stages = data.get("stages") if isinstance(data, dict) else None
    body = stages.get(stage) if isinstance(stages, dict) else None
    path: Path = ("stages", stage)
    return (*path, "do") if isinstance(body, dict) and isinstance(body.get("do"), dict) else path


def without_key(text: str, path: Path) -> str | None:
    """Remove a key and its value, if they share no line with anything else."""
    lines = _key_lines(text, path)
    return None if lines is None else text[: lines[0]] + text[lines[1] :]


def with_line(text: str, body: Path, line: str) -> str | None:
    """Insert a line at the top of a block mapping."""
    _, value = _nodes(text, body)
    if value is None or value.kind != "mapping" or not value.items or text[value.start] == "{":
        return None
    first = value.items[0][0].start
    start = text.rfind("\n", 0, first) + 1
    if text[start:first].strip():
        return None
    return text[:start] + text[start:first] + line + _end_of_line(text) + text[start:]


def without_items(text: str, path: Path, indexes: Collection[int]) -> str | None:
    """Remove items of a list, or the whole key if no item is left."""
    _, value = _nodes(text, path)
    if value is None or value.kind != "sequence" or max(indexes) >= len(value.items):
        return None
    if len(indexes) == len(value.items):
        return without_key(text, path)
    if text[value.start] == "[":
        kept = [text[item.start : item.end].strip() for i, item in enumerate(value.items) if i not in indexes]
        inner = text[value.start : value.end]
        return None if "#" in inner else text[: value.start] + f"[{', '.join(kept)}]" + text[value.end :]
    for index in sorted(indexes, reverse=True):
        lines = _item_lines(text, value.items[index])
        if lines is None:
            return None
        text = text[: lines[0]] + text[lines[1] :]
    return text


def with_items(text: str, path: Path, items: Sequence[str]) -> str | None:
    """Append items to a list; if the stage lacks the key, add it."""
    words = [quoted(item) for item in items]
    key, value = _nodes(text, path)
    if key is None:
        return with_line(text, path[:-1], f"{path[-1]}: [{', '.join(words)}]")
    if value is None or value.kind != "sequence" or not value.items:
        return None
    last = value.items[-1]
    if text[value.start] == "[":
        return text[: last.end] + "".join(f", {word}" for word in words) + text[last.end :]
    lines = _item_lines(text, last)
    if lines is None:
        return None
    indent = text[lines[0] : last.start]
    end = _end_of_line(text)
    before = text[: lines[1]]
    return (
        before
        + ("" if before.endswith("\n") else end)
        + "".join(indent + word + end for word in words)
        + text[lines[1] :]
    )


def quoted(word: str) -> str:
    """A word as a YAML scalar in a list, plain if possible."""
    return word if _PLAIN.match(word) else "'" + word.replace("'", "''") + "'"


def _nodes(text: str, path: Path) -> tuple[Node | None, Node | None]:
    """The key and value nodes at a path, unless they come from a merge key or an alias."""
    try:
        tree = compose(Source("mlops.yaml", text))
    except Unreadable:
        return None, None
    _, parent = find(tree, path[:-1])
    if parent is None or parent.kind != "mapping":
        return None, None
    for key, value in parent.items:
        if key.text == str(path[-1]) and value.start >= key.end:
            return key, value
    return None, parent if not path else None


def _key_lines(text: str, path: Path) -> tuple[int, int] | None:
    """The range of the lines of a key and its value, or None if they hold anything else."""
    key, value = _nodes(text, path)
    if key is None or value is None:
        return None
    end = key.start + len(text[key.start : max(value.end, key.end)].rstrip())
    start = text.rfind("\n", 0, key.start) + 1
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop + 1
    if text[start : key.start].strip() or text[end:stop].strip() or _COMMENT.search(text[start:stop]):
        return None
    return start, stop


def _item_lines(text: str, item: Node) -> tuple[int, int] | None:
    """The range of the lines of a list item, or None if they hold anything else."""
    start = text.rfind("\n", 0, item.start) + 1
    stop = text.find("\n", max(item.end - 1, item.start))
    stop = len(text) if stop < 0 else stop + 1
    line = text[start:stop]
    return (start, stop) if text[start : item.start].strip() == "-" and not _COMMENT.search(line) else None


def _end_of_line(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
