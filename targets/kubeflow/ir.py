"""The pipeline as Kubeflow's intermediate representation, which Vertex AI takes too: a task for each stage.

Facts: https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/compile-a-pipeline/ and the schema
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...compiler.diagnostic import Diagnostic
from ...compiler.emit.names import distinct
from ...compiler.graph import Project, Resources, Stage
from ...compiler.span import At
from ...compiler.target import Emulated, Feature, Kept, Support
from ...compiler.worker import bootstrap
from ..engines import CREDENTIALS, TASKS, defaults, image, passed, setup

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


def pipeline(project: Project, engine: Engine) -> dict[str, Any]:
    """The whole PipelineSpec."""
    names = slugs(project)
    given = {**engine.own, **{name: ("", passed(project)[param]) for param, name in parameters(project, engine).items()}}
    return {
        "schemaVersion": SCHEMA,
        "sdkVersion": SDK,
        "pipelineInfo": {"name": slug(project.name)},
        "root": {
            "inputDefinitions": {"parameters": {name: _declared(*said) for name, said in given.items()}},
            "dag": {"tasks": {names[stage.name]: _task(stage, names, list(given)) for stage in project}},
        },
        "components": {
            f"comp-{name}": {
                "executorLabel": f"exec-{name}",
                "inputDefinitions": {"parameters": {each: {"parameterType": "STRING"} for each in given}},
            }
            for name in names.values()
        },
        "deploymentSpec": {
            "executors": {
                f"exec-{names[stage.name]}": {"container": _container(project, stage, engine)} for stage in project
            }
        },
    }


def slug(name: str) -> str:
    """A name of the project or of a stage as a name in Kubernetes, which in Argo starts with a letter.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    """
    made = re.sub(r"[^a-z0-9]+", "-", name.lower())[:MAX_NAME].strip("-")
    return made if made[:1].isalpha() else f"p-{made}"[:MAX_NAME].strip("-")


def slugs(project: Project) -> dict[str, str]:
    """The name of each stage's task."""
    return distinct(project.stages, slug, MAX_NAME, mark="-")


def parameters(project: Project, engine: Engine) -> dict[str, str]:
    """The name of the pipeline's parameter for each that commands use: ``train.lr`` becomes ``train_lr``."""
    kept = [name for name, value in passed(project).items() if not _REWRITTEN.search(f"{name}={value}")]

    def write(name: str) -> str:
        made = re.sub(r"\W", "_", name, flags=re.ASCII)
        return f"_{made}" if made[:1].isdigit() else made

    return distinct(kept, write, taken=engine.own)


def _declared(description: str, default: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {} if default is None else {"defaultValue": default}
    if description:
        said["description"] = description
    return {**said, **({} if default is None else {"isOptional": True}), "parameterType": "STRING"}


def _task(stage: Stage, names: Mapping[str, str], given: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "taskInfo": {"name": stage.name},
        "componentRef": {"name": f"comp-{names[stage.name]}"},
        "cachingOptions": {},  # off: DVC's run cache is the cache
        "inputs": {"parameters": {name: {"componentInputParameter": name} for name in given}},
    }
    if stage.upstream:
        said["dependentTasks"] = [names[name] for name in stage.upstream]
    if stage.retries:
        said["retryPolicy"] = {"maxRetryCount": stage.retries, **RETRY}
    return said


def _container(project: Project, stage: Stage, engine: Engine) -> dict[str, Any]:
    shell, flag, script, zeroth, *words = bootstrap(stage.name)
    words += [f"{param}={_input(name)}" for param, name in parameters(project, engine).items()]
    before = f"{engine.before}shift {len(engine.own)}; "
    said: dict[str, Any] = {
        "image": image(stage),
        "command": [shell, flag, before + script, zeroth],
        "args": [*map(_input, engine.own), *words],
        "env": [{"name": name, "value": value} for name, value in _environment(project, stage, engine).items()],
    }
    if resources := engine.machine(stage.resources):
        said["resources"] = resources
    return said


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"


def _environment(project: Project, stage: Stage, engine: Engine) -> dict[str, str]:
    made = {
        **CREDENTIALS,
        **engine.env,
        "MLOPS_DEFAULTS": "".join(f"{param}={passed(project)[param]}\n" for param in parameters(project, engine)),
        "MLOPS_RETRIES": "0" if stage.retries else None,  # the engine tries again
        "MLOPS_SETUP": setup(project, stage),
    }
    return {name: value for name, value in made.items() if value}


def cores(cpu: float) -> str:
    """Processors as Kubernetes writes them."""
    thousandths = max(1, round(cpu * 1000))
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def quantity(memory: int) -> str:
    """Bytes as Kubernetes writes them."""
    for power, unit in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if memory % 1024**power == 0:
            return f"{memory // 1024**power}{unit}"
    return str(memory)


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
    lines = passed(project)
    for name, value in defaults(project).items():
        match = _REWRITTEN.search(f"{name}={value}")
        if match or name not in lines:
            sign = f"Kubeflow or Kubernetes puts something else in place of `{match.group()}`" if match else ""
            yield Diagnostic(
                "MLC532",
                f"`{name}` is no parameter of the pipeline: " + (sign or "its value has a line break"),
                At(("stages",), key=True),
                help="the value in the file is used; another one can be given by `set_params`",
                severity="warning",
            )
