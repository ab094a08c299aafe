"""Edits of a spec's text that touch nothing else: a key taken out, items of a list taken out or put in.

Each gives the new text, or None where the text is written so that the edit would touch more (a comment, a shared line).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ..model.source import Path, Source
from ..read.yaml import Node, Unreadable, compose, find

_COMMENT = re.compile(r"(^|\s)#")
_BARE = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+=-]*\Z")


def stage_path(data: object, stage: str) -> Path:
    """Where the body of an entry of `stages` stands: under `do` where there is a `foreach`."""
    stages = data.get("stages") if isinstance(data, dict) else None
    body = stages.get(stage) if isinstance(stages, dict) else None
    here: Path = ("stages", stage)
    return (*here, "do") if isinstance(body, dict) and isinstance(body.get("do"), dict) else here


def without_key(text: str, path: Path) -> str | None:
    """The text without a key and its value, which have lines of their own."""
    place = _own_lines(text, path)
    return None if place is None else text[: place[0]] + text[place[1] :]


def with_line(text: str, body: Path, line: str) -> str | None:
    """The text with one more key at the top of a block mapping, or as all there is of a stage without a body."""
    _, value = _nodes(text, body)
    if value is None or value.kind != "mapping" or not value.items or text[value.start] == "{":
        return None
    first = value.items[0][0].start
    start = text.rfind("\n", 0, first) + 1
    if text[start:first].strip():
        return None
    return text[:start] + text[start:first] + line + _end_of_line(text) + text[start:]


def without_items(text: str, path: Path, indexes: Collection[int]) -> str | None:
    """The text without some items of a list; all of them: without the key."""
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
        place = _item_line(text, value.items[index])
        if place is None:
            return None
        text = text[: place[0]] + text[place[1] :]
    return text


def with_items(text: str, path: Path, items: Sequence[str]) -> str | None:
    """The text with more items at the end of a list; the list is made where the stage has none."""
    words = [quoted(item) for item in items]
    key, value = _nodes(text, path)
    if key is None:
        return with_line(text, path[:-1], f"{path[-1]}: [{', '.join(words)}]")
    if value is None or value.kind != "sequence" or not value.items:
        return None
    last = value.items[-1]
    if text[value.start] == "[":
        return text[: last.end] + "".join(f", {word}" for word in words) + text[last.end :]
    place = _item_line(text, last)
    if place is None:
        return None
    lead = text[place[0] : last.start]
    end = _end_of_line(text)
    before = text[: place[1]]
    return (
        before
        + ("" if before.endswith("\n") else end)
        + "".join(lead + word + end for word in words)
        + text[place[1] :]
    )


def quoted(word: str) -> str:
    """A word as YAML takes it in a list, bare where it can be."""
    return word if _BARE.match(word) else "'" + word.replace("'", "''") + "'"


def _nodes(text: str, path: Path) -> tuple[Node | None, Node | None]:
    """Key and value at a path, where they are written there and not merged or pointed to from elsewhere."""
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


def _own_lines(text: str, path: Path) -> tuple[int, int] | None:
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


def _item_line(text: str, item: Node) -> tuple[int, int] | None:
    start = text.rfind("\n", 0, item.start) + 1
    stop = text.find("\n", max(item.end - 1, item.start))
    stop = len(text) if stop < 0 else stop + 1
    line = text[start:stop]
    return (start, stop) if text[start : item.start].strip() == "-" and not _COMMENT.search(line) else None


def _end_of_line(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
