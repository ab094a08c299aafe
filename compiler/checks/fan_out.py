"""Checks of `ci.fan-out`: whether jobs can pass results on, and whether there is a machine for each job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..lower.fan_out import fan
from ..lower.handover import lacking
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project, Stage
from ..model.resources import Resources
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

NO_TRANSPORT = Code("MLC513", "error", "{problem}", help="{remedy}")
NOT_IN_RUN_CACHE = Code(
    "MLC514",
    "warning",
    "`{stage}` has no job of its own and runs in the last one: DVC does not keep its results in the run cache",
    help="declare deps and outs inside of the repository, and remove `always_changed` and `persist`",
)
BEHIND_LAST_JOB = Code(
    "MLC514",
    "warning",
    "`{stage}` has no job of its own and runs in the last one: it reads results of `{parent}`, which DVC does not keep",
    help="let DVC keep the results of `{parent}`: declare its deps and outs, and remove `always_changed` and `persist`",
)
NO_MACHINE_DECLARED = Code(
    "MLC515",
    "warning",
    "`ci.runners` declares no machine with {resources}; `{stage}` runs on the default machine",
    help="declare the resources of each machine: `ci: {{runners: {{LABEL: {{cpu: 8, memory: 32Gi, gpu: 1}}}}}}`",
)
NO_MACHINE_LARGE_ENOUGH = replace(
    NO_MACHINE_DECLARED, message="no machine of `ci.runners` has {resources}; `{stage}` runs on the default machine"
)


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC513, MLC514 and MLC515."""
    if not project.ci.fan_out:
        return
    if (lack := lacking(project)) is not None:
        problem, remedy = lack
        yield NO_TRANSPORT.at("ci", "fan-out", problem=problem, remedy=remedy)
        return
    yield from _in_last_job(project)
    yield from _without_machine(project, places)


def _in_last_job(project: Project) -> Iterator[Diagnostic]:
    last = fan(project).last
    for stage in _first_of_entries(project, last):
        if stage.judges is not None:  # a gate on a difference always runs
            continue
        if not stage.in_run_cache:
            yield NOT_IN_RUN_CACHE.on(stage.at, stage=stage.name)
        else:
            parent = next(parent for parent in project.dag.parents(stage.name) if parent in last)
            yield BEHIND_LAST_JOB.on(stage.at, stage=stage.name, parent=parent)


def _without_machine(project: Project, places: Places) -> Iterator[Diagnostic]:
    code = NO_MACHINE_LARGE_ENOUGH if project.ci.machines else NO_MACHINE_DECLARED
    jobs = [
        name
        for name in fan(project).jobs
        if project.stages[name].resources and project.ci.smallest_machine(project.stages[name].resources) is None
    ]
    for stage in _first_of_entries(project, jobs):
        yield code.on(places.key(stage, "resources"), stage=stage.name, resources=_words(stage.resources))


def _first_of_entries(project: Project, names: Iterable[str]) -> Iterable[Stage]:
    """Of the stages of each entry, the first."""
    first: dict[str, Stage] = {}
    for name in names:
        first.setdefault(project.stages[name].entry, project.stages[name])
    return first.values()


def _words(resources: Resources) -> str:
    parts = [f"{resources.cpu:g} cores"] if resources.cpu else []
    parts += [f"{resources.memory / 2**30:.4g}Gi of memory"] if resources.memory else []
    parts += [f"{resources.gpu} GPUs"] if resources.gpu else []
    parts += [f"of type {resources.gpu_type}"] if resources.gpu_type else []
    parts += [f"{resources.disk / 2**30:.4g}Gi of disk"] if resources.disk else []
    return ", ".join(parts)
