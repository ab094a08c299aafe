"""The pipeline of tests/golden/kubeflow, written with Kubeflow's own SDK and compiled by it.

kubeflow_sdk.py kubeflow|vertex OUT: MLOPS_COMMAND is the shell program of the tasks, MLOPS_SECRETS that which asks for
secrets. It runs on the Python of the judge.
"""

import os
import sys

from kfp import compiler, dsl, kubernetes

VERTEX = sys.argv[1] == "vertex"
COMMAND = ["sh", "-c", os.environ["MLOPS_COMMAND"], "worker"]
OWN = ["repository", "revision", "folder", "set_params", *(["secret"] if VERTEX else [])]


def component(name, stage, image):
    """A component with a string input for each parameter: the SDK reads them off the function's signature."""
    inputs = [*OWN, "train_lr", "train_kind"]

    def run(*words):
        own, lr, kind = words[: len(OWN)], *words[len(OWN) :]
        return dsl.ContainerSpec(
            image=image, command=COMMAND, args=[*own, stage, f"train.lr={lr}", f"train.kind={kind}"]
        )

    scope = {"run": run}
    exec(f"def {name}({', '.join(f'{each}: str' for each in inputs)}): return run({', '.join(inputs)})", scope)
    return dsl.container_component(scope[name])


def common(task, image=None):
    task.set_caching_options(False)
    for name, value in (
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "credential.helper"),
        ("GIT_CONFIG_VALUE_0", os.environ["MLOPS_HELPER"]),
    ):
        task.set_env_variable(name, value)
    if VERTEX:
        task.set_env_variable("MLOPS_SECRETS", os.environ["MLOPS_SECRETS"])
    task.set_env_variable("MLOPS_DEFAULTS", "train.lr=0.1\ntrain.kind=wide\n")
    if not VERTEX:
        names = ["GIT_USERNAME", "GIT_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        kubernetes.use_secret_as_env(task, "wine", {name: name for name in names}, optional=True)
    return task


def big(task):
    if VERTEX:
        task.set_cpu_limit("500m").set_memory_limit("8Gi").set_accelerator_type("NVIDIA_TESLA_T4")
    else:
        task.set_cpu_request("500m").set_memory_request("8Gi").set_accelerator_type("nvidia.com/gpu")
    return task.set_accelerator_limit(1)


prepare = component("prepare", "prepare", "python:3.12")
IMAGE = "ghcr.io/acme/train:1"
train_4 = component("train_4", "train@4", IMAGE)
train_8 = component("train_8", "train@8", IMAGE)
measure = component("measure", "measure", "python:3.12")
SETUP = "pip install --quiet 'dvc[s3]'"


def body(inputs):
    one = common(prepare(**inputs)).set_env_variable("MLOPS_RETRIES", "0").set_env_variable("MLOPS_SETUP", SETUP)
    one.set_retry(2)
    if not VERTEX:
        kubernetes.set_timeout(one, 600 + 3600)
    trained = [
        big(common(task(**inputs)).set_env_variable("MLOPS_IMAGE", IMAGE).set_display_name(stage)).after(one)
        for task, stage in ((train_4, "train@4"), (train_8, "train@8"))
    ]
    common(measure(**inputs)).set_env_variable("MLOPS_SETUP", SETUP).after(*trained)


def kubeflow(
    repository: str,
    revision: str,
    folder: str = "",
    set_params: str = "",
    train_lr: str = "0.1",
    train_kind: str = "wide",
):
    """A pipeline.

    Args:
        repository: Git URL that each task clones
        revision: Git commit that each task checks out
        folder: The project's folder in the repository, unless it is the root
        set_params: More parameters: KEY=VALUE or FILE:KEY=VALUE, one per line
    """
    body(locals())


def vertex(
    repository: str,
    revision: str,
    folder: str = "",
    set_params: str = "",
    secret: str = "",
    train_lr: str = "0.1",
    train_kind: str = "wide",
):
    """A pipeline.

    Args:
        repository: Git URL that each task clones
        revision: Git commit that each task checks out
        folder: The project's folder in the repository, unless it is the root
        set_params: More parameters: KEY=VALUE or FILE:KEY=VALUE, one per line
        secret: The version of a secret in Secret Manager that holds credentials, as a JSON object
    """
    body(locals())


made = dsl.pipeline(vertex if VERTEX else kubeflow, name="wine")
made.pipeline_spec.pipeline_info.description = ""
compiler.Compiler().compile(made, sys.argv[2])
