"""The jobs that check, test, run the pipeline and report."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow
from ...compiler.lower.fan_out import fan
from ...compiler.model.project import Project
from ..ci import project_file, shell
from ..ci.facts import SHORT_MINUTES
from ..ci.fan_out import collect
from .facts import TOKEN
from .job import PROGRAM, WHOLE_HISTORY, Job, access, caches, credentials, job, missing, package_cache, short_job
from .rules import merge_request
from .tasks import has_tasks, is_pipeline

_PLOTS = "dvc_plots"
_FORK = shell.Fork(
    '[ "${CI_MERGE_REQUEST_SOURCE_PROJECT_ID:-}" != "${CI_MERGE_REQUEST_PROJECT_ID:-}" ]', "notice: ", "exit 0"
)


def checks(project: Project) -> dict[str, Job]:
    """The job that checks the pipeline and tests the code, if there is anything to check.

    One job for both: a second one would install everything again for seconds of work.
    """
    commands = {"check": shell.check(project), "test": shell.test(project)}
    script = {name: command for name, command in commands.items() if command is not None}
    if not script:
        return {}
    more: dict[str, Any] = {"needs": Flow([]), "cache": package_cache(project)}
    if "pytest" in (project.test_command or ""):
        junit = project.from_top("junit.xml")
        more["variables"] = {"PYTEST_ADDOPTS": "--junitxml=junit.xml"}
        more["artifacts"] = {"when": "always", "paths": Flow([junit]), "reports": {"junit": junit}}
    return {next(iter(script)): job(project, "test", list(script.values()), SHORT_MINUTES, **more)}


def pipeline(project: Project, needs: list[str]) -> Job:
    """The job with the results. One at a time for each branch.

    If stages have jobs of their own, it waits for all of them, because it is in a later stage of GitLab's.
    """
    after: dict[str, Any] = {"needs": Flow(needs)}
    run = shell.pipeline(project)
    if shell.fans_out(project):
        after, run = {"dependencies": Flow([])}, collect(fan(project))
    return job(
        project,
        "pipeline",
        _script(project, run),
        **after,
        resource_group=f"{project_file(project)}-$CI_COMMIT_REF_SLUG",
        **access(project),
        variables=WHOLE_HISTORY,
        cache=caches(project),
        artifacts=_artifacts(project),
    )


def _script(project: Project, run: str) -> list[str]:
    base = render(__package__, "from.sh.j2") + shell.base()
    report = shell.report(project) + "cat report.md\n"
    if not project.uses_dvc:
        return [base, *missing(project), run, report]
    pushed = shell.push() + (shell.locked(project) if shell.pushes_lock(project) else "")
    push = render(__package__, "push.sh.j2", push=pushed)
    metrics = f"dvc metrics show --json | python {PROGRAM} metrics > metrics.txt"
    restore = shell.restore(fork=_FORK if project.ci.pull_request else None)
    return [base, *missing(project), restore, run, push, report, metrics]


def _artifacts(project: Project) -> dict[str, Any]:
    artifacts: dict[str, Any] = {"expose_as": "Metrics and plots"}
    if not project.uses_dvc:
        return {**artifacts, "paths": Flow([project.from_top("report.md")])}
    bundle = [project.from_top(shell.BUNDLE)] if shell.pushes_lock(project) else []
    paths = Flow([project.from_top("report.md"), project.from_top(_PLOTS), *bundle])
    return {**artifacts, "paths": paths, "reports": {"metrics": project.from_top("metrics.txt")}}


def lock(project: Project) -> Job:
    """The job that pushes dvc.lock to the default branch, or opens a merge request for it."""
    names = [
        f"if [ ! -e {shell.BUNDLE} ]; then echo 'dvc.lock is up to date'; exit 0; fi",
        "MLOPS_ORIGIN=$(git config --get remote.origin.url) MLOPS_COMMIT=$CI_COMMIT_SHA MLOPS_BRANCH=$CI_COMMIT_BRANCH",
    ]
    script = [credentials(project.ci.token), *names, shell.lock(project, render(__package__, "lock.sh.j2"))]
    rules = [
        {
            "if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
            + (f" && {is_pipeline(project)}" if has_tasks(project) else "")
        }
    ]
    return short_job(project, "report", script, needs=Flow(["pipeline"]), rules=rules, interruptible=False)


def note(project: Project) -> Job:
    """The job that writes the report to the merge request; a job of its own, because only it may write there."""
    rules = [{"if": f"{merge_request(project)} && ${TOKEN}"}]
    script = [f"python3 {PROGRAM} note report.md{f' {project.name}' if project.folder else ''}"]
    return short_job(project, "report", script, needs=Flow(["pipeline"]), rules=rules, allow_failure=True)
