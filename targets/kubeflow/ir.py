"""The pipeline as Kubeflow's intermediate representation, which Vertex AI takes too: a task for each stage.

Facts: https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/compile-a-pipeline/ and the schema
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.lower.metadata import params
from ...compiler.lower.worker import bootstrap
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ...compiler.model.source import At
from ...compiler.model.target import Emulated, Feature, Kept, Support
from ..engines import CREDENTIALS, TASKS, carried, cores, image, lines, quantity, setup

SCHEMA = "2.1.0"  # https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto#L40
SDK = "mlopsc"
MAX_NAME = 58
"""With `comp-` or `exec-` in front a name is still a label of Kubernetes, which has 63 letters at most.
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""

RETRY = {"backoffDuration": "0s", "backoffFactor": 2.0, "backoffMaxDuration": "3600s"}
"""How the SDK spaces retries. https://kubeflow-pipelines.readthedocs.io/en/stable/source/dsl.html"""

_REWRITTEN = re.compile(r"\{\{|\$[($]")
"""What Kubeflow (and Argo beneath it) and Kubernetes put something else in place of, in an argument or an image.
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/"""

SUPPORT: Support = {
    **TASKS,
    Feature.STAGES: Kept(),
    Feature.TEMPLATES: Emulated("a parameter of the pipeline for each that a command uses, passed to DVC"),
    Feature.RETRIES: Kept(),
    Feature.IMAGE: Kept(),
    Feature.REGISTRY: Emulated("a stage without `image` installs what the remote needs"),
}
"""What holds for every engine that reads the representation."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What differs between engines: how a machine is asked for, and what a task does before it has the repository.

    ``own`` are parameters of the pipeline, each with its description and default (None: it must be given). The shell
    words of ``before`` find them as ``$1``, ``$2``, ...; ``env`` is more environment.
    """

    own: Mapping[str, tuple[str, str | None]]
    before: str
    machine: Callable[[Resources], dict[str, Any]]
    env: Mapping[str, str]


OWN: dict[str, tuple[str, str | None]] = {
    "repository": ("Git URL that each task clones", None),
    "revision": ("Git commit that each task checks out", None),
    "folder": ("The project's folder in the repository, where it is not the root", ""),
    "set_params": ("More parameters, KEY=VALUE or FILE:KEY=VALUE, one a line", ""),
}
"""Parameters of every pipeline. Without a default for the revision nobody runs two commits in one pipeline."""

EXPORTS = 'export MLOPS_REPO="$1" MLOPS_REV="$2" MLOPS_SUBDIR="$3" MLOPS_SET="$4"; '
"""What tells them to the worker."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that commands use: its name in the pipeline, and how DVC sets it, at its value of now."""

    name: str
    key: str
    value: str


def pipeline(project: Project, engine: Engine) -> dict[str, Any]:
    """The whole PipelineSpec."""
    names = slugs(project)
    params = parameters(project, engine)
    given = {**engine.own, **{each.name: ("", each.value) for each in params}}
    executors = {f"exec-{names[stage.name]}": _container(project, stage, engine, params) for stage in project}
    return {
        "schemaVersion": SCHEMA,
        "sdkVersion": SDK,
        "pipelineInfo": {"name": slug(project.name)},
        "root": {
            "inputDefinitions": {"parameters": {name: _declared(*said) for name, said in given.items()}},
            "dag": {"tasks": {names[stage.name]: _task(project, stage, names, list(given)) for stage in project}},
        },
        "components": {
            f"comp-{name}": {
                "executorLabel": f"exec-{name}",
                "inputDefinitions": {"parameters": {each: {"parameterType": "STRING"} for each in given}},
            }
            for name in names.values()
        },
        "deploymentSpec": {"executors": {label: {"container": said} for label, said in executors.items()}},
    }


def slug(name: str) -> str:
    """A name of the project or of a stage as a name in Kubernetes, which in Argo starts with a letter.

    Beside each task NAME Kubeflow has one of its own, NAME-driver. https://github.com/kubeflow/pipelines/blob/master/
    backend/src/v2/compiler/argocompiler/dag.go and
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    """
    made = re.sub(r"[^a-z0-9]+", "-", name.lower())[:MAX_NAME].strip("-")
    made = re.sub(r"-driver\Z", "-drive", made)
    return made if made[:1].isalpha() else f"p-{made}"[:MAX_NAME].strip("-")


def slugs(project: Project) -> dict[str, str]:
    """The name of each stage's task."""
    return distinct(project.stages, slug, MAX_NAME, mark="-")


def parameters(project: Project, engine: Engine) -> list[Parameter]:
    """Those that reach a container as they are; ``train.lr`` is named ``train_lr``."""
    kept, _ = carried(project, _passes)

    def write(key: str) -> str:
        made = re.sub(r"\W", "_", key, flags=re.ASCII)
        return f"_{made}" if made[:1].isdigit() else made

    return [Parameter(name, key, kept[key]) for key, name in distinct(kept, write, taken=engine.own).items()]


def _passes(name: str, value: str) -> bool:
    return _REWRITTEN.search(f"{name}={value}") is None


def _declared(description: str, default: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {} if default is None else {"defaultValue": default}
    if description:
        said["description"] = description
    return {**said, **({} if default is None else {"isOptional": True}), "parameterType": "STRING"}


def _task(project: Project, stage: Stage, names: Mapping[str, str], given: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "taskInfo": {"name": stage.name},
        "componentRef": {"name": f"comp-{names[stage.name]}"},
        "cachingOptions": {},  # off: DVC's run cache is the cache
        "inputs": {"parameters": {name: {"componentInputParameter": name} for name in given}},
    }
    if parents := project.dag.parents(stage.name):
        said["dependentTasks"] = [names[name] for name in parents]
    if stage.retries:
        said["retryPolicy"] = {"maxRetryCount": stage.retries, **RETRY}
    return said


def _container(project: Project, stage: Stage, engine: Engine, params: Sequence[Parameter]) -> dict[str, Any]:
    shell, flag, script, zeroth, name = bootstrap(stage.name)
    environment = {
        **CREDENTIALS,
        **engine.env,
        "MLOPS_DEFAULTS": lines({each.key: each.value for each in params}),
        "MLOPS_RETRIES": "0" if stage.retries else None,  # the engine tries again
        "MLOPS_SETUP": setup(project, stage),
    }
    said: dict[str, Any] = {
        "image": image(stage),
        "command": [shell, flag, f"{engine.before}shift {len(engine.own)}; {script}", zeroth],
        "args": [*map(_input, engine.own), name, *(f"{each.key}={_input(each.name)}" for each in params)],
        "env": [{"name": name, "value": value} for name, value in environment.items() if value],
    }
    if resources := engine.machine(stage.resources):
        said["resources"] = resources
    return said


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"


def sized(what: str, resources: Resources) -> dict[str, Any]:
    """Processors and memory, as ``what`` is a Request or a Limit: in words, and as numbers (GB) for older engines."""
    said: dict[str, Any] = {}
    if resources.cpu:
        said |= {f"cpu{what}": resources.cpu, f"resourceCpu{what}": cores(resources.cpu)}
    if resources.memory:
        said |= {f"memory{what}": resources.memory / 1e9, f"resourceMemory{what}": quantity(resources.memory)}
    return said


def accelerators(kind: str, resources: Resources) -> dict[str, Any]:
    """Devices of that kind."""
    if not resources.gpu:
        return {}
    count = str(resources.gpu)
    return {"accelerator": {"count": count, "resourceCount": count, "type": kind, "resourceType": kind}}


def problems(project: Project) -> Iterator[Diagnostic]:
    """MLC531 for what cannot reach a container as it is, MLC532 for parameters that are left out of the pipeline."""
    told: set[str] = set()
    for stage in project:
        for text, what in ((stage.name, "the name of a stage"), (stage.image or "", "an image")):
            if (match := _REWRITTEN.search(text)) and text not in told:
                told.add(text)
                yield Diagnostic(
                    "MLC531",
                    f"`{text}` cannot be {what} here: Kubeflow or Kubernetes puts something else in place of "
                    f"`{match.group()}`",
                    stage.at,
                    help="write it without",
                )
    given = params(project)
    for name in carried(project, _passes)[1]:
        match = _REWRITTEN.search(f"{name}={given[name]}")
        sign = f"Kubeflow or Kubernetes puts something else in place of `{match.group()}`" if match else ""
        yield Diagnostic(
            "MLC532",
            f"`{name}` is no parameter of the pipeline: " + (sign or "its value has a line break"),
            At(("stages",), key=True),
            help="the value in the file is used; another one can be given by `set_params`",
            severity="warning",
        )
