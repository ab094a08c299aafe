"""The graph as plain data: what `mlopsc graph --format json` prints and what the page shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ...model.project import Project, Stage
from ...model.source import At
from ...read.document import Document
from .states import UNKNOWN, StageState

VERSION = 1


def graph_data(project: Project, document: Document, states: Mapping[str, StageState]) -> dict[str, Any]:
    """The stages in topological order, the groups that fold them, and how things stand with each stage."""
    groups = groups_of(project)
    return {
        "version": VERSION,
        "project": project.name,
        "groups": {name: {"label": label} for name, label in groups.labels.items()},
        "stages": [
            _stage(project.stages[name], project, document, groups, states.get(name, UNKNOWN))
            for name in project.dag.order
        ],
    }


def _stage(
    stage: Stage, project: Project, document: Document, groups: Groups, state: StageState
) -> dict[str, Any]:  # fmt: skip
    place = At(("stages", stage.judges, "gates"), key=True) if stage.judges else stage.at
    span = document.span(place)
    return {
        "name": stage.name,
        "kind": stage.kind,
        "desc": stage.desc,
        "groups": groups.members.get(stage.name, []),
        "parents": list(project.dag.parents(stage.name)),
        "wdir": stage.wdir,
        "frozen": stage.frozen,
        "commands": [command.text for command in stage.commands],
        "deps": [{"path": dep, "from": list(_writers(dep, stage, project))} for dep in stage.deps],
        "params": [f"{param.file}:{param.key}" if param.key is not None else param.file for param in stage.params],
        "outs": [
            {"path": out.path, "kind": out.kind, "to": list(_readers(out.path, stage, project))} for out in stage.outs
        ],
        "place": {"file": span.source.name, "line": span.line},
        **state.as_dict(),
    }


def _writers(path: str, stage: Stage, project: Project) -> Iterator[str]:
    """The stages upstream that write a dep, something in it, or the folder it is in."""
    for parent in project.parents(stage):
        if any(_overlap(path, out.path) for out in parent.outs):
            yield parent.name


def _readers(path: str, stage: Stage, project: Project) -> Iterator[str]:
    for name in project.dag.children(stage.name):
        child = project.stages[name]
        if any(_overlap(path, other) for other in (*child.deps, *(param.file for param in child.params))):
            yield name


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/") or "." in (one, other)


class Groups:
    """Which stages fold together: those of a `foreach` or `matrix`, and those of a working folder.

    ``members`` lists the groups of a stage from the outermost one, ``labels`` names each group.
    """

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.members: defaultdict[str, list[str]] = defaultdict(list)

    def size(self, group: str) -> int:
        """How many stages a group has."""
        return sum(group in groups for groups in self.members.values())

    def add(self, group: str, label: str, stages: list[str]) -> None:
        """A group of one stage would hide it and save nothing."""
        if len(stages) > 1:
            self.labels[group] = label
            for stage in stages:
                self.members[stage].append(group)


def groups_of(project: Project) -> Groups:
    """The groups of a project. A `foreach` over several folders is in none of them."""
    by_entry: defaultdict[str, list[Stage]] = defaultdict(list)
    for stage in project:
        by_entry[stage.entry].append(stage)
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for stages in by_entry.values():
        folders = {stage.wdir for stage in stages}
        if len(folders) == 1 and folders != {"."}:
            by_folder[folders.pop()] += [stage.name for stage in stages]
    groups = Groups()
    for folder, names in by_folder.items():
        if any(project.stages[name].entry != project.stages[names[0]].entry for name in names):
            groups.add(f"folder {folder}", f"{folder}/", names)
    for entry, stages in by_entry.items():
        groups.add(f"stages {entry}", f"{entry}@", [stage.name for stage in stages])
    return groups
