"""The `azureml` target: a pipeline job with a command job for each stage, each of which runs the worker script.

AzureML orders jobs by data alone. So each job has a folder as its output, in which the worker leaves what it has to
report, and takes those of the stages before it as inputs that are not fetched (``mode: direct``).
Facts: https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-pipeline
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At
from ...compiler.model.target import Elsewhere, Emulated, Feature, File, Kept, Support
from ..engines import INSTALLED, TASKS, carried, unmet
from .escape import passes, word
from .machines import size
from .pipeline import name_of, pipeline, schedule, schedule_names

_MACHINE = Emulated("the smallest machine that has it; a compute of your own in place of serverless does not ask")


class Azureml:
    """Azure Machine Learning, by the extension `ml` of the Azure CLI (v2)."""

    name = "azureml"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("an input of the pipeline for each parameter that a command uses, passed to DVC"),
        Feature.DESC: Kept(),
        Feature.TIMEOUT: Emulated("the command ends in time by itself; `limits.timeout` leaves it time to fetch data"),
        Feature.RETRIES: Elsewhere("AzureML runs a command job once; DVC tries again, and dvc.yaml says it"),
        Feature.IMAGE: Kept(),
        Feature.CPU: _MACHINE,
        Feature.MEMORY: _MACHINE,
        Feature.GPU: _MACHINE,
        Feature.REGISTRY: INSTALLED,
        Feature.MONITOR: Emulated("a schedule of the pipeline for each monitor that has one"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline, its schedules and the worker script; a diagnostic for each value that AzureML cannot carry."""
        yield from unmet(project)
        if wrong := list(_unsaid(project)):
            yield from wrong
            return
        given, left = carried(project, lambda name, value: passes(name) and passes(value))
        yield from map(_unpassed, left)
        yield from _unmet(project)
        yield yaml_file(f"azureml/{name_of(project)}.yml", pipeline(project, given))
        for monitor, name in schedule_names(project).items():
            yield yaml_file(f"azureml/{name}.yml", schedule(project, monitor, name))
        script = script_file()
        yield File(script.path, script.text)


def _unsaid(project: Project) -> Iterator[Diagnostic]:
    """Names that would be read."""
    for stage in project:
        try:
            word(stage.name)
        except ValueError as error:
            yield Diagnostic(
                "MLC541",
                f"AzureML would look for an input behind the `{error}` in `{stage.name}`, and knows no escape for it",
                stage.at,
                help=f"write it without `{error}`",
            )


def _unpassed(name: str) -> Diagnostic:
    return Diagnostic(
        "MLC540",
        f"`{name}` is no input of the pipeline: AzureML cannot carry its value",
        At(("stack",), key=True),
        "that is so for what is empty, for `${{` and `$[[`, and for control characters",
        "nothing else is lost: each job takes the value from the file of parameters",
        severity="warning",
    )


def _unmet(project: Project) -> Iterator[Diagnostic]:
    """Resources that no machine has, once for each entry."""
    entries = {stage.entry: stage for stage in project if stage.resources and size(stage.resources) is None}
    for entry in entries:
        yield Diagnostic(
            "MLC542",
            f"no machine of AzureML has what `{entry}` asks for: it runs on the one that is usual",
            At(("stages", entry, "resources")),
            help="ask for less, or name a compute of your own under `patches`",
            severity="warning",
        )
