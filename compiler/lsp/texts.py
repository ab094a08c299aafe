"""Replacements in a text, and the smallest ones that turn one text into another."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Replacement:
    """Replace a range of a text."""

    start: int
    end: int
    text: str


def replaced(text: str, replacements: Iterable[Replacement]) -> str:
    """The text with replacements that do not overlap."""
    for one in sorted(replacements, key=lambda one: one.start, reverse=True):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def difference(before: str, after: str) -> Iterator[Replacement]:
    """The replacements that turn ``before`` into ``after``, line by line, each without what stays at its two ends."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    offset = sum(map(len, old[:head]))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    starts = [offset]
    for line in old:
        starts.append(starts[-1] + len(line))
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield _trimmed(starts[a], "".join(old[a:b]), "".join(new[c:d]))


def _trimmed(start: int, old: str, new: str) -> Replacement:
    same = _common(old, new)
    behind = _common(old[same:][::-1], new[same:][::-1])
    return Replacement(start + same, start + len(old) - behind, new[same : len(new) - behind])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items or characters two sequences have in common at their starts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def relative(path: str, wdir: str) -> str:
    """A path of the repository as a stage in ``wdir`` names it."""
    return path if wdir == "." or "://" in path else posixpath.relpath(path, wdir)
