"""Checks of names: stage names and paths that break in DVC, a shell, Make, a CI service or a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.operations import Listed
from ..model.project import Project, Ref, Stage
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..read.params import ParamFiles
from .places import Places

NAME_OF_ARGUMENT = Code(
    "MLC416",
    "warning",
    "`{name}` cannot be named on the command line: `dvc repro` without a name runs the stage, but takes `{name}` for something else",
    help="use letters, digits, `_`, `-` and `.`, and begin with a letter",
)
NAME_WITH_SYNTAX = Code(
    "MLC416",
    "error",
    "`{name}` cannot be a stage name: DVC gives the `{char}` in it another meaning",
    help="use letters, digits, `_`, `-` and `.`",
)
NAME_EMPTY = replace(NAME_WITH_SYNTAX, message="`{name}` cannot be a stage name: DVC cannot find it by that name")
NAME_NEEDS_QUOTES = Code(
    "MLC416",
    "warning",
    "`{name}` must be quoted on the command line, because of the `{chars}` in it",
    help="use letters, digits, `_`, `-` and `.`",
)
FILE_OF_MAKE = Code(
    "MLC416",
    "error",
    "`{name}` cannot be a stage name beside a Makefile: make would run the stage to make its own file `{name}` again",
    help="rename the stage, or leave make out: `stack: {{orchestrator: dvc, build: none}}`",
)
CONTROL_IN_PARAMETER = Code(
    "MLC431",
    "error",
    "a parameter in the command of `{stage}` contains the character U+{code_point}",
    help="remove it from the parameter, or let the code read the parameter from its file",
)
CONTROL_ANYWHERE = Code(
    "MLC431",
    "error",
    "the text contains the character U+{code_point}, which {effect}",
    help="remove it, or let the code write it: `\\n` and `\\t` of `printf` and Python need no such character here",
)
CONTROL_CHARACTER = Code(
    "MLC431",
    "error",
    "the name or a path of `{stage}` contains the character U+{code_point}",
    help="remove it: Makefiles, CI logs and terminals cannot show it, or would interpret it",
)
LINE_BREAK = Code(
    "MLC431",
    "error",
    "`{path}` contains the character U+{code_point}",
    help="remove it: the text becomes one line of the Makefile, which cannot contain it",
)

_BREAKING = r"@|\A\Z"
"""Tested with DVC 3.67.1 in the name of a stage: with ``@`` no command of DVC reads the pipeline."""
_ARGUMENT = r"\A-|:"
"""With ``:``, `dvc repro NAME` takes the part before it as a file; a leading ``-`` makes NAME an option."""

_QUOTED = r"""[\s!"#$%&'()*+,/;<=>?\[\\\]^`{|}~]"""
"""Characters that `dvc stage add` refuses in a name although dvc.yaml may contain them, except the dot and the breaking
ones. Source: INVALID_STAGENAME_CHARS of DVC 3.67, `dvc/stage/__init__.py`."""

_GOOD = re.compile(r"[\w.][\w.-]*\Z")

_FILES_OF_MAKE = frozenset(["Makefile", "GNUmakefile", "makefile", "local.mk"])

_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNWANTED = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI}]")
"""The same without tab and line feed, which texts of several lines have."""
_ESCAPED = re.compile(r"\\x[0189]|\\x7f|\\r|\\u20[26]")
"""How `repr` writes a text with one of them."""

_RECIPE_KEYS = ("url", "path", "file", "rev", "schema", "check")
"""Keys of a source that become words of a Makefile recipe."""
_LINE_BREAK = re.compile("[\0\n\r]")

_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
"""Control characters, line separators, and the marks that change the direction of text, which hide what it says."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC416 and MLC431."""
    entries: dict[str, Stage] = {}
    for stage in project:
        entries.setdefault(stage.entry, stage)
    for name, stage in entries.items():
        if _GOOD.match(name) is None:
            yield from _name(stage)
        elif project.uses_make and name in _FILES_OF_MAKE:
            yield FILE_OF_MAKE.on(stage.at, name=name)
    yield from _one_line(project)
    yield from _anywhere(places.data)
    commands = (command.text for stage in project for command in stage.commands if len(command.parts) > 1)
    texts = (*project.stages, *project.artifacts, *{stage.wdir for stage in project}, *commands)
    if "".join(texts).isprintable():
        return
    reported: set[str] = set()
    for stage in project:
        if stage.entry not in reported and (diagnostic := _control(stage)) is not None:
            reported.add(stage.entry)
            yield diagnostic


def _anywhere(data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Characters that no text of a spec needs. Names, paths and texts of recipes are looked at by the other checks."""
    if _ESCAPED.search(repr(data)) is None:
        return
    waiting: list[tuple[Path, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            if (match := _UNWANTED.search(value)) is not None and not _is_reported(path, value):
                char = match.group()
                effect = "reverses the order of the text that is shown" if char in _BIDI else "tools cannot pass on"
                yield CONTROL_ANYWHERE.at(*path, code_point=f"{ord(char):04X}", effect=effect)
        elif isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in value.items()]
            for key in value:
                if isinstance(key, str) and (match := _UNWANTED.search(key)) and path != ("stages",):
                    effect = (
                        "reverses the order of the text that is shown"
                        if match.group() in _BIDI
                        else "tools cannot pass on"
                    )
                    yield CONTROL_ANYWHERE.at_key(*path, key, code_point=f"{ord(match.group()):04X}", effect=effect)
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]


def _is_reported(path: Path, text: str) -> bool:
    """Whether another check of this module looks at the text at a path of the spec."""
    if path[:1] == ("stages",):
        keys = path[3:] if path[2:3] == ("do",) else path[2:]
        return (
            keys[:1] != () and keys[0] in ("deps", "outs", "metrics", "plots", "wdir") and len(keys) < 3
        )  # not the flags of an out
    key = path[2] if len(path) > 2 else ""
    in_recipe = (path[0] == "data" and key in _RECIPE_KEYS) or (path[0], key) in (
        ("experiments", "set"),
        ("monitor", "gates"),
    )
    return in_recipe and _LINE_BREAK.search(text) is not None


def _name(stage: Stage) -> Iterator[Diagnostic]:
    name = stage.entry
    if breaking := re.search(_BREAKING, name):
        code = NAME_WITH_SYNTAX if breaking.group() else NAME_EMPTY
        yield code.on(stage.at, name=name, char=breaking.group())
    elif re.search(_ARGUMENT, name) and not re.search(_CONTROL, name):
        yield NAME_OF_ARGUMENT.on(stage.at, name=name)
    elif (chars := "".join(dict.fromkeys(re.findall(_QUOTED, name)))) and not re.search(_CONTROL, name):
        note = "`dvc stage add` refuses such a name; `dvc repro` accepts it"
        yield replace(NAME_NEEDS_QUOTES.on(stage.at, name=name, chars=chars), note=note)


def _control(stage: Stage) -> Diagnostic | None:
    for text in (stage.name, *(out.path for out in stage.outs), *stage.deps, stage.wdir):
        if match := re.search(_CONTROL, text):
            diagnostic = CONTROL_CHARACTER.on(stage.at, stage=stage.entry, code_point=f"{ord(match.group()):04X}")
            return replace(diagnostic, note=f"in {text!a}")
    values = [part.value for command in stage.commands for part in command.parts if isinstance(part, Ref)]
    if match := _UNWANTED.search("\n".join(values)):
        return CONTROL_IN_PARAMETER.on(stage.at, stage=stage.entry, code_point=f"{ord(match.group()):04X}")
    return None


def _one_line(project: Project) -> Iterator[Diagnostic]:
    """Texts beside the stages that become a word or a line of a Makefile recipe."""
    for path, texts in _recipe_texts(project):
        if match := _LINE_BREAK.search("".join(texts)):
            yield LINE_BREAK.at(*path, path=".".join(map(str, path)), code_point=f"{ord(match.group()):04X}")


def _recipe_texts(project: Project) -> Iterator[tuple[Path, list[str]]]:
    for name, source in project.sources.items():
        for key in _RECIPE_KEYS:
            yield ("data", name, key), [getattr(source, key) or ""]
    for name, experiment in project.experiments.items():
        listed = [values for values in experiment.set.values() if isinstance(values, Listed)]
        yield (
            ("experiments", name, "set"),
            [*experiment.set, *(str(item) for values in listed for item in values.items)],
        )
    for name, monitor in project.monitors.items():
        yield ("monitor", name, "gates"), list(monitor.bounds)
        yield ("monitor", name), list(monitor.metrics)
