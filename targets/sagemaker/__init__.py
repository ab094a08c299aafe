"""The `sagemaker` target: a pipeline definition, a step for each stage, each of which runs the worker script.

Facts: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-overview.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import json_file
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ...compiler.programs import program
from ..engines import TASKS, unmet
from .definition import pipeline, pipeline_name
from .limits import beyond


class Sagemaker:
    """SageMaker Pipelines, definition version 2020-12-01."""

    name = "sagemaker"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a parameter of the pipeline for each that a command uses, passed to DVC"),
        Feature.DESC: Kept(),
        Feature.TIMEOUT: Emulated("the command ends in time by itself; the job has an hour more, to fetch data"),
        Feature.RETRIES: Emulated("the job tries its command again; a retry policy makes a new job where one was lost"),
        Feature.IMAGE: Emulated(
            "the container's image, where it is in ECR; else a parameter that takes its copy there"
        ),
        Feature.CPU: Emulated("the smallest instance type that has as many"),
        Feature.MEMORY: Emulated("the smallest instance type that has as much"),
        Feature.GPU: Emulated("the smallest instance type that has as many"),
        Feature.REGISTRY: Emulated("where metrics and plots go; what a job without an image of its own installs"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The definition, the program that submits it, and the worker; a diagnostic for what SageMaker does not take."""
        yield from unmet(project)
        made = pipeline(project)
        yield from beyond(project, made)
        yield json_file(f"sagemaker/{pipeline_name(project)}.json", made)
        for script in (script_file(), program("sagemaker.py")):
            yield File(script.path, script.text)
