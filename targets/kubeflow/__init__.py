"""The `kubeflow` target: a pipeline for Kubeflow Pipelines 2, each task of which runs the worker in a container.

Facts: https://www.kubeflow.org/docs/components/pipelines/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ..engines import worker
from ..engines.pipeline_spec.names import names
from ..engines.pipeline_spec.support import PIPELINE_SPEC
from ..engines.support import IN_PODS
from .document import document
from .problems import problems


class Kubeflow:
    """Kubeflow Pipelines 2, on Kubernetes."""

    name = "kubeflow"
    support: ClassVar[Support] = {
        **PIPELINE_SPEC,
        Feature.TIMEOUT: Emulated(
            "the command itself times out; the pod's deadline is an hour later, to fetch and push data"
        ),
        Feature.CPU: Kept(),
        Feature.MEMORY: Kept(),
        Feature.GPU: Kept(),
        **IN_PODS,
        Feature.DISK: Emulated("a volume of the default storage class at /tmp, where the worker clones"),
        Feature.CI_SECRETS: Emulated("keys of a Kubernetes secret with the project's name"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline with its Kubernetes part, and the worker script."""
        yield from problems(project)
        yield yaml_file(f"kubeflow/{names(project).pipeline}.yaml", document(project), apart=("platforms",))
        yield worker.file()
