"""Facts about SageMaker Pipelines: limits and defaults."""

from __future__ import annotations

import re

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

OUTPUT = {"Processing": "/opt/ml/processing/output", "Training": "/opt/ml/output/data"}
"""Folders that SageMaker uploads."""

FAULTS = ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"]
"""What SageMaker can retry. A command that fails is not among it: docs/decisions/0024-sagemaker.md."""

_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-]")  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html


def in_ecr(image: str) -> bool:
    """Whether an image is in Amazon ECR, from which SageMaker takes images."""
    return _ECR.match(image) is not None
