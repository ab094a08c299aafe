"""Checks of shell commands: lines that DVC runs in separate shells, and parameters that are null."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Command, Project, Ref, Stage
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

UNCLOSED = Code(
    "MLC436",
    "error",
    "the command of `{stage}` has a `${{` that nothing closes: `{text}`",
    help="close it with `}}`, or put it into single quotes if the shell is not to read it",
)
UNCLOSED_PATH = Code(
    "MLC436",
    "warning",
    "the path `{path}` of `{stage}` has a `${{` that nothing closes, so it is a part of the name",
    help="close it with `}}`",
)
UNCLOSED_VALUE = Code(
    "MLC436",
    "warning",
    "`{name}` in the `env` of `{stage}` has a `${{` that nothing closes, so the program gets it as text",
    help="close it with `}}`",
)
ENV_LINE_BREAK = Code(
    "MLC437",
    "error",
    "the value of `{name}` in the `env` of `{stage}` has several lines, and a command is one line",
    help="write it on one line, or set the variable in a `script`",
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
    """MLC434 to MLC437."""
    separate: set[str] = set()
    reported: set[tuple[str, str]] = set()
    for stage in project:
        broken = any("\n" in value for value in stage.env.values())  # MLC437 reports that
        if (
            len(stage.commands) > 1
            and not broken
            and stage.entry not in separate
            and (problem := _dependent(stage.code_commands))
        ):
            separate.add(stage.entry)
            yield SEPARATE_SHELLS.on(places.value(stage, "cmd"), stage=stage.entry, problem=problem)
        yield from _unclosed(stage, reported, places)
        yield from _env(stage, reported, places)
        for part in _null_refs(stage.commands):
            if (stage.entry, part.name) in reported or lookup(params.load(part.file), part.name, "") is not None:
                continue
            reported.add((stage.entry, part.name))
            place = places.value(stage, "cmd")
            yield NULL_IN_COMMAND.on(place, param=part.name, file=part.file, stage=stage.entry)


def _unclosed(stage: Stage, reported: set[tuple[str, str]], places: Places) -> Iterator[Diagnostic]:
    """Variables of the shell, or templates, that are opened and not closed."""
    for command in stage.commands:
        if (stage.entry, "${") not in reported and (text := unclosed(command.text)) is not None:
            reported.add((stage.entry, "${"))
            yield UNCLOSED.on(places.value(stage, "cmd"), stage=stage.entry, text=text[:_MAX_SHOWN])
    for path in (*stage.deps, *(out.path for out in stage.outs)):
        if _is_open(path) and (stage.entry, path) not in reported:
            reported.add((stage.entry, path))
            place = places.dep(stage, path) if path in stage.deps else places.out(stage, path)
            yield UNCLOSED_PATH.on(place, stage=stage.entry, path=path)


def _is_open(text: str) -> bool:
    return "${" in text and "}" not in text[text.rindex("${") :]


def _env(stage: Stage, reported: set[tuple[str, str]], places: Places) -> Iterator[Diagnostic]:
    for name, value in stage.env.items():
        if _is_open(value) and (stage.entry, f"${{env.{name}") not in reported:
            reported.add((stage.entry, f"${{env.{name}"))
            yield UNCLOSED_VALUE.on(places.value(stage, "env"), stage=stage.entry, name=name)
        if ("\n" in value or "\r" in value) and (stage.entry, f"env.{name}") not in reported:
            reported.add((stage.entry, f"env.{name}"))
            yield ENV_LINE_BREAK.on(places.value(stage, "env"), stage=stage.entry, name=name)


def unclosed(text: str) -> str | None:
    """What stands behind a `${` that the shell reads and nothing closes; None if there is none.

    What is quoted by single quotes or behind a `#` is not read. Here-documents are, which their authors seldom quote.
    """
    if "${" not in text:
        return None
    quote, index = "", 0
    while index < len(text):
        char = text[index]
        if quote == "'":
            quote = "" if char == "'" else quote
        elif char == "\\":
            index += 1
        elif text.startswith("${", index):
            if "}" not in text[index:]:
                return text[index:]
        elif char == '"':
            quote = "" if quote else char
        elif char == "'" and not quote:
            quote = char
        elif char == "#" and not quote and (index == 0 or text[index - 1] in " \t\n;&|("):
            end = text.find("\n", index)
            index = len(text) if end < 0 else end
        index += 1
    return None


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
