"""The pipeline definition, as data: what SageMaker's own SDK makes of the same steps.

Facts: https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...compiler.model.project import Project, Stage
from ..engines import worker
from ..engines.facts import GRACE
from ..engines.names import Names
from ..engines.task import subfolder, variables
from .facts import (
    DAY,
    FAULTS,
    MAX_ATTEMPTS,
    MAX_DESCRIPTION,
    MAX_SECONDS,
    MAX_TEXT,
    OUTPUT,
    in_ecr,
)  # fmt: skip
from .machines import instance, volume
from .names import PARAMETERS, images, names, passed

CREDENTIALS = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "credential.helper",
    "GIT_CONFIG_VALUE_0": '!f() { test -z "$GIT_SECRET" || python3 -c "$GIT_HELPER"; }; f',
    "GIT_HELPER": (
        "import botocore.session, json, os; s = os.environ['GIT_SECRET']; "
        "c = botocore.session.Session().create_client('secretsmanager', s.split(':')[3]); "
        "[print(*x, sep='=') for x in json.loads(c.get_secret_value(SecretId=s)['SecretString']).items()]"
    ),
    "GIT_SECRET": {"Get": "Parameters.git_secret"},
}
"""Environment through which Git asks Secrets Manager: the secret is JSON of `username` and `password`; its ARN is no secret."""


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """What each step needs of the pipeline: identifiers, images and defaults, which are lines that fit variables."""

    project: Project
    names: Names
    images: dict[str, str]
    defaults: list[str]


def document(project: Project) -> dict[str, Any]:
    """The whole definition."""
    values = passed(project)
    lines = _packed(f"{name}={value}\n" for name, value in values.items())
    pipeline = _Pipeline(project, names(project), images(project), lines)
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": list(_parameters(pipeline, values)),
        "PipelineExperimentConfig": {
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
        "Steps": [_step(pipeline, stage) for stage in project],
    }


def kind(stage: Stage) -> str:
    """The type of a stage's step."""
    return "Training" if stage.kind == "train" else "Processing"


def seconds(stage: Stage) -> int:
    """The limit of the stage's job, with all attempts of its command and the pauses between them."""
    if stage.timeout is None:
        return DAY
    return stage.timeout * (stage.retries + 1) + stage.retries * (stage.retries + 1) // 2 + GRACE


def description(stage: Stage) -> str:
    """The description of a stage, on one line."""
    return " ".join(stage.desc.split())


def _parameters(pipeline: _Pipeline, values: dict[str, str]) -> Iterator[dict[str, Any]]:
    defaults = {"git_secret": "", "set_params": "", "output": _reports(pipeline.project)}
    for name in PARAMETERS:
        if name != "image" or any(stage.image is None for stage in pipeline.project):
            yield _parameter(name, defaults.get(name))
    for name in pipeline.images.values():
        yield _parameter(name, None)
    for param, value in values.items():
        yield _parameter(pipeline.names.params[param], value)


def _parameter(name: str, default: str | None) -> dict[str, Any]:
    parameter = {"Name": name, "Type": "String"}
    return parameter if default is None else {**parameter, "DefaultValue": default}


def _reports(project: Project) -> str | None:
    """The default folder for metrics and plots: beside the data in the default remote, if that is on S3."""
    url = project.remotes[0].url if project.remotes else ""
    return f"{url.rstrip('/')}/sagemaker" if url.startswith("s3://") else None


def _step(pipeline: _Pipeline, stage: Stage) -> dict[str, Any]:
    name = pipeline.names.stages[stage.name]
    step: dict[str, Any] = {"Name": name, "Type": kind(stage)}
    job = _training if step["Type"] == "Training" else _processing
    step["Arguments"] = {
        **job(stage, _image(pipeline, stage), _output(name)),
        "RoleArn": {"Get": "Parameters.role"},
        "Environment": _environment(pipeline, stage),
        **_ending(stage),
    }
    if parents := pipeline.project.dag.parents(stage.name):
        step["DependsOn"] = [pipeline.names.stages[parent] for parent in parents]
    if name != stage.name:
        step["DisplayName"] = stage.name[:MAX_TEXT]
    if stage.desc:
        step["Description"] = description(stage)[:MAX_DESCRIPTION]
    if stage.retries:
        attempts = min(stage.retries, MAX_ATTEMPTS)
        step["RetryPolicies"] = [
            {"BackoffRate": 2.0, "IntervalSeconds": 60, "MaxAttempts": attempts, "ExceptionType": FAULTS}
        ]
    return {**step, "CacheConfig": {"Enabled": False}}


def _ending(stage: Stage) -> dict[str, Any]:
    """The limit of a job. One on a spot machine may also wait for it, a day; processing jobs have no spot machines.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
    """
    limit = min(seconds(stage), MAX_SECONDS[kind(stage)])
    if not stage.resources.spot or kind(stage) != "Training":
        return {"StoppingCondition": {"MaxRuntimeInSeconds": limit}}
    waiting = {"MaxRuntimeInSeconds": limit, "MaxWaitTimeInSeconds": limit + DAY}
    return {"StoppingCondition": waiting, "EnableManagedSpotTraining": True}


def _processing(stage: Stage, image: Any, output: Any) -> dict[str, Any]:
    upload = {"S3Uri": output, "LocalPath": OUTPUT["Processing"], "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingResources": {"ClusterConfig": _machine(stage)},
        "AppSpecification": {"ImageUri": image, **_command(stage)},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "report", "AppManaged": False, "S3Output": upload}]},
    }


def _training(stage: Stage, image: Any, output: Any) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": image, **_command(stage)},
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": _machine(stage),
        "ProfilerConfig": {"DisableProfiler": True},
    }


def _environment(pipeline: _Pipeline, stage: Stage) -> dict[str, Any]:
    """The variables of a stage's job."""
    environment: dict[str, Any] = {
        "MLOPS_REPO": {"Get": "Parameters.repository"},
        "MLOPS_REV": {"Get": "Parameters.revision"},
        **subfolder(pipeline.project),
        "MLOPS_OUTPUT": OUTPUT[kind(stage)],
        **CREDENTIALS,
    }
    environment |= variables(pipeline.project, stage)
    environment["MLOPS_SET"] = {"Get": "Parameters.set_params"}
    for number, (param, name) in enumerate(pipeline.names.params.items(), 1):
        environment[f"MLOPS_SET_{number}"] = _join("", f"{param}=", {"Get": f"Parameters.{name}"})
    for number, lines in enumerate(pipeline.defaults, 1):
        environment[f"MLOPS_DEFAULTS_{number}"] = lines
    return environment


def _image(pipeline: _Pipeline, stage: Stage) -> Any:
    if stage.image and in_ecr(stage.image):
        return stage.image
    return {"Get": f"Parameters.{pipeline.images[stage.image] if stage.image else 'image'}"}


def _machine(stage: Stage) -> dict[str, Any]:
    name = instance(stage.resources, kind(stage))
    return {"InstanceType": name, "InstanceCount": 1, "VolumeSizeInGB": volume(stage.resources, name)}


def _command(stage: Stage) -> dict[str, list[str]]:
    *entrypoint, name, argument = worker.bootstrap(stage.name)
    return {"ContainerEntrypoint": entrypoint, "ContainerArguments": [name, argument]}


def _output(step: str) -> dict[str, Any]:
    return _join("/", {"Get": "Parameters.output"}, {"Get": "Execution.PipelineExecutionId"}, step)


def _join(separator: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def _packed(lines: Iterable[str]) -> list[str]:
    """Lines joined into texts, each as long as a variable can be."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1] + line) <= MAX_TEXT:
            texts[-1] += line
        else:
            texts.append(line)
    return texts
