"""Names that Make takes: targets of stages, file names for its own records, variables of parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from ...compiler.emit.makefile import is_target
from ...compiler.emit.names import distinct
from ...compiler.model.project import Project, Ref
from . import facts

_NOT_IN_SLUGS = re.compile(r"[^A-Za-z0-9_.@+-]")
_NOT_IN_VARIABLES = re.compile(r"[^A-Za-z0-9_]")


def cleaning(project: Project) -> str:
    """The target that removes outs: `clean`, unless a stage is called so, which `make clean` then runs."""
    is_taken = any("clean" in (stage.entry, stage.name) for stage in project)
    return "clean-outs" if is_taken else "clean"


def setups(project: Project) -> list[str]:
    """The targets that prepare environments."""
    return [f"setup-{name}" for name in project.environments]


def goals(project: Project, usual: Iterable[str]) -> list[str]:
    """The targets of every Makefile, with the name that the cleaning one has here."""
    return [cleaning(project) if goal == "clean" else goal for goal in usual]


def targets(project: Project, taken: Collection[str] = ()) -> dict[str, str]:
    """The target of each stage, and of each entry that stands for several; a name that Make cannot take has none.

    A stage that is called like one of the targets in ``taken``, or of `facts.TARGETS`, becomes `stage-NAME`.
    """
    reserved = set(goals(project, facts.TARGETS)).union(taken)
    entries = dict.fromkeys(stage.entry for stage in project)
    names = [name for name in dict.fromkeys([*entries, *project.stages]) if is_target(name)]
    names.sort(key=reserved.__contains__)  # who keeps its name comes first
    return distinct(names, lambda name: f"stage-{name}" if name in reserved else name, taken=reserved, mark="-")


def groups(project: Project) -> dict[str, list[str]]:
    """The stages of each entry that stands for several."""
    groups: dict[str, list[str]] = {}
    for stage in project:
        if stage.entry not in project.stages:
            groups.setdefault(stage.entry, []).append(stage.name)
    return groups


def slugs(project: Project) -> dict[str, str]:
    """A name for each stage that is safe in targets, variables and file names."""
    return distinct(project.stages, lambda name: _NOT_IN_SLUGS.sub("_", name))


def variables(project: Project) -> dict[str, tuple[str, Ref]]:
    """For each parameter that a command uses, by its name in the spec, its variable and itself."""
    refs: dict[str, Ref] = {}
    for stage in project:
        for command in stage.commands:
            for part in command.parts:
                if isinstance(part, Ref):
                    refs.setdefault(part.name, part)
    convertible = sorted(
        refs, key=lambda name: _variable(name) != name
    )  # `a_b` keeps its name where `a.b` is converted
    names = distinct(convertible, _variable, taken=facts.VARIABLES)
    return {name: (names[name], ref) for name, ref in refs.items()}


def _variable(name: str) -> str:
    return _NOT_IN_VARIABLES.sub("_", name)
