"""Values that a shell or a CI service would obey: parameters in commands, and expressions in what reaches CI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from ..model.diagnostic import Diagnostic
from ..model.project import Command, Project, Ref, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Path
from ..read.params import ParamFiles
from .places import Places

Quote = Literal["", "'", '"']


_OBEYED: Mapping[Quote, re.Pattern[str]] = {
    "": re.compile(r"[;&|<>`()\n\r'\"\\]|\$[A-Za-z_{(]"),
    '"': re.compile(r"[`\"\n\r\\]|\$[A-Za-z_{(]"),
    "'": re.compile(r"['\n\r]"),
}
"""What ends a word, starts a command or is replaced, by the quotes that it stands in. A line break ends the command
in any of them, because DVC gives each line to a shell of its own."""

_TAKEN_APART = re.compile(r"[ \t*?\[#~]")
_TO_CI = ("project", "stack", "ci", "models", "experiments", "deploy", "monitor", "data")
"""The sections whose texts go into the files of CI services."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC430 and MLC432."""
    told: set[tuple[str, str]] = set()
    for stage in project:
        if len(stage.commands) > 1 and (stage.entry, "") not in told and len(stage.commands) > _lines(project, stage):
            told.add((stage.entry, ""))
            yield _broken_up(stage, places)
        for command in stage.commands:
            if len(command.parts) > 1 or isinstance(command.parts[0], Ref):
                yield from _command(stage, command, places, told)
    for section in _TO_CI:
        if section in places.data:
            yield from _expressions((section,), places.data[section])


def _lines(project: Project, stage: Stage) -> int:
    """How many lines the `cmd` of a stage has before its templates are resolved."""
    entry = project.dvc.get("stages", {}).get(stage.entry, {})
    cmd = entry.get("do", entry).get("cmd", "")
    return sum(len(str(item).splitlines()) for item in ([cmd] if isinstance(cmd, str) else cmd))


def _broken_up(stage: Stage, places: Places) -> Diagnostic:
    what = f"a parameter in the command of `{stage.entry}` holds a line break, and what follows is run by itself"
    help_ = "write the value on one line, or let the code read it from its file"
    return Diagnostic("MLC430", what, _place(stage, places), help=help_)


def _place(stage: Stage, places: Places) -> At:
    place = places.value(stage, "cmd")
    return places.value(stage, "args") if place.key else place


def _command(stage: Stage, command: Command, places: Places, told: set[tuple[str, str]]) -> Iterator[Diagnostic]:
    quote: Quote = ""
    for part in command.parts:
        if isinstance(part, str):
            quote = _quote(part, quote)
            continue
        severity = _severity(part.value, quote)
        if severity is None or (stage.entry, part.name) in told:
            continue
        told.add((stage.entry, part.name))
        yield _obeyed(stage, part, severity, places)


@lru_cache(1000)
def _severity(value: str, quote: Quote) -> Literal["error", "warning"] | None:
    if value.isalnum():
        return None
    if _OBEYED[quote].search(value):
        return "error"
    if quote == "" and not value.startswith("-") and (_TAKEN_APART.search(value) or not value):
        return "warning"  # what starts with a dash is a row of options, and meant to be taken apart
    return None


def _quote(text: str, quote: Quote) -> Quote:
    """The quotes that are open behind ``text``, where ``quote`` was open before it."""
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


def _obeyed(stage: Stage, ref: Ref, severity: Literal["error", "warning"], places: Places) -> Diagnostic:
    place = _place(stage, places)
    note = f"it is `{ref.value}`, from `{ref.file}`"
    if severity == "error":
        what = f"the shell would obey what `${{{ref.name}}}` holds"
        return Diagnostic("MLC430", what, place, note, f"let the code read `{ref.name}` from `{ref.file}` itself")
    what = f"the shell takes apart what `${{{ref.name}}}` holds" if ref.value else f"`${{{ref.name}}}` is empty"
    return Diagnostic("MLC430", what, place, note, f'put it in quotes: "${{{ref.name}}}"', severity="warning")


def _expressions(path: Path, value: Any) -> Iterator[Diagnostic]:
    if isinstance(value, str):
        if "${{" in value:
            what = "GitHub would replace the `${{` in this text before the command is run"
            help_ = "read it from the environment instead, as in `$GITHUB_SHA`; list secrets under `ci.secrets`"
            yield Diagnostic("MLC432", what, At(path), help=help_)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _expressions((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions((*path, index), item)
