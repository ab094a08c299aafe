"""The pipeline of test_sagemaker.py by the SDK's own classes, written to a file. Run by the SDK's own Python.

The session is the only thing made up: the SDK asks it for a region, and for the name of a bucket.
"""

import json
import sys

import boto3
from sagemaker.estimator import Estimator
from sagemaker.processing import ProcessingOutput, Processor
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.functions import Join
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.retry import SageMakerJobExceptionTypeEnum as Fault
from sagemaker.workflow.retry import SageMakerJobStepRetryPolicy
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

session = PipelineSession(boto3.Session(region_name="us-east-1"), default_bucket="bucket")
own = {
    "role": ParameterString("role"),
    "repository": ParameterString("repository"),
    "revision": ParameterString("revision"),
    "image": ParameterString("image"),
    "output": ParameterString("output", "s3://acme-ml/wine/sagemaker"),
    "git_secret": ParameterString("git_secret", ""),
    "set_params": ParameterString("set_params", ""),
    "image-python-3-12": ParameterString("image-python-3-12"),
    "source": ParameterString("source", "here and, there"),
    "train_lr": ParameterString("train_lr", "0.1"),
}
WORKER = (
    'set -e; d=$(mktemp -d); git clone -q -- "$MLOPS_REPO" "$d"; cd "$d"; case $MLOPS_REV in -*) exit 2;; esac; '
    'git checkout -q "$MLOPS_REV"; '
    'cd "./${MLOPS_SUBDIR:-}"; unset MLOPS_REPO MLOPS_SUBDIR; exec sh .mlops/scripts/worker.sh "$@"'
)
HELPER = (
    "import botocore.session, json, os; s = os.environ['GIT_SECRET']; "
    "c = botocore.session.Session().create_client('secretsmanager', s.split(':')[3]); "
    "[print(*x, sep='=') for x in json.loads(c.get_secret_value(SecretId=s)['SecretString']).items()]"
)
OFF = CacheConfig(enable_caching=False)


def variables(output, **more):
    return {
        "MLOPS_REPO": own["repository"],
        "MLOPS_REV": own["revision"],
        "MLOPS_OUTPUT": output,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": '!f() { test -z "$GIT_SECRET" || python3 -c "$GIT_HELPER"; }; f',
        "GIT_HELPER": HELPER,
        "GIT_SECRET": own["git_secret"],
        "MLOPS_SET": own["set_params"],
        "MLOPS_SET_1": Join(on="", values=["source=", own["source"]]),
        "MLOPS_SET_2": Join(on="", values=["train.lr=", own["train_lr"]]),
        "MLOPS_DEFAULTS_1": "source=here and, there\ntrain.lr=0.1\n",
        **more,
    }


def kept(step):
    return Join(on="/", values=[own["output"], ExecutionVariables.PIPELINE_EXECUTION_ID, step])


def tries(count):
    faults = [Fault.INTERNAL_ERROR, Fault.CAPACITY_ERROR, Fault.RESOURCE_LIMIT]
    return [SageMakerJobStepRetryPolicy(exception_types=faults, interval_seconds=60, max_attempts=count)]


IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/wine:1"


def processing(name, stage, image, machine, seconds, env=None, **more):
    processor = Processor(
        role=own["role"],
        image_uri=image,
        instance_count=1,
        instance_type=machine,
        volume_size_in_gb=30,
        entrypoint=["sh", "-c", WORKER],
        env=variables("/opt/ml/processing/output", **(env or {})),
        max_runtime_in_seconds=seconds,
        sagemaker_session=session,
    )
    output = ProcessingOutput(output_name="report", source="/opt/ml/processing/output", destination=kept(name))
    arguments = processor.run(arguments=["worker", stage], outputs=[output])
    return ProcessingStep(name, step_args=arguments, cache_config=OFF, **more)


def training(name, stage, **more):
    estimator = Estimator(
        image_uri=IMAGE,
        role=own["role"],
        instance_count=1,
        instance_type="ml.g4dn.2xlarge",
        volume_size=30,
        container_entry_point=["sh", "-c", WORKER],
        container_arguments=["worker", stage],
        environment=variables("/opt/ml/output/data", MLOPS_IMAGE=IMAGE),
        output_path=kept(name),
        max_run=86400,
        disable_profiler=True,
        debugger_hook_config=False,
        sagemaker_session=session,
    )
    return TrainingStep(name, step_args=estimator.fit(), cache_config=OFF, **more)


prepare = processing(
    "prepare-data--",
    "prepare data.ü",
    own["image"],
    "ml.m5.xlarge",
    3 * 600 + 3 + 3600,
    {"MLOPS_SETUP": "pip install --quiet 'dvc[s3]'"},
    display_name="prepare data.ü",
    description='It\'s "raw" and long',
    retry_policies=tries(2),
)
four = training("train-4", "train@4", display_name="train@4", depends_on=["prepare-data--"])
eight = training("train-8", "train@8", display_name="train@8", depends_on=["prepare-data--"])
measure = processing(
    "measure",
    "measure",
    own["image-python-3-12"],
    "ml.r5.large",
    86400,
    {"MLOPS_IMAGE": "python:3.12"},
    depends_on=["train-4", "train-8"],
    retry_policies=tries(20),
)
pipeline = Pipeline("wine-1-x", list(own.values()), steps=[prepare, four, eight, measure], sagemaker_session=session)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(json.loads(pipeline.definition()), file)
