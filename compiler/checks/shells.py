"""Checks of shell commands: lines that DVC runs in separate shells, and parameters that are null."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Command, Project, Ref
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles, lookup
from .places import Places

SEPARATE_SHELLS = Code(
    "MLC434",
    "warning",
    "DVC runs each line of the command of `{stage}` in its own shell: {problem}",
    help="write the lines as `script`, or join them with `&&`",
)
NULL_IN_COMMAND = Code(
    "MLC435",
    "warning",
    "`{param}` is null in `{file}`, so the command of `{stage}` gets the word `None`",
    help="set a value, or let the code read the parameter from its file",
)

_CHANGES_SHELL = (
    r"(?:(?:cd|pushd|export|set|shopt|unset|alias|umask|ulimit|source|\.|conda activate|module load)[ \t][^;&|]*"
    r"|[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|[^\s;&|\"'])*)\Z"
)
"""A line that only changes the state of its shell."""
_OPENS_BLOCK = r"(?:for|while|until|if|case)[ \t]|\{\Z|\w+[ \t]*\(\)[ \t]*\{?\Z"
_CLOSES_BLOCK = r"(?:^|[\s;])(?:done|fi|esac|\})[\s;)]*(?:\Z|[&|<>])"
_CONTINUES = r"(?<!\\)(?:\\\\)*\\\Z|(?:&&|\|)\Z|(?<!<)<<-?[ \t]*['\"]?[A-Za-z_]"
_MAX_SHOWN = 40


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC434 and MLC435."""
    separate: set[str] = set()
    reported: set[tuple[str, str]] = set()
    for stage in project:
        if len(stage.commands) > 1 and stage.entry not in separate and (problem := _dependent(stage.commands)):
            separate.add(stage.entry)
            yield SEPARATE_SHELLS.on(places.value(stage, "cmd"), stage=stage.entry, problem=problem)
        for part in _null_refs(stage.commands):
            if (stage.entry, part.name) in reported or lookup(params.load(part.file), part.name, "") is not None:
                continue
            reported.add((stage.entry, part.name))
            place = places.value(stage, "cmd")
            yield NULL_IN_COMMAND.on(place, param=part.name, file=part.file, stage=stage.entry)


def _null_refs(commands: Sequence[Command]) -> Iterator[Ref]:
    """The parameters whose text is ``None``."""
    for command in commands:
        if "None" in command.text:
            yield from (part for part in command.parts if isinstance(part, Ref) and part.value == "None")


def _dependent(commands: Sequence[Command]) -> str | None:
    """How the first line that affects another one does so; None if the lines are independent."""
    for index, command in enumerate(commands):
        line = command.text.strip()
        if "\n" in line:
            continue  # an item of a list, which one shell runs whole
        if re.match(_OPENS_BLOCK, line) and not re.search(_CLOSES_BLOCK, line):
            return f"`{line[:_MAX_SHOWN]}` ends with its line"
        if ("'" in line or '"' in line) and not _closes_quotes(line):
            return f"`{line[:_MAX_SHOWN]}` opens a quotation and does not close it"
        if index < len(commands) - 1:
            if re.search(_CONTINUES, line):
                return f"`{line[-_MAX_SHOWN:]}` does not continue on the next line"
            if re.match(_CHANGES_SHELL, line):
                return f"the effect of `{line[:_MAX_SHOWN]}` is lost on the next line"
    return None


def _closes_quotes(line: str) -> bool:
    """Whether all quotations of a line end on it."""
    import shlex

    try:
        shlex.split(line, comments=True)
    except ValueError as error:
        return "quotation" not in str(error)
    return True
