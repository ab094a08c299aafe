"""The workflow that checks, tests, runs the pipeline and reports."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.lower.fan_out import fan
from ...compiler.model.project import Project
from ..ci import shell
from ..ci.facts import DURATIONS, SHORT_MINUTES, WRITE_ENVIRONMENT
from . import names
from .escape import literal, string
from .facts import REPORT_BYTES
from .fan_out import FROM_FORK, collect, notice, stage_jobs
from .job import (
    CREDENTIALS,
    ORIGIN,
    Job,
    Step,
    access,
    begin,
    download,
    environment,
    job,
    paths,
    restore,
    secrets,
    signed_in,
    upload,
    workflow,
    writer,
)
from .pins import uses

_FROM = (
    "${{ github.base_ref && format('origin/{0}', github.base_ref) || "
    "github.ref_name == github.event.repository.default_branch && github.event.before || "
    "format('origin/{0}', github.event.repository.default_branch) }}"
)
"""What gates compare with: see `ci.shell.base`."""

_ON_DEFAULT_BRANCH = "github.event_name != 'pull_request' && github.ref_name == github.event.repository.default_branch"
_NOT_SKIPPED = "steps.data.outputs.skipped != 'yes'"
_SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


def pipeline(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    jobs = _checks(project)
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
        jobs["comment"] = _comment(project)
    if shell.pushes_lock(project):
        jobs["lock"] = _lock(project)
    concurrency = {
        "group": "${{ github.workflow }}-${{ github.ref }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }
    return workflow(project, "", _triggers(project), jobs, concurrency=concurrency)


def _triggers(project: Project) -> dict[str, Any]:
    ci = project.ci
    triggers: dict[str, Any] = (
        {"push": {"branches": Flow(ci.push_branches), **paths(project)}} if ci.push_branches else {}
    )
    if ci.pull_request:
        triggers["pull_request"] = paths(project) or None
    if ci.schedules:
        triggers["schedule"] = [{"cron": schedule} for schedule in ci.schedules]
    if ci.manual:
        triggers["workflow_dispatch"] = None
    return triggers


def _checks(project: Project) -> dict[str, Job]:
    """The job that checks and tests. One job for both: a second one would install everything again for seconds of work."""
    steps: dict[str, Step] = {}
    if (command := shell.check(project)) is not None:
        steps["check"] = {"name": "Check the pipeline", "run": command}
    if (command := shell.test(project)) is not None:
        steps["test"] = {"name": "Test the code", "run": literal(command)}
    if not steps:
        return {}
    forks = [notice()] if shell.fans_out(project) and project.ci.pull_request else []
    name = " and ".join(steps).capitalize()
    return {next(iter(steps)): job(project, name, [*begin(project), *steps.values(), *forks], SHORT_MINUTES)}


def _pipeline(project: Project, needs: list[str], results: Step) -> Job:
    """The job that ends with the report. ``results`` is the step that makes or restores what stages write."""
    steps = signed_in(project)
    run = f"{shell.base()}{results['run'].rstrip()}\n"
    later: list[Step] = [{"name": results["name"], "env": environment(project, MLOPS_FROM=_FROM), "run": run}]
    if project.uses_dvc:
        steps += [*_cache(project), _restore(project)]
        push = {"name": "Push results and the run cache", "if": _ON_DEFAULT_BRANCH, **secrets(project)}
        later.append({**push, "run": shell.push()})
        if shell.pushes_lock(project):
            output = 'echo "locked=yes" >> "$GITHUB_OUTPUT"'
            keep: Step = {"name": "Keep dvc.lock for the last job", "id": "locked", "if": _ON_DEFAULT_BRANCH}
            later += [
                {**keep, "run": shell.locked(project, output)},
                {**upload(project, "Upload dvc.lock", "locked", shell.BUNDLE), "if": _ON_DEFAULT_BRANCH},
            ]
    later += _report(project)
    if _may_be_skipped(project):
        later = [{"name": step["name"], "if": _NOT_SKIPPED, **step} for step in later]
    steps += later
    outputs = {"report": "${{ steps.publish.outputs.report }}"}
    if shell.pushes_lock(project):
        outputs["locked"] = "${{ steps.locked.outputs.locked }}"
    return job(project, "Pipeline", steps, needs=needs, outputs=outputs, **access(project))


def _may_be_skipped(project: Project) -> bool:
    """Whether a fork without credentials can end here. With `fan-out` its stages, and so this job, are skipped by GitHub."""
    return project.uses_dvc and project.ci.pull_request and not shell.fans_out(project)


def _restore(project: Project) -> Step:
    """Pull data and the run cache; without credentials, as in a fork, skip the steps that follow."""
    if not _may_be_skipped(project):
        return restore(project)
    skip = shell.Fork('[ "$MLOPS_FORK" = true ]', "::notice::", 'echo "skipped=yes" >> "$GITHUB_OUTPUT"')
    step = restore(project, skip)
    env = {**step.pop("env", {}), "MLOPS_FORK": f"${{{{ {FROM_FORK} }}}}"}
    return {"name": step.pop("name"), "id": "data", "env": env, **step}


def _cache(project: Project) -> list[Step]:
    if not project.ci.caches:
        return []
    key = f"dvc-{project.scoped('${{ runner.os }}-')}"
    paths = [project.from_top(f"{project.dvc_root}/.dvc/cache"), project.from_top(DURATIONS), *_kept(project)]
    lock = f"${{{{ hashFiles({string(project.from_top('dvc.lock'))}) }}}}"
    cache = {"path": "".join(f"{path}\n" for path in paths), "key": key + lock, "restore-keys": key}
    return [{"name": "Restore DVC's cache", "uses": uses("actions/cache"), "with": cache}]


def _kept(project: Project) -> list[str]:
    """The paths of `ci.cache`, from the root of the Git repository."""
    return [literal(path if path.startswith(("/", "~")) else project.from_top(path)) for path in project.ci.cached]


def _report(project: Project) -> list[Step]:
    base = {"env": {"MLOPS_BASE_BRANCH": "${{ github.base_ref }}"}} if project.uses_dvc else {}
    publish = render(__package__, "publish.sh.j2", limit=REPORT_BYTES)
    steps: list[Step] = [
        {"name": "Write the report", **base, "run": shell.report(project, "::notice::")},
        {"name": "Publish the report", "id": "publish", "run": publish},
    ]
    return [*steps, upload(project, "Upload the plots", "plots", "dvc_plots")] if project.uses_dvc else steps


def _lock(project: Project) -> Job:
    """The job that pushes dvc.lock, or opens a pull request for it."""
    token = {"GH_TOKEN": f"${{{{ secrets.{project.ci.token} }}}}"} if project.ci.token else {}
    env = {
        **CREDENTIALS,
        **token,
        **ORIGIN,
        "MLOPS_COMMIT": "${{ github.sha }}",
        "MLOPS_BRANCH": "${{ github.ref_name }}",
    }
    script = shell.lock(project, render(__package__, "lock.sh.j2"), "::error::", "::notice::")
    step = {"name": "Push dvc.lock", "env": env, "run": script}
    permissions = {"contents": Remarked("write", "to push dvc.lock")}
    if project.ci.lock == "propose":
        step["name"] = "Propose dvc.lock"
        permissions["pull-requests"] = Remarked("write", "to open a pull request for it")
    result = download(project, "Download dvc.lock", "locked", ".")
    apart = {"environment": WRITE_ENVIRONMENT} if project.ci.token else {}
    return writer("Lock", "needs.pipeline.outputs.locked == 'yes'", ["pipeline"], permissions, result, step, **apart)


def _comment(project: Project) -> Job:
    """A job of its own, because only it may write to pull requests."""
    step = {
        "name": "Write or update the comment",
        "env": {
            "GH_TOKEN": "${{ github.token }}",
            "MLOPS_MARK": f"<!-- mlopsc: report of {project.name} -->",
            "MLOPS_PULL_REQUEST": "${{ github.event.pull_request.number }}",
            "MLOPS_REPORT": "${{ needs.pipeline.outputs.report }}",
        },
        "run": render(__package__, "comment.sh.j2"),
    }
    permissions = {"pull-requests": Remarked("write", "to post one comment and update it")}
    condition = f"github.event_name == 'pull_request' && {_SAME_REPOSITORY}"
    return writer("Comment", condition, ["pipeline"], permissions, step)
