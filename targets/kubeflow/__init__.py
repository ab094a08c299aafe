"""The `kubeflow` target: a pipeline for Kubeflow Pipelines 2, each task of which runs the worker in a container.

Facts: https://www.kubeflow.org/docs/components/pipelines/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ..engines import GRACE, credentials, unmet
from .ir import EXPORTS, OWN, SUPPORT, Engine, accelerators, pipeline, problems, sized, slug, slugs

ACCELERATOR = "nvidia.com/gpu"
"""https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/"""


class Kubeflow:
    """Kubeflow Pipelines 2, on Kubernetes."""

    name = "kubeflow"
    support: ClassVar[Support] = {
        **SUPPORT,
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; the pod's deadline leaves it time to fetch data"
        ),
        Feature.CPU: Kept(),
        Feature.MEMORY: Kept(),
        Feature.GPU: Kept(),
        Feature.CI_SECRETS: Emulated("keys of a Kubernetes secret with the project's name"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline with its Kubernetes part, and the worker script."""
        yield from unmet(project)
        yield from problems(project)
        yield yaml_file(
            f"kubeflow/{slug(project.name)}.yaml",
            {**pipeline(project, ENGINE), **platforms(project)},
            apart=("platforms",),
        )
        script = script_file()
        yield File(script.path, script.text)


def requests(resources: Resources) -> dict[str, Any]:
    """What the pod asks for. Limits would end a stage that takes more than it asked for."""
    return {**sized("Request", resources), **accelerators(ACCELERATOR, resources)}


ENGINE = Engine(OWN, EXPORTS, requests, {})


def platforms(project: Project) -> dict[str, Any]:
    """The part that speaks of Kubernetes: credentials from a secret, and the deadline of each pod.

    https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto
    """
    secret = slug(project.name)
    keys = {
        "keyToEnv": [{"envVar": name, "secretKey": name} for name in credentials(project)],
        "optional": True,  # a pod that lacks a key would wait for it for ever; the worker says what is missing
        "secretName": secret,
        "secretNameParameter": {"runtimeValue": {"constant": secret}},
    }

    def config(stage: Stage) -> dict[str, Any]:
        deadline = {"activeDeadlineSeconds": str(stage.timeout + GRACE)} if stage.timeout else {}
        return {"secretAsEnv": [keys], **deadline}

    names = slugs(project)
    executors = {f"exec-{names[stage.name]}": config(stage) for stage in project}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
