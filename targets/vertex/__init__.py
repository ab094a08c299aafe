"""The `vertex` target: a PipelineSpec for Vertex AI Pipelines, and the program that submits it.

Facts: https://cloud.google.com/vertex-ai/docs/pipelines/machine-types
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Lost, Support
from ...compiler.programs import program
from ..engines import worker
from ..engines.pipeline_spec.names import names
from ..engines.pipeline_spec.support import PIPELINE_SPEC
from .document import PROGRAMS, document
from .facts import ACCELERATOR
from .problems import problems


class Vertex:
    """Vertex AI Pipelines, of Google Cloud."""

    name = "vertex"
    support: ClassVar[Support] = {
        **PIPELINE_SPEC,
        Feature.CPU: Kept(),
        Feature.MEMORY: Kept(),
        Feature.GPU: Emulated(f"devices of the kind {ACCELERATOR}, unless `gpu_type` names another"),
        Feature.GPU_TYPE: Emulated("the accelerator type that has the label's name in capitals"),
        Feature.DISK: Lost("a task of a pipeline has the disk of 100 GB that Vertex AI gives it"),
        Feature.SHM: Lost("a task has the shared memory that Vertex AI gives its container"),
        Feature.SPOT: Lost("a task of a pipeline runs on a standard machine"),
        Feature.INSTANCE: Emulated("the processors, memory and GPUs of that machine, by which Vertex AI chooses"),
        Feature.CI_SECRETS: Emulated("one secret in Secret Manager, which each task reads as the job's account"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline, the program that submits it, and the worker script."""
        yield from problems(project)
        yield yaml_file(f"vertex/{names(project).pipeline}.yaml", document(project))
        submit = program("vertex.py", PROGRAMS)
        yield File(submit.path, submit.text)
        yield worker.file()
