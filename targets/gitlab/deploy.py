"""The jobs that deploy and roll back, started by a registry tag, an assignment, a push or by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow
from ...compiler.model.operations import Deployment
from ...compiler.model.project import Project
from ..ci import operations
from .escape import label, tag
from .job import WHOLE_HISTORY, Job, credentials, job, missing, package_cache, short_job
from .rules import assigned, source
from .sign_in import id_tokens
from .tasks import VERSION, is_pipeline, rule

_FOLDER = "deployment"
"""Where a deployment leaves what is to be recorded: the registry tag that it proposes, the commit, and the text of the tag."""


def deploy(project: Project, deployment: Deployment) -> Job:
    """The job that deploys. To approve a deployment is to start its job by hand."""
    manual = {"when": "manual"} if deployment.approve else {}
    rules = [rule(project, f"deploy-{deployment.name}", **manual)]
    rules += [{"if": f"{started} && {is_pipeline(project)}", **manual} for started in _started(project, deployment)]
    needs: Any = [{"job": "pipeline", "optional": True}] if deployment.on == "push" else Flow([])
    version = f"${{CI_COMMIT_TAG:-${VERSION}}}"
    script = ["export MLOPS_PUSH=no", f'make deploy-{deployment.name} VERSION="{version}"']
    return _deployment_job(project, deployment, script, rules=rules, needs=needs)


def rollback(project: Project, deployment: Deployment) -> Job:
    """The job that rolls back: by hand from the form, or by a button beside the deployment that went wrong."""
    name = deployment.name
    rules = [rule(project, f"rollback-{name}")]
    button = {"when": "manual", "allow_failure": True}
    rules += [{"if": f"{started} && {is_pipeline(project)}", **button} for started in _started(project, deployment)]
    needs = [{"job": f"deploy-{name}", "optional": True}]
    script = ["export MLOPS_PUSH=no", f"make rollback-{name}"]
    return _deployment_job(project, deployment, script, rules=rules, needs=needs)


def _deployment_job(project: Project, deployment: Deployment, script: list[str], **more: Any) -> Job:
    """One at a time for each environment. A job of its own pushes the tag that records the deployment."""
    name = deployment.name
    page = {"url": label(deployment.url)} if deployment.url else {}
    return job(
        project,
        "deploy",
        [
            *missing(project, name),
            *script,
            render(__package__, "deployed.sh.j2", deployed=operations.deployed(), folder=_FOLDER),
        ],
        interruptible=False,
        **more,
        environment={"name": label(name), **page},
        resource_group=project.scoped(f"deploy-{label(name)}"),
        **id_tokens(project),
        variables={**WHOLE_HISTORY, **_names(project, deployment)},
        cache=package_cache(project),
        artifacts={"paths": Flow([project.from_top(_FOLDER)])},
    )


def record(project: Project, deployment: Deployment, action: str) -> Job:
    """The job that pushes the tag which records what `deploy-NAME` or `rollback-NAME` did."""
    name = deployment.name
    script = render(__package__, "record.sh.j2", folder=_FOLDER, record=operations.record())
    rules = [rule(project, f"{action}-{name}")]
    rules += [{"if": f"{started} && {is_pipeline(project)}"} for started in _started(project, deployment)]
    return short_job(
        project,
        "report",
        [credentials(), script],
        interruptible=False,
        rules=rules,
        needs=Flow([f"{action}-{name}"]),
        resource_group=project.scoped(f"record-{label(name)}"),
        variables=_names(project, deployment),
    )


def _names(project: Project, deployment: Deployment) -> dict[str, str]:
    return {"MLOPS_MODEL": project.registered(deployment.model), "MLOPS_ENVIRONMENT": deployment.name}


def _started(project: Project, deployment: Deployment) -> list[str]:
    """The conditions under which a deployment starts by itself."""
    started = [assigned(project, deployment)]
    if deployment.on == "tag":
        started.append(tag(f"{project.registered(deployment.model)}@"))
    if deployment.on == "push":
        started.append(f'${source(project)} == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH')
    return started
