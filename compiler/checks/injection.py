"""Checks for injection: parameters that a shell would execute, and expressions that a CI service would evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Command, Project, Ref, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Path
from ..read.params import ParamFiles
from .places import Places

LINE_BREAK = Code(
    "MLC430",
    "error",
    "a parameter in the command of `{stage}` contains a line break, so what follows it runs as a command",
    help="write the value on one line, or let the code read it from its file",
)
EXECUTED = Code(
    "MLC430",
    "error",
    "the shell would execute part of the value of `${{{param}}}`",
    help="let the code read `{param}` from `{file}`",
)
SPLIT = Code(
    "MLC430",
    "warning",
    "the shell splits the value of `${{{param}}}` into words",
    help='put it in quotes: "${{{param}}}"',
)
EMPTY = replace(SPLIT, message="`${{{param}}}` is empty")
GITHUB_EXPRESSION = Code(
    "MLC432",
    "error",
    "GitHub evaluates the `${{{{` in this text before the command runs",
    help="read the value from the environment instead, as in `$GITHUB_SHA`; list secrets under `ci.secrets`",
)

Quote = Literal["", "'", '"']

_EXECUTED: Mapping[Quote, re.Pattern[str]] = {
    "": re.compile(r"[;&|<>`()\n\r'\"\\]|\$[A-Za-z_{(]"),
    '"': re.compile(r"[`\"\n\r\\]|\$[A-Za-z_{(]"),
    "'": re.compile(r"['\n\r]"),
}
"""What ends a word, starts a command or is expanded, by the enclosing quote. A line break always ends the command,
because DVC runs each line in its own shell."""

_SPLIT = re.compile(r"[ \t*?\[#~]")
_CI_SECTIONS = ("project", "stack", "ci", "models", "experiments", "deploy", "monitor", "data")
"""The sections whose texts are emitted into the files of CI services."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC430 and MLC432."""
    reported: set[tuple[str, str]] = set()
    for stage in project:
        broken = len(stage.commands) > 1 and (stage.entry, "") not in reported
        if broken and len(stage.commands) > _line_count(project, stage):
            reported.add((stage.entry, ""))
            yield LINE_BREAK.on(_place(stage, places), stage=stage.entry)
        for command in stage.commands:
            if len(command.parts) > 1 or isinstance(command.parts[0], Ref):
                yield from _command(stage, command, places, reported)
    for section in _CI_SECTIONS:
        if section in places.data:
            yield from _expressions((section,), places.data[section])


def _line_count(project: Project, stage: Stage) -> int:
    """The number of lines of a `cmd` before its templates are resolved."""
    entry = project.dvc.get("stages", {}).get(stage.entry, {})
    cmd = entry.get("do", entry).get("cmd", "")
    return len(cmd.splitlines() if isinstance(cmd, str) else cmd)


def _place(stage: Stage, places: Places) -> At:
    place = places.value(stage, "cmd")
    return places.value(stage, "args") if place.key else place


def _command(stage: Stage, command: Command, places: Places, reported: set[tuple[str, str]]) -> Iterator[Diagnostic]:
    quote: Quote = ""
    for part in command.parts:
        if isinstance(part, str):
            quote = _quote_after(part, quote)
            continue
        code = _problem(part.value, quote)
        if code is None or (stage.entry, part.name) in reported:
            continue
        reported.add((stage.entry, part.name))
        diagnostic = code.on(_place(stage, places), param=part.name, file=part.file)
        yield replace(diagnostic, note=f"its value is `{part.value}`, from `{part.file}`")


@lru_cache(1000)
def _problem(value: str, quote: Quote) -> Code | None:
    if value.isalnum():
        return None
    if _EXECUTED[quote].search(value):
        return EXECUTED
    if quote or value.startswith("-"):  # a value that starts with a dash is a list of options and meant to be split
        return None
    if not value:
        return EMPTY
    return SPLIT if _SPLIT.search(value) else None


def _quote_after(text: str, quote: Quote) -> Quote:
    """The quote that is open after ``text``, if ``quote`` was open before it."""
    if "'" not in text and '"' not in text:
        return quote
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote == char:
            quote = ""
        elif quote == "" and (char == "'" or char == '"'):
            quote = char  # type: ignore[assignment]
    return quote


def _expressions(path: Path, value: Any) -> Iterator[Diagnostic]:
    if isinstance(value, str):
        if "${{" in value:
            yield GITHUB_EXPRESSION.at(*path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _expressions((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions((*path, index), item)
