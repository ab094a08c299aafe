"""`.gitlab-ci.yml` as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...compiler.emit.gitlab import branch, label
from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.graph import Project
from ...compiler.programs import FOLDER
from ...schemas.words import listed
from ..ci import shell

if TYPE_CHECKING:
    from ...schemas.ci import Ci

DEFAULT_MINUTES = 180
"""The limit of the pipeline job where the spec gives none; GitLab's own is an hour, unless the project says otherwise."""
TOKEN = "GITLAB_TOKEN"
"""The variable with an access token (scope `api`, role Reporter) by which the report becomes a note."""
NOTE_ENVIRONMENT = "mlops-note"
"""The environment of that variable, so that no job which runs code of the merge request sees it."""
NOTES = "gitlab.py"
PLOTS = "dvc_plots"

PACKAGES = ".cache/packages"
_MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_PUSH = '$CI_PIPELINE_SOURCE == "push"'
_OTHERS = "$CI_COMMIT_BRANCH != $CI_DEFAULT_BRANCH"

_BASE = """\
BASE=${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-}
export MLOPS_BASE=${BASE:+origin/$BASE}
git remote set-head origin "$CI_DEFAULT_BRANCH" 2> /dev/null || true
"""

_SECRETS = """\
for name in NAMES; do
  printenv "$name" > /dev/null || echo "warning: $name is not set; see Settings > CI/CD > Variables, environment ENVIRONMENT"
done
"""

_PUSH_RESULTS = """\
if [ "${CI_COMMIT_BRANCH:-}" = "$CI_DEFAULT_BRANCH" ]; then
PUSH
fi
"""


def pipeline(project: Project) -> dict[str, Any]:
    """The whole file."""
    ci = project.spec.ci
    found = {"check": _check(project), "test": _test(project), "pipeline": _pipeline(project), "note": _note(ci)}
    jobs = {name: job for name, job in found.items() if job is not None}
    return {
        "workflow": {"auto_cancel": {"on_new_commit": "none"}, "rules": rules(ci)},
        "stages": Flow(dict.fromkeys(job["stage"] for job in jobs.values())),
        "variables": {
            "PIP_CACHE_DIR": f"$CI_PROJECT_DIR/{PACKAGES}/pip",
            "UV_CACHE_DIR": f"$CI_PROJECT_DIR/{PACKAGES}/uv",
        },
        "default": {
            "image": f"python:{ci.python or shell.PYTHON}",
            **({"tags": Flow(label(text) for text in listed(ci.runner))} if ci.runner is not None else {}),
            "interruptible": True,
            "before_script": [*shell.setup(project).splitlines(), 'export PATH="$PWD/.venv/bin:$PATH"'],
        },
        **jobs,
    }


def rules(ci: Ci) -> list[dict[str, Any]]:
    """What starts a pipeline: never two for one commit, but for the default branch, whose pipeline pushes."""
    on = ci.on
    found: list[dict[str, Any]] = []
    requests = on is None or on.pull_request is not False
    if requests:
        found.append({"if": _MERGE_REQUEST, "auto_cancel": {"on_new_commit": "interruptible"}})
        found.append({"if": f"{_PUSH} && $CI_OPEN_MERGE_REQUESTS && {_OTHERS}", "when": "never"})
    for pattern in reversed(
        on.push if on is not None and on.push is not None else ["main"]
    ):  # GitHub's last one decides
        taken = not pattern.startswith("!")
        found.append({"if": f"{_PUSH} && {branch(pattern.removeprefix('!'))}", **({} if taken else {"when": "never"})})
    if on is not None and on.schedule:
        lines = ", ".join(on.schedule)
        found.append({"if": Remarked('$CI_PIPELINE_SOURCE == "schedule"', f"to be made in the project: {lines}")})
    if on is None or on.manual is not False:
        found.append({"if": "$CI_PIPELINE_SOURCE =~ /^(api|web)$/"})
    return found or [{"when": "never"}]


def _job(project: Project, stage: str, limit: int, script: list[str], **more: Any) -> dict[str, Any]:
    asked = shell.minutes(project.spec.ci)
    return {"stage": stage, "timeout": f"{limit if asked is None else asked} minutes", **more, "script": script}


def _packages() -> dict[str, Any]:
    return {"key": "packages", "paths": Flow([PACKAGES])}


def _check(project: Project) -> dict[str, Any] | None:
    if (command := shell.check(project)) is None:
        return None
    return _job(project, "test", shell.SHORT_MINUTES, [command], needs=Flow([]), cache=[_packages()])


def _test(project: Project) -> dict[str, Any] | None:
    if (command := shell.test(project)) is None:
        return None
    more: dict[str, Any] = {"needs": Flow([]), "cache": [_packages()]}
    if "pytest" in (project.test_command or ""):
        more["variables"] = {"PYTEST_ADDOPTS": "--junitxml=junit.xml"}
        more["artifacts"] = {"when": "always", "paths": Flow(["junit.xml"]), "reports": {"junit": "junit.xml"}}
    return _job(project, "test", shell.SHORT_MINUTES, [command], **more)


def _pipeline(project: Project) -> dict[str, Any]:
    """One at a time for each branch; what it has made is kept even where a later stage fails."""
    dvc = shell.has_dvc(project)
    needs = [name for name, job in (("check", _check(project)), ("test", _test(project))) if job is not None]
    cache = [_packages()]
    if dvc:
        fallback = Flow(["dvc-$CI_DEFAULT_BRANCH"])
        key = {"key": "dvc-$CI_COMMIT_REF_SLUG", "fallback_keys": fallback, "paths": Flow([".dvc/cache"])}
        cache.append({**key, "when": "always"})
    more: dict[str, Any] = {"needs": Flow(needs), "resource_group": "mlops-$CI_COMMIT_REF_SLUG"}
    if project.spec.ci.secrets:
        more["environment"] = {"name": label(shell.ENVIRONMENT), "action": "access"}
    script = [_BASE, *_secrets(project), *([shell.restore()] if dvc else []), shell.pipeline(project)]
    paths = ["report.md"]
    reports: dict[str, Any] = {}
    if dvc:
        script.append(_PUSH_RESULTS.replace("PUSH", "\n".join(f"  {line}" for line in shell.PUSH.splitlines())))
        paths.append(PLOTS)
        reports["metrics"] = "metrics.txt"
    script.append(shell.report(project) + "cat report.md\n")
    if dvc:
        script.append(f"dvc metrics show --json | python {FOLDER}/{NOTES} metrics > metrics.txt")
    artifacts = {"expose_as": "Metrics and plots", "paths": Flow(paths), **({"reports": reports} if reports else {})}
    more |= {"variables": {"GIT_DEPTH": "0"}, "cache": cache, "artifacts": artifacts}
    return _job(project, "pipeline", DEFAULT_MINUTES, script, **more)


def _secrets(project: Project) -> list[str]:
    names = project.spec.ci.secrets
    return [_SECRETS.replace("NAMES", " ".join(names)).replace("ENVIRONMENT", shell.ENVIRONMENT)] if names else []


def _note(ci: Ci) -> dict[str, Any] | None:
    """A job of its own, because it alone may see the token, and needs nothing but Python."""
    if ci.on is not None and ci.on.pull_request is False:
        return None
    return {
        "stage": "report",
        "needs": Flow(["pipeline"]),
        "rules": [{"if": f"{_MERGE_REQUEST} && ${TOKEN}"}],
        "timeout": "5 minutes",
        "allow_failure": True,
        "environment": {"name": NOTE_ENVIRONMENT, "action": "access"},
        "before_script": Flow([]),
        "script": [f"python3 {FOLDER}/{NOTES} note report.md"],
    }
