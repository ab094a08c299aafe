"""What AzureML cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.resources import Resources
from ..engines import problems as engines
from ..engines.machines import smallest
from ..engines.monitors import watches
from ..engines.parameters import carried
from ..engines.problems import NOT_OFFERED
from .escape import passes, word
from .facts import IGNORED_FIELDS, MACHINES, VM_SIZE

NO_INPUT = Code(
    "MLC540", "warning",
    "`{param}` is not an input of the pipeline: AzureML cannot carry its value",
    help="its value in the file of parameters is used; nothing else is lost",
)  # fmt: skip
SUBSTITUTED_NAME = Code(
    "MLC541", "error",
    "AzureML would substitute an input for `{match}` in `{stage}`, and has no escape for it",
    help="write it without `{match}`",
)  # fmt: skip
TOO_LARGE = Code(
    "MLC542", "warning",
    "no AzureML machine has what `{entry}` asks for: it runs on the default machine",
    help="ask for less, or name a machine: `resources: {{instance: {{azureml: Standard_TYPE}}}}`",
)  # fmt: skip

NO_CALENDAR = Code(
    "MLC551", "warning",
    "AzureML would start this every day that fits the other fields: it ignores the day of the month and the month of `{schedule}`",
    help="use minutes, hours and days of the week; or add a CI service, which takes any schedule: `stack: {{ci: github}}`",
)  # fmt: skip


def keeps(schedule: str) -> bool:
    """Whether a schedule of AzureML means what a cron line says."""
    fields = schedule.split()
    return all(fields[index] in ("*", "*/1", "?") for index in IGNORED_FIELDS)


def problems(project: Project) -> Iterator[Diagnostic]:
    """What concerns every engine, MLC540 to MLC542, and MLC551."""
    yield from _schedules(project)
    yield from engines.problems(project, "AzureML")
    yield from engines.prefixes(project, "AzureML")
    yield from _names(project)
    for param in carried(project, lambda name, value: passes(name) and passes(value))[1]:
        diagnostic = NO_INPUT.at_key("stack", param=param)
        yield replace(diagnostic, note="that holds for an empty value, `${{`, `$[[` and control characters")
    yield from _instances(project)
    entries = {stage.entry for stage in project if _lacks_machine(stage.resources)}
    for entry in dict.fromkeys(stage.entry for stage in project if stage.entry in entries):
        yield TOO_LARGE.at("stages", entry, "resources", entry=entry)


def _schedules(project: Project) -> Iterator[Diagnostic]:
    if project.schedule and not keeps(project.schedule):
        yield NO_CALENDAR.at("schedule", schedule=project.schedule)
    for watch in watches(project, "azureml"):
        if watch.schedule and not keeps(watch.schedule):
            yield NO_CALENDAR.at("monitor", watch.monitor.name, "schedule", schedule=watch.schedule)


def _instances(project: Project) -> Iterator[Diagnostic]:
    """MLC517, for what cannot be the name of a size of Azure's machines."""
    for entry, stage in {stage.entry: stage for stage in project}.items():
        name = stage.resources.instances.get("azureml", "")
        if name and not VM_SIZE.fullmatch(name):
            place = ("stages", entry, "resources", "instance", "azureml")
            note = "sizes are named like `Standard_NC24ads_A100_v4`; the job asks for it all the same"
            yield replace(NOT_OFFERED.at(*place, platform="AzureML", what=f"the machine size `{name}`"), note=note)


def _lacks_machine(asked: Resources) -> bool:
    return bool(asked) and "azureml" not in asked.instances and smallest(MACHINES, asked) is None


def _names(project: Project) -> Iterator[Diagnostic]:
    for stage in project:
        try:
            word(stage.name)
        except ValueError as error:
            yield SUBSTITUTED_NAME.on(stage.at, stage=stage.name, match=error)
