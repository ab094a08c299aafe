"""The pipeline definition: data, as SageMaker's own SDK makes it of the same steps.

Facts: https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.lower.worker import bootstrap
from ...compiler.model.project import Project, Stage
from ..engines import GRACE, carried, setup
from .instances import MACHINES, smallest

MAX_NAME = 64  # of a step, of a parameter: StepName and the quotas of pipelines
MAX_PIPELINE = 100  # 256, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html; less for the file's name
MAX_TEXT = 256  # of a variable of a processing job, and of a word of a container's command, API_AppSpecification.html
MAX_DESCRIPTION = 3072  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PipelineExecutionStep.html
MAX_ATTEMPTS = 20  # https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
MAX_SECONDS = {
    "Processing": 777_600,  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingStoppingCondition.html
    "Training": 2_419_200,  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
}
DAY = 86_400
"""Seconds that SageMaker gives a job which names no limit."""

VOLUME = 30
"""GB of disk, the SDK's default."""

OWN = ("role", "repository", "revision", "image", "output", "git_secret", "set_params")
"""Parameters of the pipeline that are none of DVC's."""

OUTPUT = {"Processing": "/opt/ml/processing/output", "Training": "/opt/ml/output/data"}
"""Folders whose content SageMaker keeps."""

FAULTS = ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"]
"""What SageMaker can try again. A command that fails is not among it: docs/decisions/0024-sagemaker.md."""

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
"""Environment by which Git asks Secrets Manager: the secret is JSON of `username` and `password`, and its ARN is no secret."""

_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-]")  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html


def pipeline_name(project: Project) -> str:
    """The project's name as a pipeline bears it: letters and digits, with dashes between them."""
    return re.sub(r"[^A-Za-z0-9]+", "-", project.name).strip("-")[:MAX_PIPELINE].rstrip("-") or "pipeline"


@dataclass(frozen=True, slots=True)
class Names:
    """What a pipeline calls the things of a project."""

    steps: dict[str, str]
    """The step of each stage."""

    images: dict[str, str]
    """The parameter that takes the copy in ECR of each image that lies elsewhere."""

    params: dict[str, str]
    """The parameter of the pipeline for each that commands use: ``train.lr`` becomes ``train_lr``."""

    defaults: list[str]
    """Their values of now, as lines that fit variables."""


def names_of(project: Project) -> Names:
    """Names that SageMaker takes, each its own."""
    elsewhere = dict.fromkeys(stage.image for stage in project if stage.image and not in_ecr(stage.image))
    images = distinct(elsewhere, lambda image: f"image-{_slug(image)}", MAX_NAME, OWN, "-")
    given = passed(project)
    params = distinct(given, lambda name: re.sub(r"[^A-Za-z0-9_-]", "_", name), MAX_NAME, (*OWN, *images.values()))
    lines = _packed(f"{name}={value}\n" for name, value in given.items())
    return Names(distinct(project.stages, _slug, MAX_NAME, mark="-"), images, params, lines)


def pipeline(project: Project) -> dict[str, Any]:
    """The whole pipeline."""
    names = names_of(project)
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": list(_parameters(project, names)),
        "PipelineExperimentConfig": {
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
        "Steps": [_step(project, stage, names) for stage in project],
    }


def passed(project: Project) -> dict[str, str]:
    """The parameters that commands use, as far as one with its value fits a variable."""
    return carried(project, lambda name, value: len(f"{name}={value}\n") <= MAX_TEXT)[0]


def environment(project: Project, stage: Stage, names: Names) -> dict[str, Any]:
    """The variables of a stage's job."""
    found: dict[str, Any] = {
        "MLOPS_REPO": {"Get": "Parameters.repository"},
        "MLOPS_REV": {"Get": "Parameters.revision"},
        "MLOPS_OUTPUT": OUTPUT[kind(stage)],
        **CREDENTIALS,
    }
    if (install := setup(project, stage)) is not None:
        found["MLOPS_SETUP"] = install
    found["MLOPS_SET"] = {"Get": "Parameters.set_params"}
    for number, (name, parameter) in enumerate(names.params.items(), 1):
        found[f"MLOPS_SET_{number}"] = _join("", f"{name}=", {"Get": f"Parameters.{parameter}"})
    for number, lines in enumerate(names.defaults, 1):
        found[f"MLOPS_DEFAULTS_{number}"] = lines
    return found


def kind(stage: Stage) -> str:
    """The type of a stage's step."""
    return "Training" if stage.kind == "train" else "Processing"


def seconds(stage: Stage) -> int:
    """How long the stage's job may have to run, all tries of its command and the pauses between them included."""
    if stage.timeout is None:
        return DAY
    return stage.timeout * (stage.retries + 1) + stage.retries * (stage.retries + 1) // 2 + GRACE


def description(stage: Stage) -> str:
    """What the stage says of itself, on one line."""
    return " ".join(stage.desc.split())


def in_ecr(image: str) -> bool:
    """Whether an image lies where SageMaker takes it from."""
    return _ECR.match(image) is not None


def _parameters(project: Project, names: Names) -> Iterator[dict[str, Any]]:
    known = {"git_secret": "", "set_params": "", "output": _reports(project)}
    for name in OWN:
        if name != "image" or any(stage.image is None for stage in project):
            yield _parameter(name, known.get(name))
    for name in names.images.values():
        yield _parameter(name, None)
    for name, value in passed(project).items():
        yield _parameter(names.params[name], value)


def _parameter(name: str, default: str | None) -> dict[str, Any]:
    made = {"Name": name, "Type": "String"}
    return made if default is None else {**made, "DefaultValue": default}


def _reports(project: Project) -> str | None:
    """Where metrics and plots go unless somebody says: beside the data in the default remote, where that is on S3."""
    url = project.remotes[0].url if project.remotes else ""
    return f"{url.rstrip('/')}/sagemaker" if url.startswith("s3://") else None


def _image(stage: Stage, names: Names) -> Any:
    if stage.image and in_ecr(stage.image):
        return stage.image
    return {"Get": f"Parameters.{names.images[stage.image] if stage.image else 'image'}"}


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def _step(project: Project, stage: Stage, names: Names) -> dict[str, Any]:
    slug = names.steps[stage.name]
    made: dict[str, Any] = {"Name": slug, "Type": kind(stage)}
    common = {
        "RoleArn": {"Get": "Parameters.role"},
        "Environment": environment(project, stage, names),
        "StoppingCondition": {"MaxRuntimeInSeconds": min(seconds(stage), MAX_SECONDS[kind(stage)])},
    }
    write = _training if made["Type"] == "Training" else _processing
    made["Arguments"] = {**write(stage, _image(stage, names), _output(slug)), **common}
    if parents := project.dag.parents(stage.name):
        made["DependsOn"] = [names.steps[name] for name in parents]
    if slug != stage.name:
        made["DisplayName"] = stage.name[:MAX_TEXT]
    if stage.desc:
        made["Description"] = description(stage)[:MAX_DESCRIPTION]
    if stage.retries:
        attempts = min(stage.retries, MAX_ATTEMPTS)
        made["RetryPolicies"] = [
            {"BackoffRate": 2.0, "IntervalSeconds": 60, "MaxAttempts": attempts, "ExceptionType": FAULTS}
        ]
    return {**made, "CacheConfig": {"Enabled": False}}


def _processing(stage: Stage, image: Any, output: Any) -> dict[str, Any]:
    kept = {"S3Uri": output, "LocalPath": OUTPUT["Processing"], "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingResources": {"ClusterConfig": _machine(stage)},
        "AppSpecification": {"ImageUri": image, **_command(stage)},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "report", "AppManaged": False, "S3Output": kept}]},
    }


def _training(stage: Stage, image: Any, output: Any) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": image, **_command(stage)},
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": _machine(stage),
        "ProfilerConfig": {"DisableProfiler": True},
    }


def _machine(stage: Stage) -> dict[str, Any]:
    name = smallest(stage.resources) or MACHINES[-1].name
    return {"InstanceType": name, "InstanceCount": 1, "VolumeSizeInGB": VOLUME}


def _command(stage: Stage) -> dict[str, list[str]]:
    *entrypoint, name, argument = bootstrap(stage.name)
    return {"ContainerEntrypoint": entrypoint, "ContainerArguments": [name, argument]}


def _output(slug: str) -> dict[str, Any]:
    return _join("/", {"Get": "Parameters.output"}, {"Get": "Execution.PipelineExecutionId"}, slug)


def _join(sign: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": sign, "Values": list(values)}}


def _packed(lines: Iterator[str]) -> list[str]:
    """Lines put together, as many as fit a variable."""
    found: list[str] = []
    for line in lines:
        if found and len(found[-1] + line) <= MAX_TEXT:
            found[-1] += line
        else:
            found.append(line)
    return found
