"""The workflow that checks, tests, runs the pipeline and reports."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.lower.fan_out import fan
from ...compiler.model.ci import Ci
from ...compiler.model.project import Project
from ..ci import shell
from ..ci.facts import SHORT_MINUTES
from . import names
from .escape import literal
from .facts import REPORT_BYTES
from .fan_out import collect, stage_jobs
from .job import Job, Step, access, begin, environment, job, restore, secrets, short_job, upload, uses, workflow

_FROM = (
    "${{ github.base_ref && format('origin/{0}', github.base_ref) || "
    "github.ref_name == github.event.repository.default_branch && github.event.before || "
    "format('origin/{0}', github.event.repository.default_branch) }}"
)
"""What gates compare with: see `ci.shell.base`."""

_ON_DEFAULT_BRANCH = "github.event_name != 'pull_request' && github.ref_name == github.event.repository.default_branch"
_SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


def pipeline(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    checks = {"check": _check(project), "test": _test(project)}
    jobs = {name: job for name, job in checks.items() if job is not None}
    if shell.fans_out(project):
        fanned = fan(project)
        ids = names.stage_ids(fanned.jobs)
        first = list(jobs)
        jobs |= stage_jobs(project, fanned, ids, first)
        jobs["pipeline"] = _pipeline(project, [ids[stage] for stage in fanned.ends] or first, collect(fanned))
    else:
        step = {"name": "Run the pipeline", "run": shell.pipeline(project)}
        jobs["pipeline"] = _pipeline(project, list(jobs), step)
    if project.ci.pull_request:
        jobs["comment"] = _comment()
    concurrency = {
        "group": "${{ github.workflow }}-${{ github.ref }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }
    return workflow("mlops", _triggers(project.ci), jobs, concurrency=concurrency)


def _triggers(ci: Ci) -> dict[str, Any]:
    triggers: dict[str, Any] = {"push": {"branches": Flow(ci.push_branches)}} if ci.push_branches else {}
    if ci.pull_request:
        triggers["pull_request"] = None
    if ci.schedules:
        triggers["schedule"] = [{"cron": schedule} for schedule in ci.schedules]
    if ci.manual:
        triggers["workflow_dispatch"] = None
    return triggers


def _check(project: Project) -> Job | None:
    if (command := shell.check(project)) is None:
        return None
    return job(project, "Check", [*begin(project), {"name": "Check the pipeline", "run": command}], SHORT_MINUTES)


def _test(project: Project) -> Job | None:
    if (command := shell.test(project)) is None:
        return None
    step = {"name": "Test the code", "run": literal(command)}
    return job(project, "Test", [*begin(project), step], SHORT_MINUTES)


def _pipeline(project: Project, needs: list[str], results: Step) -> Job:
    """The job that ends with the report. ``results`` is the step that makes or restores what stages write."""
    steps = begin(project, depth=0)
    if project.uses_dvc:
        steps += [_cache(), restore(project)]
    run = f"{shell.base()}{results['run'].rstrip()}\n"
    steps.append({"name": results["name"], "env": environment(project, MLOPS_FROM=_FROM), "run": run})
    if project.uses_dvc:
        push = {"name": "Push results and the run cache", "if": _ON_DEFAULT_BRANCH, **secrets(project)}
        steps.append({**push, "run": shell.push()})
    steps += _report(project)
    outputs = {"report": "${{ steps.publish.outputs.report }}"}
    return job(project, "Pipeline", steps, needs=needs, outputs=outputs, **access(project))


def _cache() -> Step:
    key = "dvc-${{ runner.os }}-"
    cache = {"path": ".dvc/cache", "key": key + "${{ hashFiles('dvc.lock') }}", "restore-keys": key}
    return {"name": "Restore DVC's cache", "uses": uses("actions/cache"), "with": cache}


def _report(project: Project) -> list[Step]:
    base = {"env": {"BASE": "${{ github.base_ref }}"}} if project.uses_dvc else {}
    publish = render(__package__, "publish.sh.j2", limit=REPORT_BYTES)
    steps: list[Step] = [
        {"name": "Write the report", **base, "run": shell.report(project)},
        {"name": "Publish the report", "id": "publish", "run": publish},
    ]
    return [*steps, upload("Upload the plots", "plots", "dvc_plots")] if project.uses_dvc else steps


def _comment() -> Job:
    """A job of its own, because only it may write to pull requests."""
    step = {
        "name": "Write or update the comment",
        "env": {
            "GH_TOKEN": "${{ github.token }}",
            "NUMBER": "${{ github.event.pull_request.number }}",
            "REPORT": "${{ needs.pipeline.outputs.report }}",
        },
        "run": render(__package__, "comment.sh.j2"),
    }
    permissions = {"pull-requests": Remarked("write", "to post one comment and update it")}
    condition = f"github.event_name == 'pull_request' && {_SAME_REPOSITORY}"
    return short_job("Comment", condition, ["pipeline"], permissions, step)
