"""The jobs that run monitors, report breaches and retrain, started by schedules or by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.operations import Monitor
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER
from ..ci import operations, shell
from .escape import label
from .job import (
    NO_RESTART,
    PROGRAM,
    WHOLE_HISTORY,
    Job,
    access,
    caches,
    credentials,
    enter,
    install,
    job,
    missing,
    short_job,
)
from .tasks import rule

_BUNDLE = "retrained.bundle"
_RETRAINED = "retrained.lock"
"""Where a retraining with a result leaves the hash of the dvc.lock that it was for."""


def watch(project: Project, monitor: Monitor) -> Job:
    """The job that runs the monitor."""
    name = monitor.name
    starts = rule(project, f"monitor-{name}")
    if monitor.schedule:
        starts["if"] = Remarked(starts["if"], f"create in GitLab: a schedule {monitor.schedule} with this variable")
    return job(
        project,
        "monitor",
        [*missing(project), shell.restore(), operations.RESTORE_HISTORY, operations.watch()],
        rules=[starts],
        **NO_RESTART,
        resource_group=project.scoped(f"monitor-{label(name)}"),
        **access(project),
        variables={**WHOLE_HISTORY, "MLOPS_MONITOR": name},
        cache=caches(project),
        artifacts={"when": "always", "paths": Flow([project.from_top("monitoring")]), "expire_in": "30 days"},
    )


def tell(project: Project, monitor: Monitor) -> Job:
    """The job that stores the history and reports a breach; it does the one even if the other fails."""
    script = render(
        __package__,
        "tell.sh.j2",
        keep_history=operations.KEEP_HISTORY,
        opens_issue=monitor.opens_issue,
        program=PROGRAM,
        scope=project.scope,
    )
    return short_job(project, "monitor", [credentials(), script], **_after(project, monitor, f"monitor-{monitor.name}"))


def retrain(project: Project, monitor: Monitor) -> Job:
    """The job that retrains. Its result leaves it as a Git bundle, because it may not write to GitLab."""
    script = render(
        __package__,
        "retrain.sh.j2",
        retrains=operations.RETRAINS,
        setup="\n".join(install(project)[len(enter(project)) : -1]),
        missing=missing(project),
        restore=shell.restore(),
        bundle=_BUNDLE,
        retrained=_RETRAINED,
        lock=operations.LOCK,
    )
    return job(
        project,
        "monitor",
        [script],
        **_after(project, monitor, f"monitor-{monitor.name}", f"tell-{monitor.name}"),
        **access(project),
        before_script=Flow(enter(project)),
        cache=caches(project),
        artifacts={"paths": Flow([project.from_top(_BUNDLE), project.from_top(_RETRAINED)]), "expire_in": "30 days"},
    )


def propose(project: Project, monitor: Monitor) -> Job:
    """The job that opens a merge request with the result, if there is one, and records that the retraining has succeeded."""
    script = render(
        __package__,
        "propose.sh.j2",
        credentials=credentials(),
        bundle=_BUNDLE,
        retrained=_RETRAINED,
        history=f"{FOLDER}/history.sh",
    )
    return short_job(project, "report", [script], **_after(project, monitor, f"retrain-{monitor.name}"))


def _after(project: Project, monitor: Monitor, *needs: str) -> dict[str, Any]:
    variables = {**WHOLE_HISTORY, "MLOPS_MONITOR": monitor.name}
    rules = [rule(project, f"monitor-{monitor.name}")]
    return {"interruptible": False, "rules": rules, "needs": Flow(needs), "variables": variables}
