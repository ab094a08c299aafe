"""The `sagemaker` target: a pipeline definition, a step for each stage, each of which runs the worker script.

Facts: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-overview.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import json_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Lost, Support
from ...compiler.programs import program
from ..engines import worker
from ..engines.support import IN_IMAGES, TASKS
from .document import document
from .names import names
from .problems import problems

PROGRAMS = os.path.join(os.path.dirname(__file__), "programs")
"""The folder of the programs that only SageMaker needs."""


class Sagemaker:
    """SageMaker Pipelines, definition version 2020-12-01."""

    name = "sagemaker"
    support: ClassVar[Support] = {
        **TASKS,
        **IN_IMAGES,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a pipeline parameter for each one that a command uses, passed to DVC"),
        Feature.DESC: Kept(),
        Feature.TIMEOUT: Emulated(
            "the command itself times out; the job's limit is an hour longer, to fetch and push data"
        ),
        Feature.RETRIES: Emulated("the command retries within its job; a retry policy replaces a job that was lost"),
        Feature.IMAGE: Emulated("the container's image, if it is in ECR; otherwise a parameter for its copy there"),
        Feature.CPU: Emulated("the smallest instance type that has as many"),
        Feature.MEMORY: Emulated("the smallest instance type that has as much"),
        Feature.GPU: Emulated("the smallest instance type that has as many"),
        Feature.GPU_TYPE: Emulated("the smallest instance type with such GPUs"),
        Feature.DISK: Emulated("the job's volume, or an instance type whose own disk is as large"),
        Feature.SHM: Lost("a job has the shared memory that SageMaker gives its container"),
        Feature.SPOT: Emulated("managed spot training of stages with `kind: train`; it may wait a day for a machine"),
        Feature.INSTANCE: Kept(),
        Feature.REGISTRY: Emulated("the folder for metrics and plots; what a job without `image` installs"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The definition, the worker script, and the program that submits the definition."""
        definition = document(project)
        yield from problems(project, definition)
        yield json_file(f"sagemaker/{names(project).pipeline}.json", definition)
        yield worker.file()
        submit = program("sagemaker.py", PROGRAMS)
        yield File(submit.path, submit.text)
