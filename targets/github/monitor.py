"""The workflow that runs monitors, started by their schedules or by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Remarked
from ...compiler.model.operations import Monitor
from ...compiler.model.project import Project
from ..ci import operations
from . import names
from .escape import string
from .job import (
    PUSHES,
    Job,
    access,
    alone,
    begin,
    choice,
    environment,
    job,
    restore,
    secrets,
    short_job,
    upload,
    workflow,
)


def monitors(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    schedules = dict.fromkeys(monitor.schedule for monitor in project.monitors.values() if monitor.schedule)
    triggers: dict[str, Any] = {"schedule": [{"cron": schedule} for schedule in schedules]} if schedules else {}
    triggers["workflow_dispatch"] = {"inputs": {"monitor": choice("Monitor to run", project.monitors)}}
    watch_ids, issue_ids, retrain_ids = (
        names.ids(prefix, project.monitors) for prefix in ("monitor", "issue", "retrain")
    )
    jobs: dict[str, Job] = {}
    for name, monitor in project.monitors.items():
        jobs[watch_ids[name]] = _watch(project, monitor)
        if monitor.opens_issue:
            jobs[issue_ids[name]] = _issue(monitor, watch_ids[name])
        if monitor.retrains:
            jobs[retrain_ids[name]] = _retrain(project, monitor, watch_ids[name])
    return workflow("mlops monitor", triggers, jobs)


def _watch(project: Project, monitor: Monitor) -> Job:
    name = monitor.name
    conditions = [f"inputs.monitor == {string(name)}"]
    if monitor.schedule:
        conditions.append(f"github.event.schedule == {string(monitor.schedule)}")
    steps = [
        *begin(project, depth=0),
        restore(project),
        {"name": "Restore the history", "env": PUSHES, "run": operations.RESTORE_HISTORY},
        {"name": "Run the monitor", **secrets(project), "run": operations.watch()},
        {
            "name": "Publish the result",
            "id": "state",
            "run": render(__package__, "state.sh.j2", retrains=operations.RETRAINS),
        },
        {"name": "Save the history", "env": PUSHES, "run": operations.KEEP_HISTORY},
        upload("Upload the report", f"monitor-{name}", f"monitoring/{name}.*"),
    ]
    outputs = {key: f"${{{{ steps.state.outputs.{key} }}}}" for key in ("breached", "retrain", "report")}
    return job(
        project, f"Monitor {name}", steps, env={"MONITOR": name}, outputs=outputs, **alone(f"monitor-{name}"),
        condition=" || ".join(conditions), **access(project),
        permissions={"contents": Remarked("write", "to store the history on its branch")},
    )  # fmt: skip


def _issue(monitor: Monitor, watch: str) -> Job:
    step = {
        "name": "Open or update the issue",
        "env": {
            "GH_TOKEN": "${{ github.token }}",
            "MONITOR": monitor.name,
            "REPORT": f"${{{{ needs.{watch}.outputs.report }}}}",
        },
        "run": render(__package__, "issue.sh.j2"),
    }
    permissions = {"issues": Remarked("write", "to open one issue and update it")}
    breached = f"needs.{watch}.outputs.breached == 'yes'"
    one_at_a_time = alone(f"issue-{monitor.name}")
    return short_job(f"Issue for {monitor.name}", breached, [watch], permissions, step, **one_at_a_time)


def _retrain(project: Project, monitor: Monitor, watch: str) -> Job:
    name = monitor.name
    steps = [
        *begin(project, depth=0),
        restore(project),
        {"name": "Retrain", "env": environment(project, MLOPS_PUSH="no"), "run": f"make retrain-{name}"},
        {
            "name": "Propose the result",
            "env": {**PUSHES, "MONITOR": name},
            "run": render(__package__, "propose.sh.j2"),
        },
    ]
    permissions = {
        "contents": Remarked("write", "to push the branch with the result"),
        "pull-requests": Remarked("write", "to open a pull request for it"),
    }
    return job(
        project, f"Retrain for {name}", steps, needs=[watch],
        condition=f"needs.{watch}.outputs.retrain == 'yes'", permissions=permissions,
        **access(project), **alone(f"retrain-{name}"),
    )  # fmt: skip
