"""The WorkflowTemplate and the CronWorkflow, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.lower.worker import bootstrap
from ...compiler.model.project import Project, Stage
from ..engines import CREDENTIALS, GRACE, IMAGE, REVISION, cores, image, lines, quantity, setup
from .escape import prose, word

API = "argoproj.io/v1alpha1"

MAX_NAME = 52
"""Of a CronWorkflow, which puts eleven characters behind it: https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
A workflow's own name, of at most 63, is that of its template with six characters behind it."""

MAX_TASK = 128
"""Of tasks and templates: letters, digits and dashes, and no digit in front where other tasks name it. Source: Argo's
`pkg/apis/workflow/v1alpha1/validation_utils.go` and `workflow/validate/validate.go`."""

OWN = ("pipeline", "revision")
"""Templates that are not stages."""

WORDS = ("and", "contains", "else", "false", "if", "in", "let", "matches", "nil", "not", "or", "true")
"""Words of the language in which Argo evaluates dependencies: https://expr-lang.org/docs/language-definition"""

PARAMETERS = {
    "repository": ("", "Git URL; left empty, MLOPS_REPO of the secret"),
    "revision": ("main", "a branch, a tag or a commit"),
    "set": ("", "more parameters, KEY=VALUE or FILE:KEY=VALUE, one a line"),
}
"""Parameters of the workflow that are not the project's, with default and meaning."""

_REPOSITORY = (
    "MLOPS_REPO=${REPOSITORY:-${MLOPS_REPO:?neither the parameter repository nor the secret says it}}; "
    "export MLOPS_REPO; "
)
_COMMIT = "/tmp/commit"


def name_of(project: Project) -> str:
    """The name of the template, its schedule and its secret: lower case, digits and dashes, a letter in front."""
    return _slug(project.name)[:MAX_NAME].rstrip("-")


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return slug if slug[:1].isalpha() else f"p-{slug}".rstrip("-")


def names_of(project: Project) -> dict[str, str]:
    """A name for each stage that tasks, templates and, in lower case, pods take."""
    return distinct(project.stages, _slug, MAX_TASK, taken=(*OWN, *WORDS), mark="-")


def workflow(project: Project, given: Mapping[str, str]) -> dict[str, Any]:
    """The WorkflowTemplate, with ``given`` as parameters and their defaults."""
    called = distinct(given, lambda name: re.sub(r"[^A-Za-z0-9_-]", "_", name), taken=PARAMETERS)
    parameters = [
        *({"name": name, "value": value, "description": what} for name, (value, what) in PARAMETERS.items()),
        *({"name": called[name], "value": value, "description": name} for name, value in given.items()),
    ]
    env = {
        **CREDENTIALS,
        "REPOSITORY": "{{workflow.parameters.repository}}",
        "MLOPS_REV": "{{inputs.parameters.commit}}",
        "MLOPS_SET": lines({name: "{{workflow.parameters." + called[name] + "}}" for name in given})
        + "{{workflow.parameters.set}}",
        "MLOPS_DEFAULTS": lines(given),
        "MLOPS_RETRIES": "0",  # Argo tries again
    }
    made = {stage.name: (stage.entry, _template(project, stage, env)) for stage in project}
    kinds = {name: f"{entry}\0{body}" for name, (entry, body) in made.items()}
    bodies = {kinds[name]: body for name, (_, body) in made.items()}
    templates = distinct(bodies, lambda kind: _slug(kind.partition("\0")[0]), MAX_TASK, taken=OWN, mark="-")
    names = names_of(project)
    tasks = [_task(project, stage, names, templates[kinds[stage.name]]) for stage in project]
    return {
        "apiVersion": API,
        "kind": "WorkflowTemplate",
        "metadata": {"name": name_of(project)},
        "spec": {
            "entrypoint": "pipeline",
            "arguments": {"parameters": parameters},
            "templates": [
                {
                    "name": "pipeline",
                    "dag": {"failFast": False, "tasks": [{"name": "revision", "template": "revision"}, *tasks]},
                },
                _revision(project),
                *({"name": name, **bodies[kind]} for kind, name in templates.items()),
            ],
        },
    }


def cron(project: Project, schedules: Sequence[str]) -> dict[str, Any]:
    """The CronWorkflow, which starts the template on these schedules."""
    name = name_of(project)
    return {
        "apiVersion": API,
        "kind": "CronWorkflow",
        "metadata": {"name": name},
        "spec": {
            "schedules": list(schedules),
            "timezone": "UTC",
            "concurrencyPolicy": "Forbid",
            "workflowSpec": {"workflowTemplateRef": {"name": name}},
        },
    }


def _task(project: Project, stage: Stage, names: Mapping[str, str], template: str) -> dict[str, Any]:
    given = {"commit": "{{tasks.revision.outputs.parameters.commit}}", "stage": word(stage.name)}
    return {
        "name": names[stage.name],
        "template": template,
        "dependencies": [names[name] for name in project.dag.parents(stage.name)] or ["revision"],
        "arguments": {"parameters": [{"name": name, "value": value} for name, value in given.items()]},
    }


def _revision(project: Project) -> dict[str, Any]:
    """The first task: one commit for all others, whatever is pushed meanwhile."""
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
            **_environment(project, env),
        },
        "outputs": {"parameters": [{"name": "commit", "valueFrom": {"path": _COMMIT}}]},
    }


def _template(project: Project, stage: Stage, env: Mapping[str, str]) -> dict[str, Any]:
    """What a stage runs in: the same for all stages of an entry, but for what the platform is asked for each."""
    described = {"workflows.argoproj.io/description": prose(stage.desc)}
    installed = setup(project, stage)
    shell, option, script, name, _ = bootstrap(stage.name)
    made: dict[str, Any] = {
        "metadata": {"annotations": described} if stage.desc else None,
        "inputs": {"parameters": [{"name": "commit"}, {"name": "stage"}]},
        "container": {
            "image": image(stage),
            "command": [shell, option, f"{_REPOSITORY}{script}", name],
            "args": ["{{inputs.parameters.stage}}"],
            **_environment(project, {**env, **({"MLOPS_SETUP": word(installed)} if installed else {})}),
            **_resources(stage),
        },
        "activeDeadlineSeconds": stage.timeout + GRACE if stage.timeout else None,
        "retryStrategy": {"limit": stage.retries, "retryPolicy": "Always"} if stage.retries else None,
    }
    return {key: value for key, value in made.items() if value is not None}


def _environment(project: Project, env: Mapping[str, str]) -> dict[str, Any]:
    return {
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "envFrom": [{"secretRef": {"name": name_of(project), "optional": True}}],
    }


def _resources(stage: Stage) -> dict[str, Any]:
    cpu, memory, gpu = stage.resources.cpu, stage.resources.memory, stage.resources.gpu
    requests = {"cpu": cores(cpu) if cpu else None, "memory": quantity(memory) if memory else None}
    asked = {
        "requests": {name: value for name, value in requests.items() if value},
        "limits": {"nvidia.com/gpu": str(gpu)} if gpu else {},
    }
    said = {kind: values for kind, values in asked.items() if values}
    return {"resources": said} if said else {}
