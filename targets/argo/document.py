"""The WorkflowTemplate, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...compiler.model.project import Project, Stage
from ..engines import pods, worker
from ..engines.facts import GRACE, IMAGE
from ..engines.monitors import BOOTSTRAP, Watch
from ..engines.names import Names
from ..engines.parameters import lines, parameters
from ..engines.task import CREDENTIALS, REVISION, image, subfolder, variables
from . import notify
from .escape import prose, word
from .facts import API
from .names import PARAMETERS, monitor_names, names, templates

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
        "metadata": _metadata(project, identifiers.pipeline),
        "spec": {
            "entrypoint": "pipeline",
            **({"onExit": notify.HANDLER} if project.failure_webhook else {}),
            **_pod_settings(project),
            "arguments": {"parameters": _parameters(identifiers, defaults)},
            "templates": [
                {
                    "name": "pipeline",
                    "dag": {"failFast": False, "tasks": [{"name": "revision", "template": "revision"}, *tasks]},
                },
                _revision(project, identifiers.pipeline),
                *notify.templates(project, identifiers.pipeline),
                *{shared[keys[name]]: {"name": shared[keys[name]], **body} for name, body in bodies.items()}.values(),
            ],
        },
    }


def clock(project: Project) -> dict[str, Any]:
    """The CronWorkflow: it starts the template at the pipeline's schedule, unless the last run goes on."""
    pipeline = names(project).pipeline
    return _cron(_metadata(project, pipeline), project.schedule, {"workflowTemplateRef": {"name": pipeline}})


def watched(project: Project, watch: Watch) -> dict[str, Any]:
    """The monitor as a workflow of its own: a CronWorkflow if it has a clock here, else a template to submit."""
    name = monitor_names(project)[watch.monitor.name]
    secret = names(project).pipeline
    parameters = ("repository", "revision")
    env = {
        **CREDENTIALS,
        "REPOSITORY": "{{workflow.parameters.repository}}",
        "MLOPS_REV": "{{workflow.parameters.revision}}",
        **subfolder(project),
    }
    settings = {name: word(value) for name, value in watch.variables.items()}
    container = {
        "image": image(watch.stage),
        "command": ["sh", "-c", f"{_REPOSITORY}{BOOTSTRAP}", "watch"],
        "args": [word(argument) for argument in watch.arguments],
        **_environment(secret, {**env, **settings}, watch.stage),
        "resources": pods.container_resources(watch.stage.resources),
        "volumeMounts": pods.mounts(watch.stage),
    }
    metadata = _pod_metadata(watch.stage)
    template = {
        "name": "monitor",
        **({"metadata": metadata} if metadata else {}),
        "container": {key: value for key, value in container.items() if value not in ({}, [])},
        **pods.pod_spec(watch.stage),
    }
    spec = {
        "entrypoint": "monitor",
        **({"onExit": notify.HANDLER} if project.failure_webhook else {}),
        **_pod_settings(project),
        "arguments": {"parameters": [_parameter(parameter) for parameter in parameters]},
        "templates": [template, *notify.templates(project, secret)],
    }
    if watch.schedule is None:
        return {"apiVersion": API, "kind": "WorkflowTemplate", "metadata": _metadata(project, name), "spec": spec}
    return _cron(_metadata(project, name), watch.schedule, spec)


def _cron(metadata: Mapping[str, str], schedule: str | None, workflow: Mapping[str, Any]) -> dict[str, Any]:
    """A CronWorkflow, in UTC, of which only one run goes on at a time."""
    spec = {"schedules": [schedule], "timezone": "UTC", "concurrencyPolicy": "Forbid", "workflowSpec": workflow}
    return {"apiVersion": API, "kind": "CronWorkflow", "metadata": metadata, "spec": spec}


def _parameter(name: str) -> dict[str, str]:
    value, description = PARAMETERS[name]
    return {"name": name, "value": value, "description": description}


def _metadata(project: Project, name: str) -> dict[str, str]:
    namespace = project.kubernetes.namespace
    return {"name": name, **({"namespace": namespace} if namespace else {})}


def _pod_settings(project: Project) -> dict[str, Any]:
    """What holds for all pods of a workflow: secrets for images can only be stated here, so those of stages are, too."""
    secrets = dict.fromkeys(
        [
            *project.kubernetes.image_pull_secrets,
            *(name for stage in project for name in stage.kubernetes.image_pull_secrets),
        ]
    )
    account = project.kubernetes.service_account
    return {
        **({"serviceAccountName": account} if account else {}),
        **({"imagePullSecrets": [{"name": name} for name in secrets]} if secrets else {}),
    }


def _parameters(identifiers: Names, defaults: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        *map(_parameter, PARAMETERS),
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
        "metadata": _pod_metadata(stage),
        "inputs": {"parameters": [{"name": "commit"}, {"name": "stage"}]},
        "container": {
            "image": image(stage),
            "command": [shell, flag, f"{_REPOSITORY}{script}", zeroth],
            "args": ["{{inputs.parameters.stage}}"],
            **_environment(secret, {**env, **settings}, stage),
            "resources": pods.container_resources(stage.resources),
            "volumeMounts": pods.mounts(stage),
        },
        **pods.pod_spec(stage),
        "activeDeadlineSeconds": stage.timeout + GRACE if stage.timeout else None,
        "retryStrategy": {"limit": stage.retries, "retryPolicy": "Always"} if stage.retries else None,
    }
    container = {key: value for key, value in template["container"].items() if value not in ({}, [])}
    template = {**template, "container": container}
    return {key: value for key, value in template.items() if value is not None}


def _pod_metadata(stage: Stage) -> dict[str, Any] | None:
    metadata: dict[str, Any] = {"labels": dict(stage.kubernetes.labels)} if stage.kubernetes.labels else {}
    if stage.desc:
        metadata["annotations"] = {"workflows.argoproj.io/description": prose(stage.desc)}
    return metadata or None


def _environment(secret: str, env: Mapping[str, str], stage: Stage | None = None) -> dict[str, Any]:
    more = pods.env_from(stage) if stage else []
    return {
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "envFrom": [{"secretRef": {"name": secret, "optional": True}}, *more],
    }
