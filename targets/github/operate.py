"""The workflows around the pipeline: experiments by hand, deployments by a registry tag, monitors by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.project import Project
from ..ci import operate, shell
from .workflow import MAX_MINUTES, RESTORE, access, begin, job, secrets, uses

FOLDER = ".github/workflows"

_PUSHES = {
    "GH_TOKEN": "${{ github.token }}",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "credential.helper",
    "GIT_CONFIG_VALUE_0": '!f() { echo username=x-access-token; echo "password=$GH_TOKEN"; }; f',
}
"""The environment of a step that reaches the repository: Git asks a helper for the token, so no command line holds it."""

_SHOWN = "${{ !cancelled() && hashFiles('report.md') != '' }}"
"""Also where an experiment failed: the others are worth seeing."""

_ISSUE = """\
number=$(gh issue list --repo "$GITHUB_REPOSITORY" --label "monitor-$MONITOR" --state open --json number --jq '.[0].number')
if [ -n "$number" ]; then
  printf '%s\\n' "$REPORT" | gh issue comment "$number" --repo "$GITHUB_REPOSITORY" --body-file -
else
  gh label create "monitor-$MONITOR" --repo "$GITHUB_REPOSITORY" --force
  printf '%s\\n' "$REPORT" | gh issue create --repo "$GITHUB_REPOSITORY" \\
    --title "The monitor $MONITOR is breached" --label "monitor-$MONITOR" --body-file -
fi
"""

_STATE = """\
if [ -f "monitoring/$MONITOR.breach.md" ]; then
  cat "monitoring/$MONITOR.breach.md" >> "$GITHUB_STEP_SUMMARY"
  mark="end-of-report-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')"
  {
    echo "breached=yes"
    echo "report<<$mark"
    cat "monitoring/$MONITOR.breach.md"
    echo "$mark"
  } >> "$GITHUB_OUTPUT"
fi
echo "retrain=$(RETRAINS)" >> "$GITHUB_OUTPUT"
""".replace("RETRAINS", operate.RETRAINS)

_PULL_REQUEST = """\
branch=$(git branch --show-current)
if [ -n "$branch" ] && [ "$branch" != "$GITHUB_REF_NAME" ]; then
  git push origin "HEAD:refs/heads/$branch"
  gh pr create --repo "$GITHUB_REPOSITORY" --head "$branch" --title "Retrain: the monitor $MONITOR was breached" \\
    --body "Made by the workflow of the monitor $MONITOR. Its gates hold; read the changed metrics before you merge."
fi
"""


def workflows(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the content of each of these workflows that the spec calls for."""
    if not (project.uses_make and project.uses_dvc):
        return
    if project.experiments:
        yield f"{FOLDER}/mlops-experiments.yml", _experiments(project)
    if project.deployments:
        yield f"{FOLDER}/mlops-deploy.yml", _deploy(project)
    if project.monitors:
        yield f"{FOLDER}/mlops-monitor.yml", _monitor(project)


def _workflow(name: str, on: dict[str, Any], jobs: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "on": on,
        "permissions": {},
        "defaults": {"run": {"shell": "bash -euo pipefail {0}"}},
        "jobs": jobs,
    }


def _alone(group: str) -> dict[str, Any]:
    """One at a time. Of a group GitHub keeps one that waits and drops the others, so each thing has a group of its own.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#concurrency
    """
    return {"concurrency": {"group": group, "cancel-in-progress": False}}


def _choice(about: str, options: list[str]) -> dict[str, Any]:
    return {"description": about, "type": "choice", "required": True, "options": options}


def _restore(project: Project) -> dict[str, Any]:
    return {"name": "Pull data and the run cache", **secrets(project), "run": RESTORE}


def _with(project: Project, **more: str) -> dict[str, str]:
    """The secrets, and more of the environment of a step."""
    return {**secrets(project).get("env", {}), **more}


def _artifact(name: str, path: str) -> dict[str, Any]:
    return {
        "name": "Keep the report",
        "uses": uses("actions/upload-artifact"),
        "with": {"name": name, "path": path, "if-no-files-found": "ignore"},
    }


def _experiments(project: Project) -> dict[str, Any]:
    options = list(project.experiments)
    on = {"workflow_dispatch": {"inputs": {"experiment": _choice("Which experiments to run", options)}}}
    steps = [
        *begin(project, depth=0),
        _restore(project),
        {
            "name": "Run the experiments and compare them",
            "env": _with(project, EXPERIMENT="${{ inputs.experiment }}"),
            "run": operate.EXPERIMENT,
        },
        {"name": "Push the run cache", **secrets(project), "run": shell.PUSH},
        {"name": "Show the table", "if": _SHOWN, "run": 'cat report.md >> "$GITHUB_STEP_SUMMARY"'},
        {**_artifact("experiments", "dvc_plots"), "if": _SHOWN},
    ]
    more = {**_alone("experiments-${{ github.ref }}-${{ inputs.experiment }}"), **access(project)}
    return _workflow("mlops experiments", on, {"experiments": job(project, "Experiments", MAX_MINUTES, steps, **more)})


def _deploy(project: Project) -> dict[str, Any]:
    said = project.deployments
    push: dict[str, Any] = {}
    if any(each.on == "push" for each in said.values()):
        push["branches"] = Flow(project.ci.push_branches or ("main",))
    if models := operate.tags(project):
        push["tags"] = [f"{model}@*" for model in models]
    inputs = {
        "environment": _choice("Where to deploy", list(said)),
        "version": {
            "description": "A registered version, `newest`, or `previous` to roll back",
            "type": "string",
            "default": "newest",
        },
    }
    on: dict[str, Any] = {**({"push": push} if push else {}), "workflow_dispatch": {"inputs": inputs}}
    jobs = {f"deploy-{name}": _deployment(project, name) for name in said}
    return _workflow("mlops deploy", on, jobs)


def _deployment(project: Project, name: str) -> dict[str, Any]:
    said = project.deployments[name]
    started = {
        "tag": f"(github.event_name == 'push' && startsWith(github.ref, 'refs/tags/{said.model}@'))",
        "push": "(github.event_name == 'push' && github.ref_type == 'branch')",
    }
    by_hand = f"(github.event_name == 'workflow_dispatch' && inputs.environment == '{name}')"
    newest = "'newest'" if said.on == "push" else "github.ref_name"
    environment: dict[str, Any] = {"name": name, **({"url": said.url} if said.url else {})}
    steps = [
        *begin(project, depth=0),
        {
            "name": "Deploy",
            "env": _with(project, MLOPS_PUSH="no", VERSION=f"${{{{ inputs.version || {newest} }}}}"),
            "run": f"make deploy-{name}",
        },
        {
            "name": "Record the deployment",
            "env": {**_PUSHES, "MODEL": said.model, "DEPLOYMENT": name},
            "run": operate.RECORD,
        },
    ]
    made = job(
        project, f"Deploy to {name}", MAX_MINUTES, steps, environment=environment, **_alone(f"deploy-{name}"),
        **{"if": " || ".join([*([started[said.on]] if said.on in started else []), by_hand])},
    )  # fmt: skip
    made["permissions"] = {"contents": Remarked("write", "to push the tag that records the deployment")}
    return made


def _monitor(project: Project) -> dict[str, Any]:
    said = project.monitors
    schedules = list(dict.fromkeys(each.schedule for each in said.values() if each.schedule))
    on: dict[str, Any] = {"schedule": [{"cron": line} for line in schedules]} if schedules else {}
    on["workflow_dispatch"] = {"inputs": {"monitor": _choice("What to look at", list(said))}}
    jobs: dict[str, Any] = {}
    for name, each in said.items():
        jobs[f"monitor-{name}"] = _watch(project, name)
        if each.opens_issue:
            jobs[f"issue-{name}"] = _issue(name)
        if each.retrains:
            jobs[f"retrain-{name}"] = _retrain(project, name)
    return _workflow("mlops monitor", on, jobs)


def _watch(project: Project, name: str) -> dict[str, Any]:
    said = project.monitors[name]
    when = [f"inputs.monitor == '{name}'"]
    if said.schedule:
        when.append(f"github.event.schedule == '{said.schedule}'")
    steps = [
        *begin(project, depth=0),
        _restore(project),
        {"name": "Restore the history", "env": _PUSHES, "run": operate.RESTORE_HISTORY},
        {"name": "Look", **secrets(project), "run": operate.WATCH},
        {"name": "Tell what was seen", "id": "state", "run": _STATE},
        {"name": "Keep the history", "env": _PUSHES, "run": operate.KEEP_HISTORY},
        _artifact(f"monitor-{name}", f"monitoring/{name}.*"),
    ]
    outputs = {key: f"${{{{ steps.state.outputs.{key} }}}}" for key in ("breached", "retrain", "report")}
    made = job(
        project, f"Monitor {name}", MAX_MINUTES, steps, env={"MONITOR": name}, outputs=outputs, **_alone(f"monitor-{name}"),
        **{"if": " || ".join(when)}, **access(project),
    )  # fmt: skip
    made["permissions"] = {"contents": Remarked("write", "to keep the history on its branch")}
    return made


def _issue(name: str) -> dict[str, Any]:
    return {
        "name": f"Issue for {name}",
        "needs": Flow([f"monitor-{name}"]),
        "if": f"needs.monitor-{name}.outputs.breached == 'yes'",
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 5,
        **_alone(f"issue-{name}"),
        "permissions": {"issues": Remarked("write", "to open one issue, and to update it")},
        "steps": [
            {
                "name": "Open or update the issue",
                "env": {
                    "GH_TOKEN": "${{ github.token }}",
                    "MONITOR": name,
                    "REPORT": f"${{{{ needs.monitor-{name}.outputs.report }}}}",
                },
                "run": _ISSUE,
            },
        ],
    }


def _retrain(project: Project, name: str) -> dict[str, Any]:
    steps = [
        *begin(project, depth=0),
        _restore(project),
        {"name": "Retrain", "env": _with(project, MLOPS_PUSH="no"), "run": f"make retrain-{name}"},
        {
            "name": "Propose the result",
            "env": {**_PUSHES, "MONITOR": name},
            "run": _PULL_REQUEST,
        },
    ]
    made = job(
        project, f"Retrain for {name}", MAX_MINUTES, steps, needs=Flow([f"monitor-{name}"]),
        **{"if": f"needs.monitor-{name}.outputs.retrain == 'yes'"}, **access(project), **_alone(f"retrain-{name}"),
    )  # fmt: skip
    made["permissions"] = {
        "contents": Remarked("write", "to push the branch with the result"),
        "pull-requests": Remarked("write", "to propose it"),
    }
    return made
