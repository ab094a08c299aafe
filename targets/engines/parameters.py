"""Run-time parameters: those that commands use, and how the worker is told their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...compiler.model.project import Project, Stage


def parameters(stages: Iterable[Stage]) -> dict[str, str]:
    """The parameters that commands use, with their current values as text, by the name that `dvc exp run --set-param` takes."""
    return {
        part.name if part.file == "params.yaml" else f"{part.file}:{part.name}": part.value
        for stage in stages
        for command in stage.commands
        for part in command.parts
        if not isinstance(part, str)
    }


def carried(project: Project, passes: Callable[[str, str], bool]) -> tuple[dict[str, str], list[str]]:
    """The `parameters` whose name and value an engine can carry (``passes``), and the names of the others.

    A task gets the values as `lines` in MLOPS_SET, and the defaults in MLOPS_DEFAULTS: the worker sets only what differs, so
    that params.yaml keeps its bytes otherwise. A value of several lines is never carried.
    """
    values = parameters(project)
    kept = {
        name: value
        for name, value in values.items()
        if len(f"{name}={value}.".splitlines()) == 1 and passes(name, value)
    }
    return kept, [name for name in values if name not in kept]


def lines(values: Mapping[str, str]) -> str:
    """Parameters in the format of MLOPS_SET and MLOPS_DEFAULTS."""
    return "".join(f"{name}={value}\n" for name, value in values.items())
