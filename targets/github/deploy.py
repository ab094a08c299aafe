"""The workflow that deploys, started by a registry tag, an assignment, a push or by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.operations import Deployment
from ...compiler.model.project import Project
from ..ci import operations
from . import names
from .escape import literal, string
from .job import CREDENTIALS, ORIGIN, Job, alone, choice, environment, identity, job, paths, signed_in, workflow, writer

_DEPLOYED = ("tag", "commit", "message")
"""What the deployment passes on: the registry tag that it proposes, the commit, and the text of the tag."""


def deployments(project: Project) -> dict[str, Any]:
    """The whole workflow."""
    inputs = {
        "environment": choice("Environment to deploy to", project.deployments),
        "version": {
            "description": "A registered version, `newest`, or `previous` to roll back",
            "type": "string",
            "default": "newest",
        },
    }
    push = _push(project)
    triggers: dict[str, Any] = {**({"push": push} if push else {}), "workflow_dispatch": {"inputs": inputs}}
    ids = names.ids("deploy", project.deployments)
    record_ids = names.ids("record", project.deployments)
    jobs: dict[str, Job] = {}
    for name, deployment in project.deployments.items():
        jobs[ids[name]] = _deployment(project, deployment)
        jobs[record_ids[name]] = _record(project, deployment, ids[name])
    return workflow(project, "deploy", triggers, jobs)


def assigned(project: Project, deployment: Deployment) -> str:
    """The tag by which GTO and Studio assign a version to the environment; `#` and a number may follow."""
    return f"{project.registered(deployment.model)}#{deployment.name}"


def _push(project: Project) -> dict[str, Any]:
    push: dict[str, Any] = {}
    if any(deployment.on == "push" for deployment in project.deployments.values()):
        push |= {"branches": Flow(project.ci.push_branches or ("main",)), **paths(project)}
    tags = [f"{project.registered(model)}@*" for model in operations.tagged_models(project)]
    for deployment in project.deployments.values():
        tag = assigned(project, deployment)
        tags += [tag, f"{tag}#*"]
    return {**push, "tags": tags}


def _deployment(project: Project, deployment: Deployment) -> Job:
    name = deployment.name
    tagged = "github.ref_type == 'tag' && github.ref_name || 'newest'" if deployment.on == "push" else "github.ref_name"
    version = f"${{{{ inputs.version || {tagged} }}}}"
    steps = [
        *signed_in(project),
        {
            "name": "Deploy",
            "env": environment(project, MLOPS_PUSH="no", MLOPS_VERSION=version),
            "run": f'make deploy-{name} VERSION="$MLOPS_VERSION"',
        },
        {
            "name": "Describe the deployment",
            "id": "deployment",
            "env": _names(project, deployment),
            "run": render(__package__, "deployed.sh.j2", deployed=operations.deployed()),
        },
    ]
    page = {"url": literal(deployment.url)} if deployment.url else {}
    outputs = {key: f"${{{{ steps.deployment.outputs.{key} }}}}" for key in _DEPLOYED}
    return job(
        project, f"Deploy to {name}", steps, environment={"name": name, **page}, **alone(project, f"deploy-{name}"),
        condition=_condition(project, deployment), outputs=outputs, **identity(project),
    )  # fmt: skip


def _record(project: Project, deployment: Deployment, deploy: str) -> Job:
    """The job that pushes the tag of the deployment."""
    outputs = {f"MLOPS_{key.upper()}": f"${{{{ needs.{deploy}.outputs.{key} }}}}" for key in _DEPLOYED}
    step = {
        "name": "Push the tag that records the deployment",
        "env": {**CREDENTIALS, **ORIGIN, **_names(project, deployment), **outputs},
        "run": operations.record("::error::"),
    }
    permissions = {"contents": Remarked("write", "to push the tag that records the deployment")}
    name = deployment.name
    return writer(f"Record {name}", None, [deploy], permissions, step, **alone(project, f"record-{name}"))


def _names(project: Project, deployment: Deployment) -> dict[str, str]:
    return {"MLOPS_MODEL": literal(project.registered(deployment.model)), "MLOPS_ENVIRONMENT": deployment.name}


def _condition(project: Project, deployment: Deployment) -> str:
    prefix = string(f"refs/tags/{project.registered(deployment.model)}@")
    started = {
        "tag": [f"(github.event_name == 'push' && startsWith(github.ref, {prefix}))"],
        "push": ["(github.event_name == 'push' && github.ref_type == 'branch')"],
        "manual": [],
    }
    tag = f"refs/tags/{assigned(project, deployment)}"
    assignment = (
        f"(github.event_name == 'push' && (github.ref == {string(tag)} || startsWith(github.ref, {string(tag + '#')})))"
    )
    by_hand = f"(github.event_name == 'workflow_dispatch' && inputs.environment == {string(deployment.name)})"
    return " || ".join([*started[deployment.on], assignment, by_hand])
