"""Checks of cron lines: fields that no cron reads, and times that never come.

The syntax that GitHub, GitLab and Airflow share: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html, with
steps and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..read.params import ParamFiles
from .places import Places

NOT_CRON = Code(
    "MLC455",
    "error",
    "`{field}` is not a {name} of a cron line",
    help="write `*`, or numbers from {low} to {high}, as in `{low}`, `{low}-{high}`, `{low},{high}` or `*/2`",
)
NEVER = Code(
    "MLC455",
    "error",
    "the time of `{line}` never comes: none of its months has such a day",
    help="choose a day that one of the months has",
)

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()
_FIELDS: tuple[tuple[str, int, int, list[str], int], ...] = (
    ("minute", 0, 59, [], 0),
    ("hour", 0, 23, [], 0),
    ("day of the month", 1, 31, [], 0),
    ("month", 1, 12, _MONTHS, 1),
    ("day of the week", 0, 7, _DAYS, 0),
)
"""The fields of a line: name, lowest and highest number, names of numbers, and the number of the first of these."""
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The most days that a month can have."""
_ITEM = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?\Z", re.ASCII)


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC455."""
    if project.schedule is not None:
        yield from _line(project.schedule, ("schedule",))
    for index, line in enumerate(project.ci.schedules):
        if line != project.schedule:
            yield from _line(line, ("ci", "on", "schedule", index))
    for name, monitor in project.monitors.items():
        if monitor.schedule is not None:
            yield from _line(monitor.schedule, ("monitor", name, "schedule"))


def _line(line: str, path: Path) -> Iterator[Diagnostic]:
    values: list[set[int]] = []
    fields = line.split()
    for text, (name, low, high, names, first) in zip(fields, _FIELDS, strict=False):
        numbers = _numbers(text, low, high, names, first)
        if not numbers:
            yield NOT_CRON.at(*path, field=text, name=name, low=low, high=high)
            return
        values.append(numbers)
    if len(values) == len(_FIELDS) and not _comes(fields, values[2], values[3]):
        yield NEVER.at(*path, line=line)


def _comes(fields: list[str], days: set[int], months: set[int]) -> bool:
    """Whether a date matches. With a day of the week as well, either of the two is enough."""
    if not fields[4].startswith("*") and not fields[2].startswith("*"):
        return True
    return any(day <= _LENGTHS[month - 1] for day in days for month in months)


def _numbers(text: str, low: int, high: int, names: list[str], first: int) -> set[int]:
    """The numbers that a field stands for; none if it is not one."""
    numbers: set[int] = set()
    for item in text.split(","):
        match = _ITEM.match(item)
        if match is None:
            return set()
        start, end = (_number(word, names, first) for word in match.group(1, 2))
        step = int(match.group(3) or 1)
        if match.group(1) is None:
            start, end = low, high
        elif match.group(2) is None:
            end = high if match.group(3) else start
        if start is None or end is None or step == 0 or not low <= start <= end <= high:
            return set()
        numbers |= set(range(start, end + 1, step))
    return numbers


def _number(word: str | None, names: list[str], first: int) -> int | None:
    if word is None:
        return None
    if word.isdigit():
        return int(word)
    return names.index(word.lower()) + first if word.lower() in names else None
