"""Checks of time limits that end a stage before its own one does."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

LONGER_THAN_ITS_JOB = Code(
    "MLC518",
    "warning",
    "`{stage}` may take {stage_minutes} minutes, but its job of CI ends after {job_minutes} (`ci.timeout`)",
    help="raise `ci.timeout` above the timeouts of all stages that one job runs, or lower that of `{stage}`",
)
_SERVICES = ("github", "gitlab")


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC518. With `fan-out` the job of a stage has the stage's own limit, and an hour more."""
    limit = project.ci.timeout
    if limit is None or project.ci.fan_out or not any(name in project.targets for name in _SERVICES):
        return
    for stage in {stage.entry: stage for stage in project}.values():
        if stage.timeout is not None and stage.timeout > limit:
            minutes = {"stage_minutes": -(-stage.timeout // 60), "job_minutes": project.ci.timeout_minutes}
            yield LONGER_THAN_ITS_JOB.on(places.key(stage, "timeout"), stage=stage.entry, **minutes)
