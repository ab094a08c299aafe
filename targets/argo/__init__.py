"""The `argo` target: a WorkflowTemplate with a task for each stage, each of which runs the worker script.

The script comes out of the clone (`worker.BOOTSTRAP`): a workflow is one object of Kubernetes, which takes 1.5 MiB, and
with the script in each template a hundred stages would fill it.
Facts: https://argo-workflows.readthedocs.io/en/latest/fields/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ..engines import INSTALLED, TASKS, carried, schedules, unmet
from .escape import passes, word
from .workflow import cron, name_of, workflow


class Argo:
    """Argo Workflows, 3.6 or newer."""

    name = "argo"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a parameter of the workflow for each that a command uses, passed to DVC"),
        Feature.DESC: Emulated("an annotation of the pod"),
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; `activeDeadlineSeconds` leaves it time to fetch data"
        ),
        Feature.RETRIES: Kept(),
        Feature.IMAGE: Kept(),
        Feature.CPU: Emulated("the request of the container"),
        Feature.MEMORY: Emulated("the request of the container"),
        Feature.GPU: Emulated("the limit `nvidia.com/gpu` of the container"),
        Feature.REGISTRY: INSTALLED,
        Feature.MONITOR: Emulated("a CronWorkflow runs the pipeline on the monitors' schedules"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The template, its schedule and the worker script; a diagnostic for each text that Argo would read."""
        yield from unmet(project)
        if wrong := list(_unsaid(project)):
            yield from wrong
            return
        given, left = carried(project, lambda name, value: passes(f"{name}={value}"))
        yield from map(_unpassed, left)
        file = f"argo/{name_of(project)}"
        yield yaml_file(f"{file}.yaml", workflow(project, given))
        if asked := schedules(project):
            yield yaml_file(f"{file}-cron.yaml", cron(project, list(dict.fromkeys(asked.values()))))
        script = script_file()
        yield File(script.path, script.text)


def _unsaid(project: Project) -> Iterator[Diagnostic]:
    """What a task cannot be told, or run in."""
    names = [(stage.name, stage.at) for stage in project]
    images = [(stage.image, At((*stage.at.path, "image"))) for stage in project if stage.image]
    for text, at in dict.fromkeys([*names, *images]):
        try:
            word(text)
        except ValueError as error:
            yield Diagnostic(
                "MLC541",
                f"Argo would look for a variable behind the `{error}` in `{text}`, and knows no escape for it",
                at,
                help="write it without two braces",
            )


def _unpassed(name: str) -> Diagnostic:
    return Diagnostic(
        "MLC540",
        f"`{name}` is no parameter of the workflow: Argo or Kubernetes would change its value on the way",
        At(("stack",), key=True),
        "that is so for `{{`, `$(`, `$$` and control characters",
        "nothing else is lost: each task takes the value from the file of parameters",
        severity="warning",
    )
