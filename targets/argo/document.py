"""The WorkflowTemplate, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...compiler.model.project import Project, Stage
from ..engines import worker
from ..engines.facts import GRACE, IMAGE
from ..engines.kubernetes import GPU, cores, quantity
from ..engines.names import Names
from ..engines.parameters import lines, parameters
from ..engines.task import CREDENTIALS, REVISION, image, subfolder, variables
from .escape import prose, word
from .facts import API
from .names import PARAMETERS, names, templates

_REPOSITORY = (
    "MLOPS_REPO=${REPOSITORY:-${MLOPS_REPO:?set the parameter repository, or MLOPS_REPO in the secret}}; "
    "export MLOPS_REPO; "
)
_COMMIT = "/tmp/commit"


def document(project: Project) -> dict[str, Any]:
    """The WorkflowTemplate: a first task for the commit, and a task for each stage. Equal stages share a template."""
    identifiers = names(project)
    values = parameters(project)
    defaults = {param: values[param] for param in identifiers.params}
    env = _env(project, identifiers, defaults)
    bodies = {stage.name: _template(project, stage, identifiers.pipeline, env) for stage in project}
    keys = {name: (project.stages[name].entry, json.dumps(body)) for name, body in bodies.items()}
    shared = templates(keys.values())
    tasks = [_task(project, stage, identifiers.stages, shared[keys[stage.name]]) for stage in project]
    return {
        "apiVersion": API,
        "kind": "WorkflowTemplate",
        "metadata": {"name": identifiers.pipeline},
        "spec": {
            "entrypoint": "pipeline",
            "arguments": {"parameters": _parameters(identifiers, defaults)},
            "templates": [
                {
                    "name": "pipeline",
                    "dag": {"failFast": False, "tasks": [{"name": "revision", "template": "revision"}, *tasks]},
                },
                _revision(project, identifiers.pipeline),
                *{shared[keys[name]]: {"name": shared[keys[name]], **body} for name, body in bodies.items()}.values(),
            ],
        },
    }


def clock(project: Project) -> dict[str, Any]:
    """The CronWorkflow: it starts the template at the pipeline's schedule, unless the last run goes on."""
    pipeline = names(project).pipeline
    return {
        "apiVersion": API,
        "kind": "CronWorkflow",
        "metadata": {"name": pipeline},
        "spec": {
            "schedules": [project.schedule],
            "timezone": "UTC",
            "concurrencyPolicy": "Forbid",
            "workflowSpec": {"workflowTemplateRef": {"name": pipeline}},
        },
    }


def _parameters(identifiers: Names, defaults: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        *({"name": name, "value": value, "description": text} for name, (value, text) in PARAMETERS.items()),
        *({"name": name, "value": defaults[param], "description": param} for param, name in identifiers.params.items()),
    ]


def _env(project: Project, identifiers: Names, defaults: Mapping[str, str]) -> dict[str, str]:
    settings = {param: "{{workflow.parameters." + name + "}}" for param, name in identifiers.params.items()}
    return {
        **CREDENTIALS,
        "REPOSITORY": "{{workflow.parameters.repository}}",
        "MLOPS_REV": "{{inputs.parameters.commit}}",
        **subfolder(project),
        "MLOPS_SET": lines(settings) + "{{workflow.parameters.set}}",
        "MLOPS_DEFAULTS": lines(defaults),
        "MLOPS_RETRIES": "0",  # Argo retries
    }


def _task(project: Project, stage: Stage, tasks: Mapping[str, str], template: str) -> dict[str, Any]:
    arguments = {"commit": "{{tasks.revision.outputs.parameters.commit}}", "stage": word(stage.name)}
    return {
        "name": tasks[stage.name],
        "template": template,
        "dependencies": [tasks[parent] for parent in project.dag.parents(stage.name)] or ["revision"],
        "arguments": {"parameters": [{"name": name, "value": value} for name, value in arguments.items()]},
    }


def _revision(project: Project, secret: str) -> dict[str, Any]:
    """The first task: one commit for all others, even if somebody pushes while they run."""
    first = next(iter(project), None)
    env = {
        **CREDENTIALS,
        "REPOSITORY": "{{workflow.parameters.repository}}",
        "REVISION": "{{workflow.parameters.revision}}",
    }
    return {
        "name": "revision",
        "container": {
            "image": image(first) if first else IMAGE,
            "command": ["sh", "-c", f"{_REPOSITORY}{REVISION}", "revision"],
            "args": [_COMMIT],
            **_environment(secret, env),
        },
        "outputs": {"parameters": [{"name": "commit", "valueFrom": {"path": _COMMIT}}]},
    }


def _template(project: Project, stage: Stage, secret: str, env: Mapping[str, str]) -> dict[str, Any]:
    """What a stage runs in: stages of one entry differ only in what they ask of the platform."""
    settings = {name: word(value) for name, value in variables(project, stage).items()}
    shell, flag, script, zeroth, _ = worker.bootstrap(stage.name)
    template: dict[str, Any] = {
        "metadata": {"annotations": {"workflows.argoproj.io/description": prose(stage.desc)}} if stage.desc else None,
        "inputs": {"parameters": [{"name": "commit"}, {"name": "stage"}]},
        "container": {
            "image": image(stage),
            "command": [shell, flag, f"{_REPOSITORY}{script}", zeroth],
            "args": ["{{inputs.parameters.stage}}"],
            **_environment(secret, {**env, **settings}),
            **_resources(stage),
        },
        "activeDeadlineSeconds": stage.timeout + GRACE if stage.timeout else None,
        "retryStrategy": {"limit": stage.retries, "retryPolicy": "Always"} if stage.retries else None,
    }
    return {key: value for key, value in template.items() if value is not None}


def _environment(secret: str, env: Mapping[str, str]) -> dict[str, Any]:
    return {
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "envFrom": [{"secretRef": {"name": secret, "optional": True}}],
    }


def _resources(stage: Stage) -> dict[str, Any]:
    cpu, memory, gpu = stage.resources.cpu, stage.resources.memory, stage.resources.gpu
    requests = {"cpu": cores(cpu) if cpu else "", "memory": quantity(memory) if memory else ""}
    asked = {
        "requests": {name: amount for name, amount in requests.items() if amount},
        "limits": {GPU: str(gpu)} if gpu else {},
    }
    resources = {bound: amounts for bound, amounts in asked.items() if amounts}
    return {"resources": resources} if resources else {}
