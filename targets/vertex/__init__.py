"""The `vertex` target: a PipelineSpec for Vertex AI Pipelines, and the program that submits it.

Facts: https://cloud.google.com/vertex-ai/docs/pipelines/machine-types
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
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
        Feature.GPU: Emulated(f"devices of the kind {ACCELERATOR}, unless `patches` name another"),
        Feature.CI_SECRETS: Emulated("one secret in Secret Manager, which each task reads as the job's account"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline, the program that submits it, and the worker script."""
        yield from problems(project)
        yield yaml_file(f"vertex/{names(project).pipeline}.yaml", document(project))
        submit = program("vertex.py", PROGRAMS)
        yield File(submit.path, submit.text)
        yield worker.file()
