"""`.gitlab-ci.yml` as data."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.ci import Ci
from ...compiler.model.project import Project
from ..ci import shell
from . import operate
from .escape import branch, label
from .job import (
    DEFAULT_MINUTES,
    PACKAGES,
    PROGRAM,
    TOKEN,
    WHOLE,
    access,
    caches,
    install,
    job,
    missing,
    packages,
    short,
)

PLOTS = "dvc_plots"
STAGES = ("test", "run", "pipeline", "deploy", "monitor", "report")

_MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_PUSH = '$CI_PIPELINE_SOURCE == "push"'
_SCHEDULE = '$CI_PIPELINE_SOURCE == "schedule"'
_BY_HAND = "$CI_PIPELINE_SOURCE =~ /^(api|web)$/"
_OTHERS = "$CI_COMMIT_BRANCH != $CI_DEFAULT_BRANCH"

_BASE = (
    """\
BASE=${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-}
git remote set-head origin "$CI_DEFAULT_BRANCH" 2> /dev/null || true
MLOPS_FROM=${BASE:+origin/$BASE}
if [ "${CI_COMMIT_BRANCH:-}" = "$CI_DEFAULT_BRANCH" ]; then
  MLOPS_FROM=${CI_COMMIT_BEFORE_SHA:-}
fi
"""
    + shell.FROM
)

_PUSH_RESULTS = """\
if [ "${CI_COMMIT_BRANCH:-}" = "$CI_DEFAULT_BRANCH" ]; then
PUSH
fi
"""


def pipeline(project: Project) -> dict[str, Any]:
    """The whole file."""
    ci = project.ci
    first = {"check": _check(project), "test": _test(project)}
    jobs = {name: job for name, job in first.items() if job is not None}
    more = operate.operates(project)
    others = dict(operate.jobs(project)) if more else {}
    if (note := _note(ci)) is not None:
        others["note"] = note
    if shell.fans_out(project):
        from .fan_out import fanned

        jobs.update(fanned(project, list(jobs), ["pipeline", *jobs, *others]))
    jobs["pipeline"] = _pipeline(project, [name for name in first if name in jobs])
    if more:
        rules_ = [{"if": f"{operate.USUAL} && $CI_COMMIT_TAG == null"}]
        jobs = {name: job if "extends" in job else {"rules": rules_, **job} for name, job in jobs.items()}
    jobs |= others
    used = {job.get("stage") for job in jobs.values()}
    return {
        "workflow": {"auto_cancel": {"on_new_commit": "none"}, "rules": rules(project)},
        "stages": Flow(stage for stage in STAGES if stage in used),
        "variables": {
            **(operate.variables(project) if more else {}),
            "PIP_CACHE_DIR": f"$CI_PROJECT_DIR/{PACKAGES}/pip",
            "UV_CACHE_DIR": f"$CI_PROJECT_DIR/{PACKAGES}/uv",
        },
        "default": {
            "image": f"python:{ci.python or shell.PYTHON}",
            **({"tags": Flow(label(text) for text in ci.runner)} if ci.runner else {}),
            "interruptible": True,
            "before_script": install(project),
        },
        **jobs,
    }


def rules(project: Project) -> list[dict[str, Any]]:
    """What starts a pipeline: never two for one commit, but for the default branch, whose pipeline pushes."""
    ci = project.ci
    more = operate.operates(project)
    found: list[dict[str, Any]] = []
    if ci.pull_request:
        found.append({"if": _MERGE_REQUEST, "auto_cancel": {"on_new_commit": "interruptible"}})
        found.append({"if": f"{_PUSH} && $CI_OPEN_MERGE_REQUESTS && {_OTHERS}", "when": "never"})
    for pattern in reversed(ci.push_branches):  # of GitHub's patterns the last one decides
        taken = not pattern.startswith("!")
        found.append({"if": f"{_PUSH} && {branch(pattern.removeprefix('!'))}", **({} if taken else {"when": "never"})})
    if more:
        found += operate.starts(project)
    if ci.schedules:
        found.append({"if": Remarked(_SCHEDULE, f"to be made in the project: {', '.join(ci.schedules)}")})
    elif more and project.monitors:
        found.append({"if": f"{_SCHEDULE} && {operate.OTHER}"})
    if ci.manual:
        found.append({"if": _BY_HAND})
    elif more:
        found.append({"if": f"{_BY_HAND} && {operate.OTHER}"})
    return found or [{"when": "never"}]


def _check(project: Project) -> dict[str, Any] | None:
    if (command := shell.check(project)) is None:
        return None
    return job(project, "test", shell.SHORT_MINUTES, [command], needs=Flow([]), cache=[packages()])


def _test(project: Project) -> dict[str, Any] | None:
    if (command := shell.test(project)) is None:
        return None
    more: dict[str, Any] = {"needs": Flow([]), "cache": [packages()]}
    if "pytest" in (project.test_command or ""):
        more["variables"] = {"PYTEST_ADDOPTS": "--junitxml=junit.xml"}
        more["artifacts"] = {"when": "always", "paths": Flow(["junit.xml"]), "reports": {"junit": "junit.xml"}}
    return job(project, "test", shell.SHORT_MINUTES, [command], **more)


def _pipeline(project: Project, needs: list[str]) -> dict[str, Any]:
    """One at a time for each branch. Where stages have jobs, it waits for all of them, being in a later stage of GitLab's."""
    dvc = project.uses_dvc
    after: dict[str, Any] = {"needs": Flow(needs)}
    run = shell.pipeline(project)
    if shell.fans_out(project):
        from .fan_out import finish

        after, run = {"dependencies": Flow([])}, finish(project)
    script = [_BASE, *missing(project), *([shell.restore()] if dvc else []), run]
    paths = ["report.md"]
    reports: dict[str, Any] = {}
    if dvc:
        script.append(_PUSH_RESULTS.replace("PUSH", "\n".join(f"  {line}" for line in shell.PUSH.splitlines())))
        paths.append(PLOTS)
        reports["metrics"] = "metrics.txt"
    script.append(shell.report(project) + "cat report.md\n")
    if dvc:
        script.append(f"dvc metrics show --json | python {PROGRAM} metrics > metrics.txt")
    artifacts = {"expose_as": "Metrics and plots", "paths": Flow(paths), **({"reports": reports} if reports else {})}
    return job(
        project, "pipeline", DEFAULT_MINUTES, script, **after, resource_group="mlops-$CI_COMMIT_REF_SLUG",
        **access(project), variables=WHOLE, cache=caches(project), artifacts=artifacts,
    )  # fmt: skip


def _note(ci: Ci) -> dict[str, Any] | None:
    """A job of its own, because it may write to merge requests."""
    if not ci.pull_request:
        return None
    rules = [{"if": f"{_MERGE_REQUEST} && ${TOKEN}"}]
    return short(
        "report", [f"python3 {PROGRAM} note report.md"], needs=Flow(["pipeline"]), rules=rules, allow_failure=True
    )
