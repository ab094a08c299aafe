"""The workflow that runs monitors, started by their schedules or by hand."""

from __future__ import annotations

import itertools
from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Remarked
from ...compiler.model.operations import Monitor
from ...compiler.model.project import Project
from ...compiler.programs import program
from ..ci import operations
from . import names
from .escape import string
from .job import (
    CREDENTIALS,
    ORIGIN,
    Job,
    access,
    alone,
    choice,
    download,
    environment,
    job,
    restore,
    secrets,
    signed_in,
    upload,
    workflow,
    writer,
)

_BUNDLE = "retrained.bundle"


def monitors(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    schedules = dict.fromkeys(monitor.schedule for monitor in project.monitors.values() if monitor.schedule)
    triggers: dict[str, Any] = {"schedule": [{"cron": schedule} for schedule in schedules]} if schedules else {}
    triggers["workflow_dispatch"] = {"inputs": {"monitor": choice("Monitor to run", project.monitors)}}
    watch_ids, keep_ids, issue_ids, retrain_ids, propose_ids = (
        names.ids(prefix, project.monitors) for prefix in ("monitor", "keep", "issue", "retrain", "propose")
    )
    jobs: dict[str, Job] = {}
    for name, monitor in project.monitors.items():
        jobs[watch_ids[name]] = _watch(project, monitor)
        jobs[keep_ids[name]] = _keep(project, monitor, watch_ids[name])
        if monitor.opens_issue:
            jobs[issue_ids[name]] = _issue(project, monitor, watch_ids[name])
        if monitor.retrains:
            jobs[retrain_ids[name]] = _retrain(project, monitor, watch_ids[name], keep_ids[name])
            jobs[propose_ids[name]] = _propose(project, monitor, watch_ids[name], retrain_ids[name])
    return workflow(project, "monitor", triggers, jobs)


def _watch(project: Project, monitor: Monitor) -> Job:
    name = monitor.name
    conditions = [f"inputs.monitor == {string(name)}"]
    if monitor.schedule:
        conditions.append(f"github.event.schedule == {string(monitor.schedule)}")
    steps = [
        *signed_in(project),
        restore(project),
        {"name": "Restore the history", "env": CREDENTIALS, "run": operations.RESTORE_HISTORY},
        {"name": "Run the monitor", **secrets(project), "run": operations.watch()},
        {
            "name": "Publish the result",
            "id": "state",
            "run": render(__package__, "state.sh.j2", retrains=operations.RETRAINS, lock=operations.LOCK),
        },
        upload(project, "Upload the report", f"monitor-{name}", f"monitoring/{name}.*"),
    ]
    outputs = {key: f"${{{{ steps.state.outputs.{key} }}}}" for key in ("breached", "retrain", "lock", "report")}
    return job(
        project, f"Monitor {name}", steps, env={"MLOPS_MONITOR": name}, outputs=outputs, **alone(project, f"monitor-{name}"),
        condition=" || ".join(conditions), **access(project),
    )  # fmt: skip


def _keep(project: Project, monitor: Monitor, watch: str) -> Job:
    """The job that stores the history."""
    step = {
        "name": "Save the history",
        "env": {**CREDENTIALS, **ORIGIN, "MLOPS_MONITOR": monitor.name, **_folder(project)},
        "run": _history('keep "$MLOPS_MONITOR"'),
    }
    permissions = {"contents": Remarked("write", "to store the history on its branch")}
    report = download(project, "Download the report", f"monitor-{monitor.name}", "monitoring")
    one_at_a_time = alone(project, f"keep-{monitor.name}")
    return writer(f"History of {monitor.name}", None, [watch], permissions, report, step, **one_at_a_time)


def _folder(project: Project) -> dict[str, str]:
    """The variable by which history.sh finds the project's files without a checkout."""
    return {"MLOPS_FOLDER": project.folder} if project.folder else {}


def _history(arguments: str) -> str:
    """A call of history.sh in a job that does not check out the repository, and so has the text of the program."""
    begin = f'git init --quiet\ngit remote add origin "$MLOPS_ORIGIN"\nset -- {arguments}\n'
    return begin + _without_head(program("history.sh").text)


def _without_head(text: str) -> str:
    """A shell program without the comment that it begins with."""
    lines = text.splitlines(keepends=True)
    return "".join(itertools.dropwhile(lambda line: line.startswith("#"), lines))


def _issue(project: Project, monitor: Monitor, watch: str) -> Job:
    step = {
        "name": "Open or update the issue",
        "env": {
            "GH_TOKEN": "${{ github.token }}",
            "MLOPS_MONITOR": monitor.name,
            "MLOPS_REPORT": f"${{{{ needs.{watch}.outputs.report }}}}",
        },
        "run": render(__package__, "issue.sh.j2", scope=project.scope),
    }
    permissions = {"issues": Remarked("write", "to open one issue and update it")}
    breached = f"needs.{watch}.outputs.breached == 'yes'"
    one_at_a_time = alone(project, f"issue-{monitor.name}")
    return writer(f"Issue for {monitor.name}", breached, [watch], permissions, step, **one_at_a_time)


def _retrain(project: Project, monitor: Monitor, watch: str, keep: str) -> Job:
    """The job that retrains, once the history says so and is kept. Its result leaves it as a Git bundle."""
    name = monitor.name
    steps = [
        *signed_in(project),
        restore(project),
        {"name": "Retrain", "env": environment(project, MLOPS_PUSH="no"), "run": f"make retrain-{name}"},
        {"name": "Bundle the result", "id": "result", "run": render(__package__, "bundle.sh.j2", bundle=_BUNDLE)},
        upload(project, "Upload the result", f"retrain-{name}", _BUNDLE),
    ]
    return job(
        project, f"Retrain for {name}", steps, needs=[watch, keep],
        condition=f"needs.{watch}.outputs.retrain == 'yes'", outputs={"branch": "${{ steps.result.outputs.branch }}"},
        **access(project), **alone(project, f"retrain-{name}"),
    )  # fmt: skip


def _propose(project: Project, monitor: Monitor, watch: str, retrain: str) -> Job:
    """The job that opens a pull request, or, where it may not, puts the link to do so into an issue.

    Only then does the history say that the retraining has succeeded: one that failed is tried again by the next breach.
    """
    name = monitor.name
    branch = f"needs.{retrain}.outputs.branch"
    lock = {"MLOPS_LOCK": f"${{{{ needs.{watch}.outputs.lock }}}}", **_folder(project)}
    known = {**CREDENTIALS, **ORIGIN, "MLOPS_MONITOR": name, **lock}
    step = {
        "name": "Propose the result",
        "env": {**known, "MLOPS_BRANCH": f"${{{{ {branch} }}}}"},
        "run": render(
            __package__,
            "propose.sh.j2",
            bundle=_BUNDLE,
            scope=project.scope,
            issue=render(__package__, "issue.sh.j2", scope=project.scope),
        ),
    }
    record = {
        "name": "Record that the retraining has succeeded",
        "env": known,
        "run": _history('retrained "$MLOPS_MONITOR" "$MLOPS_LOCK"'),
    }
    permissions = {
        "contents": Remarked("write", "to push the branch with the result, and to record it"),
        "pull-requests": Remarked("write", "to open a pull request for it"),
        "issues": Remarked("write", "to link the branch if Actions may not open pull requests"),
    }
    result = download(project, "Download the result", f"retrain-{name}", ".")
    one_at_a_time = alone(project, f"propose-{name}")
    needs = [watch, retrain]
    return writer(f"Proposal for {name}", f"{branch} != ''", needs, permissions, result, step, record, **one_at_a_time)
