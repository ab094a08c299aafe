"""The workflow as data."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.ci import Ci
from ...compiler.model.project import Project
from ..ci import shell
from .escape import literal

MAX_MINUTES = 360  # https://docs.github.com/actions/reference/limits#job-execution-time
HOSTED = "ubuntu-latest"
REPORT_BYTES = 60_000  # a comment holds 65,536 characters

ACTIONS = {
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/setup-python": ("e797f83bcb11b83ae66e0230d6156d7c80228e7c", "v6.0.0"),
    "actions/upload-artifact": ("ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
    "actions/cache": ("0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
}
"""The commit behind each release, as their repositories' tags have it."""

RESTORE = shell.restore("::warning::", 'echo "SETTING" >> "$GITHUB_ENV"')

_PUBLISH = """\
cat report.md >> "$GITHUB_STEP_SUMMARY"
mark="end-of-report-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')"
{
  echo "report<<$mark"
  head -c BYTES report.md
  echo
  echo "$mark"
} >> "$GITHUB_OUTPUT"
""".replace("BYTES", str(REPORT_BYTES))

_COMMENT = """\
printf '%s\\n' "$REPORT" |
  gh pr comment "$NUMBER" --repo "$GITHUB_REPOSITORY" --edit-last --create-if-none --body-file -
"""


_FROM = (
    "${{ github.base_ref && format('origin/{0}', github.base_ref) || "
    "github.ref_name == github.event.repository.default_branch && github.event.before || "
    "format('origin/{0}', github.event.repository.default_branch) }}"
)
"""What gates compare with: see `shell.FROM`."""


def workflow(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    ci = project.ci
    triggers = _triggers(ci)
    first = {"check": _check(project), "test": _test(project)}
    jobs = {name: job for name, job in first.items() if job is not None}
    if shell.fans_out(project):
        from .fan_out import fanned

        jobs |= fanned(project, list(jobs))
    else:
        step = {"name": "Run the pipeline", "run": shell.pipeline(project)}
        jobs["pipeline"] = pipeline(project, list(jobs), step)
    if "pull_request" in triggers:
        jobs["comment"] = _comment()
    return {
        "name": "mlops",
        "on": triggers,
        "permissions": {},
        "concurrency": {
            "group": "${{ github.workflow }}-${{ github.ref }}",
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        "defaults": {"run": {"shell": "bash -euo pipefail {0}"}},
        "jobs": jobs,
    }


def _triggers(ci: Ci) -> dict[str, Any]:
    triggers: dict[str, Any] = {"push": {"branches": Flow(ci.push_branches)}} if ci.push_branches else {}
    if ci.pull_request:
        triggers["pull_request"] = None
    if ci.schedules:
        triggers["schedule"] = [{"cron": line} for line in ci.schedules]
    if ci.manual:
        triggers["workflow_dispatch"] = None
    return triggers


def uses(action: str) -> Remarked:
    commit, release = ACTIONS[action]
    return Remarked(f"{action}@{commit}", release)


def job(project: Project, name: str, limit: int, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A job on the machine that the spec names; ``limit`` is in minutes, where the spec says none."""
    return job_on(project.ci.runner, name, project.ci.timeout_minutes or limit, steps, **more)


def job_on(
    labels: tuple[str, ...], name: str, minutes: int, steps: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A job on the machine with these labels, or where there are none on one of GitHub's own."""
    return {
        "name": name,
        **{key: value for key, value in more.items() if key in ("needs", "if")},
        "runs-on": _runs_on(labels),
        "timeout-minutes": minutes if labels else min(minutes, MAX_MINUTES),
        "permissions": {"contents": Remarked("read", "to check the repository out")},
        **{key: value for key, value in more.items() if key not in ("needs", "if")},
        "steps": steps,
    }


def _runs_on(labels: tuple[str, ...]) -> Any:
    return Flow(labels) if len(labels) > 1 else labels[0] if labels else HOSTED


def begin(project: Project, depth: int = 1) -> list[dict[str, Any]]:
    """Check out, and set up Python and what the project needs."""
    checkout: dict[str, Any] = {"persist-credentials": False}
    if depth != 1:
        checkout = {"fetch-depth": depth, **checkout}
    install = shell.setup(project) + '\necho "$PWD/.venv/bin" >> "$GITHUB_PATH"\n'
    return [
        {"name": "Check out", "uses": uses("actions/checkout"), "with": checkout},
        {
            "name": "Set up Python",
            "uses": uses("actions/setup-python"),
            "with": {"python-version": project.ci.python or shell.PYTHON},
        },
        {"name": "Install what the project needs", "run": install},
    ]


def secrets(project: Project) -> dict[str, Any]:
    names = project.ci.secrets
    return {"env": {name: f"${{{{ secrets.{name} }}}}" for name in names}} if names else {}


def _check(project: Project) -> dict[str, Any] | None:
    if (run := shell.check(project)) is None:
        return None
    return job(project, "Check", shell.SHORT_MINUTES, [*begin(project), {"name": "Check the pipeline", "run": run}])


def _test(project: Project) -> dict[str, Any] | None:
    if (run := shell.test(project)) is None:
        return None
    said = [*begin(project), {"name": "Test the code", "run": literal(run)}]
    return job(project, "Test", shell.SHORT_MINUTES, said)


def access(project: Project) -> dict[str, Any]:
    """The environment of a job that sees the secrets."""
    return {"environment": shell.ENVIRONMENT} if project.ci.secrets else {}


def pipeline(project: Project, needs: list[str], step: dict[str, Any]) -> dict[str, Any]:
    """The job that ends with the report; ``step`` is the one that has the results there."""
    steps = begin(project, depth=0)
    if project.uses_dvc:
        key = "dvc-${{ runner.os }}-"
        cache = {"path": ".dvc/cache", "key": key + "${{ hashFiles('dvc.lock') }}", "restore-keys": key}
        steps += [
            {"name": "Restore DVC's cache", "uses": uses("actions/cache"), "with": cache},
            {"name": "Pull data and the run cache", **secrets(project), "run": RESTORE},
        ]
    environment = {**secrets(project).get("env", {}), "MLOPS_FROM": _FROM}
    steps.append({"name": step["name"], "env": environment, "run": f"{shell.FROM}{step['run'].rstrip()}\n"})
    if project.uses_dvc:
        pushed = "github.event_name != 'pull_request' && github.ref_name == github.event.repository.default_branch"
        steps.append({"name": "Push results and the run cache", "if": pushed, **secrets(project), "run": shell.PUSH})
    steps += [
        {
            "name": "Write the report",
            **({"env": {"BASE": "${{ github.base_ref }}"}} if project.uses_dvc else {}),
            "run": shell.report(project),
        },
        {"name": "Publish the report", "id": "publish", "run": _PUBLISH},
    ]
    if project.uses_dvc:
        kept = {"name": "plots", "path": "dvc_plots", "if-no-files-found": "ignore"}
        steps.append({"name": "Keep the plots", "uses": uses("actions/upload-artifact"), "with": kept})
    more = {"outputs": {"report": "${{ steps.publish.outputs.report }}"}, **access(project)}
    return job(project, "Pipeline", MAX_MINUTES, steps, needs=Flow(needs), **more)


def _comment() -> dict[str, Any]:
    """A job of its own, because only it may write to pull requests."""
    mine = "github.event.pull_request.head.repo.full_name == github.repository"
    environment = {
        "GH_TOKEN": "${{ github.token }}",
        "NUMBER": "${{ github.event.pull_request.number }}",
        "REPORT": "${{ needs.pipeline.outputs.report }}",
    }
    return {
        "name": "Comment",
        "needs": Flow(["pipeline"]),
        "if": f"github.event_name == 'pull_request' && {mine}",
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 5,
        "permissions": {"pull-requests": Remarked("write", "to write one comment, and to update it")},
        "steps": [{"name": "Write or update the comment", "env": environment, "run": _COMMENT}],
    }
