"""Inlay hints: what conventions give to a stage, beside its name, and the value of a parameter, beside its template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..read.yaml import Node
from ..resolve.commands import as_list
from ..resolve.conventions import paths_of
from ..resolve.entry import Entry
from .analysis import Analysis
from .cursor import entries_of, scalars
from .hover import UNDEFINED, shown, value_of
from .mentions import Noun

MAX_LABEL = 90
LISTS = ("deps", "outs", "metrics", "plots", "params")
Hint = tuple[int, str]
"""An offset and the text to show there."""


def hints(analysis: Analysis, tree: Node | None, text: str, start: int, end: int) -> Iterator[Hint]:
    """The hints between two offsets."""
    for key, _ in entries_of(tree, "stages"):
        entry = analysis.resolved.entries.get(key.text)
        if start <= key.start <= end and entry is not None and (label := inferred(entry)):
            yield _end_of_line(text, key.end), f"  {label}"
    for scalar in scalars(tree):
        if scalar.end < start or scalar.start > end or "${" not in text[scalar.start : scalar.end]:
            continue
        for mention in analysis.reader.read(text, scalar):
            if mention.subject.noun is Noun.PARAM and text[mention.end : mention.end + 1] == "}":
                value = value_of(analysis, mention.subject)
                if value is not UNDEFINED and not isinstance(value, dict | list):
                    yield mention.end + 1, f" = {_short(shown(value))}"


def inferred(entry: Entry) -> str:
    """What conventions gave to a stage: its command, and of each list the first value and how many there are."""
    parts = []
    if ("cmd",) in entry.origins:
        parts += [f"cmd: {line}" for line in as_list(entry.body.get("cmd", ""))[:1]]
    for key in LISTS:
        values = [name for item in entry.body.get(key) or () for name in _names(item) if _is_inferred(entry, key, name)]
        if values:
            more = f" +{len(values) - 1}" if len(values) > 1 else ""
            parts.append(f"{key}: {values[0]}{more}")
    return _short("; ".join(parts))


def _is_inferred(entry: Entry, key: str, name: str) -> bool:
    return (key,) in entry.origins or (key, name) in entry.origins


def _names(item: Any) -> list[str]:
    return [item] if isinstance(item, str) else paths_of([item])[:1]


def _end_of_line(text: str, offset: int) -> int:
    """The end of a line without the blanks and the comment at its end."""
    end = text.find("\n", offset)
    line = text[offset : end if end >= 0 else None]
    code = line.partition(" #")[0] if " #" in line else line
    return offset + len(code.rstrip())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_LABEL else f"{line[: MAX_LABEL - 3]}..."
