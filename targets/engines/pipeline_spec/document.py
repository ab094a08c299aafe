"""The PipelineSpec, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ....compiler.model.project import Project, Stage
from ....compiler.model.resources import Resources
from .. import worker
from ..kubernetes import cores, quantity
from ..names import Names
from ..parameters import lines, parameters
from ..task import CREDENTIALS, image, variables
from .facts import RETRY, SCHEMA, SDK
from .names import names

INPUTS: Mapping[str, tuple[str, str | None]] = {
    "repository": ("Git URL that each task clones", None),
    "revision": ("Git commit that each task checks out", None),
    "folder": ("The project's folder in the repository, unless it is the root", ""),
    "set_params": ("More parameters: KEY=VALUE or FILE:KEY=VALUE, one per line", ""),
}
"""Parameters of every pipeline, with description and default. The revision has no default: one run, one commit."""

EXPORTS = 'export MLOPS_REPO="$1" MLOPS_REV="$2" MLOPS_SUBDIR="$3" MLOPS_SET="$4"; '
"""The shell commands that pass `INPUTS` to the worker."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What differs between engines.

    ``inputs`` are parameters of the pipeline that are not the project's, with description and default (None: required).
    ``before`` are shell commands that run before the worker, with the inputs as ``$1``, ``$2``, ...; ``env`` is more environment.
    ``machine`` requests resources.
    """

    inputs: Mapping[str, tuple[str, str | None]]
    before: str
    machine: Callable[[Resources], dict[str, Any]]
    env: Mapping[str, str]


def document(project: Project, engine: Engine) -> dict[str, Any]:
    """The whole PipelineSpec."""
    identifiers = names(project, engine.inputs)
    defaults = parameters(project)
    inputs = {
        **engine.inputs,
        "folder": (INPUTS["folder"][0], project.folder),
        **{name: ("", defaults[param]) for param, name in identifiers.params.items()},
    }
    return {
        "schemaVersion": SCHEMA,
        "sdkVersion": SDK,
        "pipelineInfo": {"name": identifiers.pipeline},
        "root": {
            "inputDefinitions": {"parameters": {name: _declaration(*terms) for name, terms in inputs.items()}},
            "dag": {
                "tasks": {
                    identifiers.stages[stage.name]: _task(project, stage, identifiers.stages, inputs)
                    for stage in project
                }
            },
        },
        "components": {
            f"comp-{name}": {
                "executorLabel": f"exec-{name}",
                "inputDefinitions": {"parameters": {name: {"parameterType": "STRING"} for name in inputs}},
            }
            for name in identifiers.stages.values()
        },
        "deploymentSpec": {
            "executors": {
                f"exec-{identifiers.stages[stage.name]}": {
                    "container": _container(project, stage, engine, identifiers, defaults)
                }
                for stage in project
            }
        },
    }


def _declaration(description: str, default: str | None) -> dict[str, Any]:
    return {
        **({} if default is None else {"defaultValue": default}),
        **({"description": description} if description else {}),
        **({} if default is None else {"isOptional": True}),
        "parameterType": "STRING",
    }


def _task(project: Project, stage: Stage, tasks: Mapping[str, str], inputs: Iterable[str]) -> dict[str, Any]:
    task: dict[str, Any] = {
        "taskInfo": {"name": stage.name},
        "componentRef": {"name": f"comp-{tasks[stage.name]}"},
        "cachingOptions": {},  # off: DVC's run cache is the cache
        "inputs": {"parameters": {name: {"componentInputParameter": name} for name in inputs}},
    }
    if parents := project.dag.parents(stage.name):
        task["dependentTasks"] = [tasks[parent] for parent in parents]
    if stage.retries:
        task["retryPolicy"] = {"maxRetryCount": stage.retries, **RETRY}
    return task


def _container(
    project: Project, stage: Stage, engine: Engine, identifiers: Names, defaults: Mapping[str, str]
) -> dict[str, Any]:
    shell, flag, script, zeroth, name = worker.bootstrap(stage.name)
    environment = {
        **CREDENTIALS,
        **engine.env,
        "MLOPS_DEFAULTS": lines({param: defaults[param] for param in identifiers.params}),
        "MLOPS_RETRIES": "0" if stage.retries else None,  # the engine retries
        **variables(project, stage),
    }
    settings = [f"{param}={_input(identifier)}" for param, identifier in identifiers.params.items()]
    container: dict[str, Any] = {
        "image": image(stage),
        "command": [shell, flag, f"{engine.before}shift {len(engine.inputs)}; {script}", zeroth],
        "args": [*map(_input, engine.inputs), name, *settings],
        "env": [{"name": variable, "value": value} for variable, value in environment.items() if value],
    }
    if resources := engine.machine(stage.resources):
        container["resources"] = resources
    return container


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"


def size(bound: str, resources: Resources) -> dict[str, Any]:
    """Processors and memory; ``bound`` is Request or Limit. As text, and as numbers (GB) for older engines."""
    fields: dict[str, Any] = {}
    if resources.cpu:
        fields |= {f"cpu{bound}": resources.cpu, f"resourceCpu{bound}": cores(resources.cpu)}
    if resources.memory:
        fields |= {f"memory{bound}": resources.memory / 1e9, f"resourceMemory{bound}": quantity(resources.memory)}
    return fields


def accelerators(kind: str, resources: Resources) -> dict[str, Any]:
    """GPUs of that kind."""
    if not resources.gpu:
        return {}
    count = str(resources.gpu)
    return {"accelerator": {"count": count, "resourceCount": count, "type": kind, "resourceType": kind}}
