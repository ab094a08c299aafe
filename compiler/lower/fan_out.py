"""`ci.fan-out`: which stages get a job of their own, what each job waits for, and the machine that it runs on.

A stage's result goes from one job to the next by the run cache on the DVC remote. What DVC never puts there cannot, so
such a stage runs in the last job, with all that reads what it makes. Imported only where the spec asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..model.project import Project, Resources, Stage
from ..model.source import At
from ..model.target import Feature
from .project import resources
from .worker import kept


@dataclass(frozen=True, slots=True)
class Fan:
    """The jobs: each by its stage, with the stages whose jobs it waits for; and the stages that the last job runs."""

    jobs: dict[str, tuple[str, ...]]
    last: tuple[str, ...]

    @property
    def ends(self) -> list[str]:
        """The stages whose jobs no other one waits for."""
        awaited = {name for needs in self.jobs.values() for name in needs}
        return [name for name in self.jobs if name not in awaited]


def fan(project: Project) -> Fan:
    """The jobs of a pipeline, in an order that respects what they wait for. A frozen stage has none: nothing runs it."""
    jobs: dict[str, tuple[str, ...]] = {}
    last: dict[str, None] = {}
    for stage in project:
        if stage.frozen:
            continue
        if not kept(stage) or any(name in last for name in stage.upstream):
            last[stage.name] = None
        else:
            jobs[stage.name] = tuple(name for name in stage.upstream if name in jobs)
    return Fan(jobs, tuple(last))


def place(project: Project, stage: Stage, feature: Feature) -> At:
    """Where the spec says something of a stage."""
    paths = project.features.get(feature, ())
    return next((At(path) for path in paths if path[:2] == ("stages", stage.entry)), stage.at)


def runner(project: Project, stage: Stage) -> str | list[str] | None:
    """The label or labels of the machine for a stage; None where any will do."""
    ci = project.spec.ci
    if not any(stage.resources.values):
        return ci.runner
    name = smallest(project, stage.resources)
    if name is None:
        return ci.runner
    return (ci.runners[name].labels if ci.runners else None) or name


def smallest(project: Project, asked: Resources) -> str | None:
    """The name of the smallest of `ci.runners` that has what is asked for; None where none has.

    What is not said of a machine counts as enough, accelerators aside. One with fewer accelerators is the smaller one.
    """
    fits: list[tuple[float, float, float, str]] = []
    for name, said in (project.spec.ci.runners or {}).items():
        has = resources(said)
        size = (has.gpu or 0, inf if has.cpu is None else has.cpu, inf if has.memory is None else has.memory)
        if size[0] >= (asked.gpu or 0) and size[1] >= (asked.cpu or 0) and size[2] >= (asked.memory or 0):
            fits.append((*size, name))
    return min(fits)[3] if fits else None
