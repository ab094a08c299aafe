"""The workflow that deploys, started by a registry tag, a push or by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.operations import Deployment
from ...compiler.model.project import Project
from ..ci import operations
from . import names
from .escape import literal, string
from .job import PUSHES, Job, alone, begin, choice, environment, job, workflow


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
    jobs = {ids[name]: _deployment(project, deployment) for name, deployment in project.deployments.items()}
    return workflow("mlops deploy", triggers, jobs)


def _push(project: Project) -> dict[str, Any]:
    push: dict[str, Any] = {}
    if any(deployment.on == "push" for deployment in project.deployments.values()):
        push["branches"] = Flow(project.ci.push_branches or ("main",))
    if models := operations.tagged_models(project):
        push["tags"] = [f"{model}@*" for model in models]
    return push


def _deployment(project: Project, deployment: Deployment) -> Job:
    name = deployment.name
    newest = "'newest'" if deployment.on == "push" else "github.ref_name"
    version = f"${{{{ inputs.version || {newest} }}}}"
    steps = [
        *begin(project, depth=0),
        {
            "name": "Deploy",
            "env": environment(project, MLOPS_PUSH="no", VERSION=version),
            "run": f"make deploy-{name}",
        },
        {
            "name": "Record the deployment",
            "env": {**PUSHES, "MODEL": literal(deployment.model), "DEPLOYMENT": name},
            "run": operations.record(),
        },
    ]
    page = {"url": literal(deployment.url)} if deployment.url else {}
    return job(
        project, f"Deploy to {name}", steps, environment={"name": name, **page}, **alone(f"deploy-{name}"),
        condition=_condition(deployment),
        permissions={"contents": Remarked("write", "to push the tag that records the deployment")},
    )  # fmt: skip


def _condition(deployment: Deployment) -> str:
    prefix = string(f"refs/tags/{deployment.model}@")
    started = {
        "tag": [f"(github.event_name == 'push' && startsWith(github.ref, {prefix}))"],
        "push": ["(github.event_name == 'push' && github.ref_type == 'branch')"],
        "manual": [],
    }
    by_hand = f"(github.event_name == 'workflow_dispatch' && inputs.environment == {string(deployment.name)})"
    return " || ".join([*started[deployment.on], by_hand])
