"""Facts about SageMaker Pipelines: limits, machines, defaults."""

from __future__ import annotations

import re

from ...compiler.model.resources import Resources
from ..engines import machines
from ..engines.machines import Machine

MAX_STEPS = 50  # https://docs.aws.amazon.com/general/latest/gr/sagemaker.html#limits_sagemaker
MAX_PARAMETERS = 200  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
MAX_VARIABLES = 100  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
MAX_DEFINITION = 1_048_576  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html
MAX_NAME = 64  # of a step and of a parameter: StepName, and the quotas of pipelines
MAX_PIPELINE = 100  # 256, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html; less for the file's name
MAX_TEXT = 256  # of a variable of a processing job, and of a word of a container's command, API_AppSpecification.html
MAX_DESCRIPTION = 3072  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PipelineExecutionStep.html
MAX_IMAGE = 255  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AppSpecification.html
MAX_ATTEMPTS = 20  # https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
MAX_SECONDS = {
    "Processing": 777_600,  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingStoppingCondition.html
    "Training": 2_419_200,  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
}
DAY = 86_400
"""Seconds that SageMaker allows a job without a limit of its own."""

VOLUME = 30
"""GB of disk, the SDK's default."""

OUTPUT = {"Processing": "/opt/ml/processing/output", "Training": "/opt/ml/output/data"}
"""Folders that SageMaker uploads."""

FAULTS = ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"]
"""What SageMaker can retry. A command that fails is not among it: docs/decisions/0024-sagemaker.md."""

DEFAULT_MACHINE = "ml.m5.xlarge"
"""The machine of a stage that asks for nothing."""

MACHINES = sorted(
    Machine(gpu, cpu, memory, f"ml.{family}.{size}")
    for family, gpu, sizes in (
        ("m5", 0, {"large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32), "4xlarge": (16, 64), "12xlarge": (48, 192), "24xlarge": (96, 384)}),
        ("c5", 0, {"xlarge": (4, 8), "2xlarge": (8, 16), "4xlarge": (16, 32), "9xlarge": (36, 72), "18xlarge": (72, 144)}),
        ("r5", 0, {"large": (2, 16), "xlarge": (4, 32), "2xlarge": (8, 64), "4xlarge": (16, 128), "8xlarge": (32, 256), "12xlarge": (48, 384), "16xlarge": (64, 512), "24xlarge": (96, 768)}),
        ("g4dn", 1, {"xlarge": (4, 16), "2xlarge": (8, 32), "4xlarge": (16, 64), "8xlarge": (32, 128), "16xlarge": (64, 256)}),
        ("g4dn", 4, {"12xlarge": (48, 192)}),
        ("g5", 4, {"24xlarge": (96, 384)}),
        ("g5", 8, {"48xlarge": (192, 768)}),
    )
    for size, (cpu, memory) in sizes.items()
)  # fmt: skip
"""Those that both processing and training jobs take: the enums of InstanceType in
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingClusterConfig.html and API_ResourceConfig.html;
their sizes: https://docs.aws.amazon.com/ec2/latest/instancetypes/. tests/real/test_sagemaker.py holds both to AWS's data."""

_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-]")  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html


def machine(asked: Resources) -> str | None:
    """The smallest instance type that has the resources; None if none has."""
    return DEFAULT_MACHINE if asked == Resources() else machines.smallest(MACHINES, asked)


def in_ecr(image: str) -> bool:
    """Whether an image is in Amazon ECR, from which SageMaker takes images."""
    return _ECR.match(image) is not None
