"""What a shell makes of a command: lines that DVC takes apart, and parameters that are nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..model.diagnostic import Diagnostic
from ..model.project import Command, Project, Ref, Stage
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles, lookup
from .places import Places

_LOST = (
    r"(?:(?:cd|pushd|export|set|shopt|unset|alias|umask|ulimit|source|\.|conda activate|module load)[ \t][^;&|]*"
    r"|[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|[^\s;&|\"'])*)\Z"
)
"""A line that does nothing but to change the shell that it runs in."""
_OPENS = r"(?:for|while|until|if|case)[ \t]|\{\Z|\w+[ \t]*\(\)[ \t]*\{?\Z"
_CLOSES = r"(?:^|[\s;])(?:done|fi|esac|\})[\s;)]*(?:\Z|[&|<>])"
_GOES_ON = r"(?<!\\)(?:\\\\)*\\\Z|(?:&&|\|)\Z|(?<!<)<<-?[ \t]*['\"]?[A-Za-z_]"


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC434 and MLC435."""
    apart: set[str] = set()
    told: set[tuple[str, str]] = set()
    for stage in project:
        if len(stage.commands) > 1 and stage.entry not in apart and (why := _taken_apart(stage.commands)):
            apart.add(stage.entry)
            yield _apart(stage, why, places)
        for command in stage.commands:
            for part in command.parts if "None" in command.text else ():
                if isinstance(part, Ref) and part.value == "None" and (stage.entry, part.name) not in told:
                    if lookup(params.load(part.file), part.name, "") is None:
                        told.add((stage.entry, part.name))
                        yield _nothing(stage, part, places)


def _taken_apart(commands: Sequence[Command]) -> str | None:
    """Why lines need each other, after the first that does."""
    for index, command in enumerate(commands):
        line = command.text.strip()
        if re.match(_OPENS, line) and not re.search(_CLOSES, line):
            return f"`{line[:40]}` ends with its line"
        if ("'" in line or '"' in line) and not _quoted(line):
            return f"`{line[:40]}` opens a quotation and does not end it"
        if index < len(commands) - 1:
            if re.search(_GOES_ON, line):
                return f"`{line[-40:]}` does not go on below"
            if re.match(_LOST, line):
                return f"what `{line[:40]}` does is lost below"
    return None


def _quoted(line: str) -> bool:
    """Whether all quotations of a line end on it."""
    import shlex

    try:
        shlex.split(line, comments=True)
    except ValueError as error:
        return "quotation" not in str(error)
    return True


def _apart(stage: Stage, why: str, places: Places) -> Diagnostic:
    what = f"DVC gives each line of the command of `{stage.entry}` to a shell of its own: {why}"
    help_ = "write the lines as `script`, or join them by `&&`"
    return Diagnostic("MLC434", what, places.value(stage, "cmd"), help=help_, severity="warning")


def _nothing(stage: Stage, part: Ref, places: Places) -> Diagnostic:
    what = f"`{part.name}` is null in `{part.file}`, and the command of `{stage.entry}` gets the word `None` for it"
    help_ = "give it a value, or let the code read it from its file"
    return Diagnostic("MLC435", what, places.value(stage, "cmd"), help=help_, severity="warning")
