"""The jobs around the pipeline: experiments by hand, deployments by a registry tag, monitors by schedules.

GitLab has one file and one form to start a pipeline by hand, so a variable says what a pipeline is for. It holds the
name of a make target, and is `pipeline` unless a person or a schedule says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.operations import Deployment
from ...compiler.model.project import Project
from ..ci import operate, shell
from .escape import label, tag
from .job import DEFAULT_MINUTES, PROGRAM, TOKEN, WHOLE, access, caches, job, missing, packages, short

TASK = "MLOPS_TASK"
VERSION = "MLOPS_VERSION"
USUAL = f'${TASK} == "pipeline"'
OTHER = f'${TASK} != "pipeline"'

_VERSION = f'export VERSION="${{CI_COMMIT_TAG:-${VERSION}}}" MLOPS_PUSH=no'

_CREDENTIALS = f"""\
if [ -n "${{{TOKEN}:-}}" ]; then
  GIT_CONFIG_VALUE_0='!f() {{ echo username=oauth2; echo "password=${TOKEN}"; }}; f'
  GIT_CONFIG_VALUE_1=$(git config --get remote.origin.url)
  export GIT_CONFIG_COUNT=2 GIT_CONFIG_VALUE_0 GIT_CONFIG_VALUE_1
  export GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_KEY_1="url.$CI_PROJECT_URL.git.insteadOf"
fi
"""
"""Git reaches GitLab by the token where there is one, else by the job's own, where the project lets jobs push.

It is in the environment, so that no command line and no file holds the token, and for every repository that a step has.
"""

_BUNDLE = "retrained.bundle"

_RETRAIN = f"""\
BEFORE=$(git rev-parse HEAD)
make "retrain-$MONITOR"
if [ "$(git rev-parse HEAD)" != "$BEFORE" ]; then
  git bundle create {_BUNDLE} "$BEFORE..$(git branch --show-current)"
fi
"""

_PROPOSE = f"""\
branch=$(git bundle list-heads {_BUNDLE} | sed 's,.* refs/heads/,,')
git fetch --quiet {_BUNDLE} "refs/heads/$branch"
git push --push-option=merge_request.create --push-option="merge_request.target=$CI_DEFAULT_BRANCH" \\
  --push-option="merge_request.title=Retrain: the monitor $MONITOR was breached" \\
  origin "FETCH_HEAD:refs/heads/$branch"
"""


def operates(project: Project) -> bool:
    """Whether there is anything but the pipeline."""
    operated = bool(project.experiments or project.deployments or project.monitors)
    return operated and project.uses_make and project.uses_dvc


def variables(project: Project) -> dict[str, Any]:
    """The fields of the form that starts a pipeline by hand."""
    tasks = ["pipeline", *(f"exp-{name}" for name in project.experiments)]
    tasks += [f"{what}-{name}" for name in project.deployments for what in ("deploy", "rollback")]
    tasks += [f"monitor-{name}" for name in project.monitors]
    form: dict[str, Any] = {TASK: {"value": "pipeline", "options": tasks, "description": "What this pipeline is for"}}
    if project.deployments:
        form[VERSION] = {"value": "newest", "description": "What deploy-* deploys: a registered version, or newest"}
    return form


def starts(project: Project) -> list[dict[str, Any]]:
    """The rules of `workflow` for registry tags."""
    return [{"if": tag(f"{model}@")} for model in operate.tags(project)]


def jobs(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """The jobs by name: make's own, where a job runs one."""
    for name in project.experiments:
        yield f"exp-{name}", _experiment(project, name)
    for name, said in project.deployments.items():
        yield f"deploy-{name}", _deploy(project, name, said)
        yield f"rollback-{name}", _rollback(project, name, said)
    for name, monitor in project.monitors.items():
        yield f"monitor-{name}", _watch(project, name)
        yield f"tell-{name}", _tell(name, issue=monitor.opens_issue)
        if monitor.retrains:
            yield f"retrain-{name}", _retrain(project, name)
            yield f"propose-{name}", _propose(name)


def _asked(task: str, when: str | None = None) -> dict[str, Any]:
    return {"if": f'${TASK} == "{label(task)}"', **({"when": when} if when else {})}


def _alone() -> dict[str, Any]:
    """What has begun is not ended by a newer commit."""
    return {"interruptible": False, "needs": Flow([])}


def _experiment(project: Project, name: str) -> dict[str, Any]:
    script = [*missing(project), shell.restore(), operate.EXPERIMENT, shell.PUSH, "cat report.md"]
    artifacts = {"when": "always", "paths": Flow(["report.md", "dvc_plots"])}
    more = {**_alone(), **access(project), "variables": {**WHOLE, "EXPERIMENT": name}}
    return job(
        project, "pipeline", DEFAULT_MINUTES, script, rules=[_asked(f"exp-{name}")], **more,
        cache=caches(project), artifacts=artifacts,
    )  # fmt: skip


def _started(said: Deployment) -> str | None:
    """The condition under which a deployment starts by itself."""
    if said.on == "tag":
        return tag(f"{said.model}@")
    pushed = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'
    return pushed if said.on == "push" else None


def _environment(name: str, said: Deployment) -> dict[str, Any]:
    return {"name": label(name), **({"url": label(said.url)} if said.url else {})}


def _deploying(project: Project, name: str, said: Deployment, script: list[str], **more: Any) -> dict[str, Any]:
    """One at a time for each environment; the tag that records the deployment is pushed by a step of its own."""
    record = [_CREDENTIALS, operate.RECORD]
    return job(
        project, "deploy", DEFAULT_MINUTES, [*missing(project, name), *script, *record], interruptible=False, **more,
        environment=_environment(name, said), resource_group=f"deploy-{label(name)}",
        variables={**WHOLE, "MODEL": said.model, "DEPLOYMENT": name}, cache=[packages()],
    )  # fmt: skip


def _deploy(project: Project, name: str, said: Deployment) -> dict[str, Any]:
    when = "manual" if said.approve else None
    rules = [_asked(f"deploy-{name}", when)]
    if (started := _started(said)) is not None:
        rules.append({"if": f"{started} && {USUAL}", **({"when": when} if when else {})})
    needs: Any = [{"job": "pipeline", "optional": True}] if said.on == "push" else Flow([])
    return _deploying(project, name, said, [_VERSION, f"make deploy-{name}"], rules=rules, needs=needs)


def _rollback(project: Project, name: str, said: Deployment) -> dict[str, Any]:
    """By hand from the form, or by a button beside the deployment that went wrong."""
    rules = [_asked(f"rollback-{name}")]
    if (started := _started(said)) is not None:
        rules.append({"if": f"{started} && {USUAL}", "when": "manual", "allow_failure": True})
    needs = [{"job": f"deploy-{name}", "optional": True}]
    script = ["export MLOPS_PUSH=no", f"make rollback-{name}"]
    return _deploying(project, name, said, script, rules=rules, needs=needs)


def _watch(project: Project, name: str) -> dict[str, Any]:
    schedule = project.monitors[name].schedule
    rule = _asked(f"monitor-{name}")
    if schedule:
        rule["if"] = Remarked(rule["if"], f"to be made in the project: a schedule {schedule}, with this variable")
    script = [*missing(project), shell.restore(), operate.RESTORE_HISTORY, operate.WATCH]
    artifacts = {"when": "always", "paths": Flow(["monitoring"]), "expire_in": "30 days"}
    more = {**_alone(), "resource_group": f"monitor-{label(name)}", **access(project)}
    return job(
        project, "monitor", DEFAULT_MINUTES, script, rules=[rule], **more, variables={**WHOLE, "MONITOR": name},
        cache=caches(project), artifacts=artifacts,
    )  # fmt: skip


def _after(name: str, *needs: str) -> dict[str, Any]:
    said = {"interruptible": False, "rules": [_asked(f"monitor-{name}")], "needs": Flow(needs)}
    return {**said, "variables": {**WHOLE, "MONITOR": name}}


def _tell(name: str, *, issue: bool) -> dict[str, Any]:
    """Keep the history, and tell people of a breach; the one is done even where the other fails."""
    lines = ["status=0", f"{operate.KEEP_HISTORY} || status=1"]
    if issue:
        breach = '"monitoring/$MONITOR.breach.md"'
        lines.append(f"if [ -f {breach} ]; then")
        lines += [f'  python3 {PROGRAM} issue "$MONITOR" {breach} || status=1', "fi"]
    script = [_CREDENTIALS, "\n".join([*lines, 'exit "$status"', ""])]
    return short("monitor", script, **_after(name, f"monitor-{name}"))


def _retrain(project: Project, name: str) -> dict[str, Any]:
    """Only where the history says so, and was kept, or the same breach would start another the next time.

    The result leaves the job as a bundle: it may not write to GitLab.
    """
    lines = [*shell.setup(project).splitlines(), 'export PATH="$PWD/.venv/bin:$PATH" MLOPS_PUSH=no']
    texts = "".join([*(f"{line}\n" for line in lines), *missing(project), shell.restore(), _RETRAIN])
    inside = "\n".join(f"  {line}" for line in texts.splitlines())
    script = [f'if [ "$({operate.RETRAINS})" = yes ]; then\n{inside}\nelse\n  echo "nothing is to be retrained"\nfi\n']
    more = {**_after(name, f"monitor-{name}", f"tell-{name}"), **access(project), "before_script": Flow([])}
    artifacts = {"paths": Flow([_BUNDLE]), "expire_in": "30 days"}
    return job(project, "monitor", DEFAULT_MINUTES, script, **more, cache=caches(project), artifacts=artifacts)


def _propose(name: str) -> dict[str, Any]:
    """A merge request with the result, where there is one."""
    inside = "\n".join(f"  {line}" for line in (_CREDENTIALS + _PROPOSE).splitlines())
    script = [f"if [ -f {_BUNDLE} ]; then\n{inside}\nfi\n"]
    return short("report", script, **_after(name, f"retrain-{name}"))
