"""The `azureml` target: a pipeline job with a command job for each stage, each of which runs the worker script.

AzureML orders jobs by data only. So the output of each job is a folder with the worker's report, and its inputs are the folders
of the stages before it, which are not downloaded (``mode: direct``).
Facts: https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-pipeline
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Elsewhere, Emulated, Feature, File, Kept, Lost, Support
from ..engines import monitors, worker
from ..engines.support import IN_IMAGES, INSTALLED, TASKS, WATCHED
from .document import clock, document, watched
from .names import monitor_names, names
from .problems import SUBSTITUTED_NAME, keeps, problems

_MACHINE = Emulated("the smallest machine that has it; a compute of your own instead of serverless ignores it")


class Azureml:
    """Azure Machine Learning, by the extension `ml` of the Azure CLI (v2)."""

    name = "azureml"
    support: ClassVar[Support] = {
        **TASKS,
        **IN_IMAGES,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a pipeline input for each parameter that a command uses, passed to DVC"),
        Feature.DESC: Kept(),
        Feature.SCHEDULE: Emulated("a schedule that submits the pipeline; by minutes, hours and days of the week"),
        Feature.MONITOR: Emulated(WATCHED.format("a pipeline of its own")),
        Feature.TIMEOUT: Emulated(
            "the command itself times out; `limits.timeout` is an hour longer, to fetch and push data"
        ),
        Feature.RETRIES: Elsewhere("AzureML runs a command job once; the command in dvc.yaml retries"),
        Feature.IMAGE: Kept(),
        Feature.CPU: _MACHINE,
        Feature.MEMORY: _MACHINE,
        Feature.GPU: _MACHINE,
        Feature.GPU_TYPE: _MACHINE,
        Feature.DISK: Lost("a job has the disk of its machine"),
        Feature.SHM: Kept(),
        Feature.SPOT: Emulated("the tier `spot` of serverless compute"),
        Feature.INSTANCE: Kept(),
        Feature.REGISTRY: INSTALLED,
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline, the monitors, their clocks and the scripts; only diagnostics if AzureML would substitute in a name."""
        diagnostics = list(problems(project))
        yield from diagnostics
        if any(diagnostic.code == SUBSTITUTED_NAME.number for diagnostic in diagnostics):
            return
        pipeline, identifiers = names(project).pipeline, monitor_names(project)
        yield yaml_file(f"azureml/{pipeline}.yml", document(project))
        clocks = {pipeline: project.schedule}
        for watch in monitors.watches(project, self.name):
            name = identifiers[watch.monitor.name]
            yield yaml_file(f"azureml/{name}.yml", watched(project, watch))
            clocks[name] = watch.schedule
        for name, schedule in clocks.items():
            if schedule and keeps(schedule):
                yield yaml_file(f"azureml/{name}-schedule.yml", clock(name, schedule))
        yield worker.file()
        yield from monitors.files(project, self.name)
