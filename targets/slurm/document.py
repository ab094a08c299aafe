"""The values of `jobs.py.j2`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from ...compiler.model.project import Project
from ...compiler.programs import FOLDER
from .options import options


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `Job`: a stage, or the stages of an entry that become an array.

    ``after`` are the stages that all of them depend on; ``after_each``, if they are not the same, those of each.
    """

    stages: tuple[str, ...]
    after: tuple[str, ...]
    after_each: tuple[tuple[str, ...], ...]
    sbatch: tuple[str, ...]
    desc: str


def document(project: Project) -> dict[str, Any]:
    """The jobs, each behind those that it depends on."""
    return {"project": project.name, "scripts": FOLDER, "jobs": _jobs(project)}


def _jobs(project: Project) -> list[Job]:
    """Stages of one entry with the same options become one job. They have the same depth in the DAG, so that jobs have an order."""
    groups: defaultdict[tuple[int, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for name, stage in project.stages.items():
        groups[project.dag.layers[name], stage.entry, tuple(options(project, stage))].append(name)
    return [
        _job(project, names, sbatch) for (_, _, sbatch), names in sorted(groups.items(), key=lambda group: group[0][0])
    ]


def _job(project: Project, names: list[str], sbatch: tuple[str, ...]) -> Job:
    parents = tuple(project.dag.parents(name) for name in names)
    same = len(set(parents)) == 1
    desc = project.stages[names[0]].desc
    return Job(tuple(names), parents[0] if same else (), () if same else parents, sbatch, desc)
