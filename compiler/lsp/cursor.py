"""What is at an offset of a YAML text: the path of the node there, also while the text is incomplete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..model.source import Path, Source
from ..read.yaml import Node, Unreadable, compose

MARK = "\ue000"
"""A character for private use, put where the cursor is: YAML takes it for a letter, and no text contains it."""

_WORD_REST = re.compile(r"[^\s:,\[\]{}'\"]*")

Role = Literal["key", "value"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar in the text: the path of its node, and whether it is a key."""

    path: Path
    role: Role
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What is being typed at the cursor: ``typed`` is the part of the word before it, ``rest`` what follows.

    A ``key`` is an item of the mapping at ``path``; a ``value`` is the one at ``path``. ``own_line`` is set on a value that
    starts on a line below its key. ``siblings`` are the other keys of the mapping; ``quoted`` is the quotation mark in front.
    """

    path: Path
    role: Role
    typed: str
    start: int
    own_line: bool = False
    siblings: frozenset[str] = frozenset()
    quoted: str = ""


def tree_of(name: str, text: str) -> Node | None:
    """The tree of a text; None if it is empty or cannot be read."""
    try:
        return compose(Source(name, text))
    except Unreadable:
        return None


def scalars(node: Node | None, path: Path = ()) -> Iterator[Scalar]:
    """All scalars of a tree in the order of the text; those that aliases repeat only once."""
    if node is None:
        return
    if node.kind == "scalar":
        yield Scalar(path, "value", node.start, node.end)
    elif node.kind == "sequence":
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))
    else:
        for key, value in node.items:
            if key.kind != "scalar":
                continue
            yield Scalar((*path, key.text), "key", key.start, key.end)
            if value.start >= key.end:  # the target of an alias stands above
                yield from scalars(value, (*path, key.text))


def entries_of(tree: Node | None, section: str) -> Iterator[tuple[Node, Node]]:
    """The entries of a top-level mapping, such as `stages`: each key with its value."""
    if tree is not None and tree.kind == "mapping":
        for key, value in tree.items:
            if key.text == section and value.kind == "mapping" and value.start >= key.end:
                yield from ((name, body) for name, body in value.items if name.kind == "scalar")


def scalar_at(tree: Node | None, offset: int) -> Scalar | None:
    """The scalar at an offset; the offset behind its last character counts, too."""
    node, path = tree, ()  # type: tuple[Node | None, Path]
    while node is not None and node.kind != "scalar":
        node, path, role = _below(node, path, offset)
        if node is not None and role == "key":
            return Scalar(path, "key", node.start, node.end)
    if node is None or not node.start <= offset <= node.end or node.start == node.end:
        return None
    return Scalar(path, "value", node.start, node.end)


def _below(node: Node, path: Path, offset: int) -> tuple[Node | None, Path, Role]:
    if node.kind == "sequence":
        for index, item in enumerate(node.items):
            if item.start <= offset <= item.end:
                return item, (*path, index), "value"
        return None, path, "value"
    for key, value in node.items:
        if key.kind == "scalar" and key.start <= offset <= key.end:
            return key, (*path, key.text), "key"
        if key.end <= value.start <= offset <= value.end:
            return value, (*path, key.text), "value"
    return None, path, "value"


def scalar_around(name: str, text: str, offset: int) -> Scalar | None:
    """The word at an offset of a text that cannot be read, by the lines that it is nested in."""
    end = offset + len(_WORD_REST.match(text, offset)[0])  # type: ignore[index]  # it matches nothing, too
    gap = gap_at(name, text, end)
    if gap is None or not gap.typed or gap.start > offset:
        return None
    path = (*gap.path, gap.typed) if gap.role == "key" else gap.path
    return Scalar(path, gap.role, gap.start, end)


def enclosing(tree: Node | None, offset: int) -> Path:
    """The path of the innermost mapping whose lines contain an offset."""
    node, path = tree, ()  # type: tuple[Node | None, Path]
    while node is not None and node.kind == "mapping":
        for key, value in node.items:
            if key.kind == "scalar" and key.start <= offset <= max(key.end, value.end):
                node, path = value if value.start >= key.end else None, (*path, key.text)
                break
        else:
            break
    return path


def gap_at(name: str, text: str, offset: int) -> Gap | None:
    """What is being typed at an offset. Parts of the text that cannot be read are left out of account."""
    for attempt, shift in _attempts(text, offset):
        tree = tree_of(name, attempt)
        scalar = next((s for s in scalars(tree) if MARK in attempt[s.start : s.end]), None)
        if scalar is not None:
            return _gap(tree, attempt, scalar, shift)
    return None


def _gap(tree: Node | None, text: str, scalar: Scalar, shift: int) -> Gap:
    raw = text[scalar.start : scalar.end]
    quoted = raw[0] if raw[0] in "\"'" else ""
    typed = raw[len(quoted) : raw.index(MARK)]
    start = scalar.start + len(quoted) - shift
    if scalar.role == "key":
        mapping = _node(tree, scalar.path[:-1])
        siblings = frozenset(key.text for key, _ in mapping.items if MARK not in key.text) if mapping else frozenset()
        return Gap(scalar.path[:-1], "key", typed, start, siblings=siblings, quoted=quoted)
    line = text.rfind("\n", 0, scalar.start) + 1
    own_line = not text[line : scalar.start].strip()
    return Gap(scalar.path, "value", typed, start, own_line, quoted=quoted)


def _node(tree: Node | None, path: Path) -> Node | None:
    node = tree
    for part in path:
        if node is None:
            return None
        if node.kind == "sequence":
            node = node.items[part] if isinstance(part, int) else None
        else:
            node = next((value for key, value in node.items if key.text == part), None)
    return node


def _attempts(text: str, offset: int) -> Iterator[tuple[str, int]]:
    """Texts with the mark at the cursor, most faithful first; each with how far it moved the characters at the cursor."""
    before, after = text[:offset], text[offset:]
    end = after.find("\n")
    line, below = (after, "") if end < 0 else (after[:end], after[end:])
    chain = _chain(before)
    shift = len(chain) - len(before)
    for head, tail, moved in ((before, below, 0), (chain, "", shift)):
        closing = _closing(head)
        for rest in dict.fromkeys((line, line + ":", ":" + line, closing, ":" + closing, "")):
            yield head + MARK + rest + tail, moved


def _chain(before: str) -> str:
    """The lines that the last line is nested in, and the last line: a text without whatever else is wrong above."""
    *above, last = before.split("\n")
    kept = [last]
    indent, is_item = _indent(last), last.lstrip().startswith("-")
    for line in reversed(above):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        here = _indent(line)
        dashed = stripped.startswith("- ") or stripped == "-"
        if here < indent or (here == indent and is_item and not dashed):
            kept.append(line)
            indent, is_item = here, dashed
    return "\n".join(reversed(kept))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _closing(text: str) -> str:
    """The quotation mark and the brackets that would close what a text leaves open on its last value."""
    stack: list[str] = []
    quote = ""
    previous = "\n"
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and previous in " \n[{,(:":
            quote = char
        elif char in "[{":
            stack.append("]" if char == "[" else "}")
        elif stack and char == stack[-1]:
            stack.pop()
        elif char == "\n" and not stack:
            quote = ""
        previous = char
    return quote + "".join(reversed(stack))
