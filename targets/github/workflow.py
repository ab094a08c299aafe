"""The workflow as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...compiler.emit.actions import literal
from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.graph import Project
from ...schemas.words import seconds

if TYPE_CHECKING:
    from ...schemas.ci import Ci

MAX_MINUTES = 360  # https://docs.github.com/actions/reference/limits#job-execution-time
SHORT_MINUTES = 30
PYTHON = "3.12"
ENVIRONMENT = "mlops"
"""The environment of the job that sees secrets: its rules can say who may start it. GitHub makes it if need be."""
REPORT_BYTES = 60_000  # a comment holds 65,536 characters

ACTIONS = {
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/setup-python": ("e797f83bcb11b83ae66e0230d6156d7c80228e7c", "v6.0.0"),
    "actions/upload-artifact": ("ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
    "actions/cache": ("0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
}
"""The commit behind each release, as their repositories' tags have it."""

_RESTORE = """\
if [ -z "$(dvc remote list)" ]; then
  echo "no DVC remote is configured: nothing to pull"
else
  dvc fetch --run-cache || echo "::warning::the run cache could not be fetched"
  dvc pull --allow-missing || echo "::warning::not everything could be pulled; stages make what is missing"
fi
"""

_PUSH = """\
if [ -z "$(dvc remote list)" ]; then
  echo "no DVC remote is configured: nothing to push"
else
  dvc push --run-cache
fi
"""

_REPORT = """\
{
  echo "## Metrics"
  echo
  dvc metrics show --md
  if [ -n "$BASE" ]; then
    printf '\\n### Against %s\\n\\n' "$BASE"
    dvc metrics diff --md "origin/$BASE" || echo "there is nothing to compare with"
    echo
    dvc params diff --md "origin/$BASE" || true
  fi
  if dvc plots show > /dev/null 2>&1 && [ -d dvc_plots ]; then
    printf '\\n## Plots\\n\\nThey are in the artifact plots of this run: open index.html.\\n\\n'
    find dvc_plots -type f | sort | sed 's/^/- /'
  fi
} > report.md
"""

_METRICS = """\
{
  echo "## Metrics"
  echo
  echo '```'
  make --no-print-directory metrics
  echo '```'
} > report.md
"""

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


def minutes(ci: Ci) -> int | None:
    """The limit of one job that the spec asks for, in whole minutes."""
    limit = seconds(ci.timeout)
    return None if limit is None else max(1, -(-limit // 60))


def workflow(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    ci = project.spec.ci
    jobs = {"check": _check(project), "test": _test(project), "pipeline": _pipeline(project)}
    triggers = _triggers(ci)
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
        "jobs": {name: job for name, job in jobs.items() if job is not None},
    }


def _triggers(ci: Ci) -> dict[str, Any]:
    on = ci.on
    branches = on.push if on is not None and on.push is not None else ["main"]
    triggers: dict[str, Any] = {"push": {"branches": Flow(branches)}} if branches else {}
    if on is None or on.pull_request is not False:
        triggers["pull_request"] = None
    if on is not None and on.schedule:
        triggers["schedule"] = [{"cron": line} for line in on.schedule]
    if on is None or on.manual is not False:
        triggers["workflow_dispatch"] = None
    return triggers


def _uses(action: str) -> Remarked:
    commit, release = ACTIONS[action]
    return Remarked(f"{action}@{commit}", release)


def _job(project: Project, name: str, limit: int, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    runner = project.spec.ci.runner
    asked = minutes(project.spec.ci)
    return {
        "name": name,
        **{key: value for key, value in more.items() if key in ("needs", "if")},
        "runs-on": "ubuntu-latest" if runner is None else Flow(runner) if isinstance(runner, list) else runner,
        "timeout-minutes": limit if asked is None else min(asked, MAX_MINUTES) if runner is None else asked,
        "permissions": {"contents": Remarked("read", "to check the repository out")},
        **{key: value for key, value in more.items() if key not in ("needs", "if")},
        "steps": steps,
    }


def _begin(project: Project, depth: int = 1) -> list[dict[str, Any]]:
    """Check out, and set up Python and what the project needs."""
    checkout: dict[str, Any] = {"persist-credentials": False}
    if depth != 1:
        checkout = {"fetch-depth": depth, **checkout}
    install = "make setup" if _has_make(project) else _install(project)
    return [
        {"name": "Check out", "uses": _uses("actions/checkout"), "with": checkout},
        {
            "name": "Set up Python",
            "uses": _uses("actions/setup-python"),
            "with": {"python-version": project.spec.ci.python or PYTHON},
        },
        {"name": "Install what the project needs", "run": install + '\necho "$PWD/.venv/bin" >> "$GITHUB_PATH"\n'},
    ]


def _has_make(project: Project) -> bool:
    return "make" in project.spec.stack.targets


def _has_dvc(project: Project) -> bool:
    return "dvc" in project.spec.stack.orchestrators


def _install(project: Project) -> str:
    what = {"requirements.txt": "-r requirements.txt", "pyproject.toml": "-e ."}.get(project.requirements or "", "")
    return f"python -m venv .venv\n.venv/bin/python -m pip install {what}{' dvc' if _has_dvc(project) else ''}".rstrip()


def _secrets(project: Project) -> dict[str, Any]:
    names = project.spec.ci.secrets or []
    return {"env": {name: f"${{{{ secrets.{name} }}}}" for name in names}} if names else {}


def _check(project: Project) -> dict[str, Any] | None:
    if not (_has_make(project) or _has_dvc(project)):
        return None
    run = "make check" if _has_make(project) else "dvc stage list --all --name-only"
    return _job(project, "Check", SHORT_MINUTES, [*_begin(project), {"name": "Check the pipeline", "run": run}])


def _test(project: Project) -> dict[str, Any] | None:
    if project.test_command is None:
        return None
    run = "make test" if _has_make(project) else literal(project.test_command)
    return _job(project, "Test", SHORT_MINUTES, [*_begin(project), {"name": "Test the code", "run": run}])


def _pipeline(project: Project) -> dict[str, Any]:
    steps = _begin(project, depth=0)
    needs = ["check", *(["test"] if project.test_command is not None else [])]
    if _has_dvc(project):
        key = "dvc-${{ runner.os }}-"
        cache = {"path": ".dvc/cache", "key": key + "${{ hashFiles('dvc.lock') }}", "restore-keys": key}
        steps += [
            {"name": "Restore DVC's cache", "uses": _uses("actions/cache"), "with": cache},
            {"name": "Pull data and the run cache", **_secrets(project), "run": _RESTORE},
        ]
    run = "make pipeline" if _has_make(project) else "dvc repro"
    steps.append({"name": "Run the pipeline", **_secrets(project), "run": run})
    if _has_dvc(project):
        pushed = "github.event_name != 'pull_request' && github.ref_name == github.event.repository.default_branch"
        steps.append({"name": "Push results and the run cache", "if": pushed, **_secrets(project), "run": _PUSH})
    steps += [
        {
            "name": "Write the report",
            **({"env": {"BASE": "${{ github.base_ref }}"}} if _has_dvc(project) else {}),
            "run": _REPORT if _has_dvc(project) else _METRICS,
        },
        {"name": "Publish the report", "id": "publish", "run": _PUBLISH},
    ]
    if _has_dvc(project):
        kept = {"name": "plots", "path": "dvc_plots", "if-no-files-found": "ignore"}
        steps.append({"name": "Keep the plots", "uses": _uses("actions/upload-artifact"), "with": kept})
    more: dict[str, Any] = {"outputs": {"report": "${{ steps.publish.outputs.report }}"}}
    if project.spec.ci.secrets:
        more["environment"] = ENVIRONMENT
    return _job(project, "Pipeline", MAX_MINUTES, steps, needs=Flow(needs), **more)


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
