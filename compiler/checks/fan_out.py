"""What stands in the way of one job for each stage: no way to hand results over, or no machine for a job."""

from __future__ import annotations

from collections.abc import Iterator

from ..lower.fan_out import fan
from ..lower.worker import lacking
from ..model.diagnostic import Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from .places import Places


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC513, MLC514 and MLC515."""
    if (wrong := lacking(project)) is not None:
        yield Diagnostic("MLC513", wrong[0], At(("ci", "fan-out")), help=wrong[1])
        return
    yield from _in_the_last_job(project)
    yield from _without_runner(project, places)


def _in_the_last_job(project: Project) -> Iterator[Diagnostic]:
    last = fan(project).last
    told: set[str] = set()
    for name in last:
        stage = project.stages[name]
        if stage.entry in told or stage.judges is not None:  # a gate on a difference is meant to
            continue
        told.add(stage.entry)
        if stage.in_run_cache:
            above = next(parent for parent in project.dag.parents(name) if parent in last)
            why = f"it reads what `{above}` makes, which DVC does not keep"
            help_ = f"let DVC keep the results of `{above}`"
        else:
            why = "DVC does not keep its results in the run cache"
            help_ = (
                "it keeps those of a stage with deps and outs in the repository, without `always_changed` and `persist`"
            )
        yield Diagnostic(
            "MLC514", f"`{stage.name}` has no job of its own, but runs in the last one: {why}", stage.at,
            help=help_, severity="warning",
        )  # fmt: skip


def _without_runner(project: Project, places: Places) -> Iterator[Diagnostic]:
    told: set[str] = set()
    for name in fan(project).jobs:
        stage = project.stages[name]
        asked = stage.resources
        if not asked or stage.entry in told or project.ci.smallest_machine(asked) is not None:
            continue
        told.add(stage.entry)
        what = "no machine of `ci.runners` has" if project.ci.machines else "`ci.runners` names no machine with"
        parts = [f"{asked.cpu:g} cores"] if asked.cpu else []
        parts += [f"{asked.memory / 2**30:.4g}Gi of memory"] if asked.memory else []
        parts += [f"{asked.gpu} GPUs"] if asked.gpu else []
        yield Diagnostic(
            "MLC515", f"{what} {', '.join(parts)}, so `{stage.name}` runs where all do", places.key(stage, "resources"),
            help="say what each machine has: `ci: {runners: {LABEL: {cpu: 8, memory: 32Gi, gpu: 1}}}`",
            severity="warning",
        )  # fmt: skip
