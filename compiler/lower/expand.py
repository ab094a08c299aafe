"""Expansion: from an entry of `stages` to the stages it defines, each without templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Command
from ..model.source import Path
from .interpolate import to_text
from .items import foreach_items, matrix_items
from .template import Unresolved, command_line, command_lines, is_template, resolve, resolve_paths
from .variables import Load, Scope, load_vars

MATRIX_IN_DO = Code("MLC208", "warning", "DVC ignores a `matrix` inside `do`", help="use either `foreach` or `matrix`")

_PATH_KEYS = frozenset(["wdir", "deps", "params", "outs", "metrics", "plots"])
"""The keys of a stage whose values are paths, or keys in files."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A stage without templates: its body in the keys of DVC, and its command lines with their parameters."""

    name: str
    body: Mapping[str, Any]
    commands: tuple[Command, ...]


def expand(
    name: str, definition: Mapping[str, Any], scope: Scope, load: Load, at: Path
) -> tuple[list[Expanded], list[Diagnostic]]:
    """The stages of one entry of `stages`: one, or one for each item of its `foreach` or `matrix`."""
    diagnostics: list[Diagnostic] = []
    if "foreach" in definition:
        body, body_path = definition["do"], (*at, "do")
        if "matrix" in body:
            diagnostics.append(MATRIX_IN_DO.at_key(*body_path, "matrix"))
        items, problems = foreach_items(name, definition["foreach"], scope, (*at, "foreach"))
    elif "matrix" in definition:
        body, body_path = definition, at
        items, problems = matrix_items(name, definition["matrix"], scope, (*at, "matrix"))
    else:
        stage, problems = _stage(name, definition, scope, load, at)
        return ([stage] if stage is not None else []), problems
    diagnostics += problems
    stages: dict[str, Expanded] = {}
    reported: set[Diagnostic] = set()
    for key, variables in items:
        stage, problems = _stage(f"{name}@{key}", body, scope.with_item(variables), load, body_path)
        if stage is not None:
            stages[stage.name] = stage
        diagnostics += [problem for problem in problems if problem not in reported]
        reported.update(problems)
    return list(stages.values()), diagnostics


def resolve_value(value: Any, scope: Scope, at: Path) -> tuple[Any, list[Diagnostic]]:
    """The value of a top-level section without templates."""
    try:
        if at[0] in _PATH_KEYS:
            return resolve_paths(value, scope, None, at), []
        return resolve(value, scope, None, at), []
    except Unresolved as error:
        return value, [error.diagnostic]


def _stage(
    name: str, definition: Mapping[str, Any], scope: Scope, load: Load, at: Path
) -> tuple[Expanded | None, list[Diagnostic]]:
    """One stage, or None if it cannot be resolved."""
    diagnostics: list[Diagnostic] = []
    if definition.get("vars"):
        scope = scope.copy()
        try:
            wdir = resolve(definition.get("wdir") or "", scope, "wdir", (*at, "wdir"))
        except Unresolved as error:
            return None, [error.diagnostic]
        load_vars(scope, definition["vars"], load, to_text(wdir), (*at, "vars"), diagnostics)
    body = dict(definition)
    body.pop("vars", None)
    body.pop("matrix", None)
    commands: tuple[Command, ...] = ()
    for key, value in body.items():
        if ("${" not in value) if type(value) is str else not is_template(value):
            if key == "cmd":
                commands = tuple([Command((line,), line) for line in _lines(value)])
            continue
        try:
            if key in _PATH_KEYS:
                body[key] = resolve_paths(value, scope, key, (*at, key))
            elif key != "cmd":
                body[key] = resolve(value, scope, key, (*at, key))
            elif isinstance(value, str):
                command = command_line(value, scope, key, (*at, key))
                body[key] = text = command.text
                commands = (command,) if "\n" not in text else tuple(command_lines(value, scope, (*at, key)))
            else:
                body[key] = resolve(value, scope, key, (*at, key))
                commands = tuple(command_lines(value, scope, (*at, key)))
        except Unresolved as error:
            diagnostics.append(error.diagnostic)
    return (None if diagnostics else Expanded(name, body, commands)), diagnostics


def _lines(cmd: Any) -> list[str]:
    """What DVC gives to a shell each: the lines of a text, the items of a list."""
    return cmd.splitlines() if isinstance(cmd, str) else [str(item) for item in cmd]
