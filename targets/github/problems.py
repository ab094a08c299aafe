"""What GitHub Actions cannot do as the spec asks."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.lower.fan_out import fan, place
from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Feature
from ..ci.shell import fans_out
from . import fan_out
from .facts import MAX_MINUTES

CLIPPED_TIMEOUT = Code(
    "MLC510",
    "warning",
    "`ci.timeout` is {minutes} minutes, but a job on a GitHub-hosted runner ends after {limit}; the timeout is cut to that",
    help="use a self-hosted runner (`ci.runner`), or set a shorter timeout",
)
CLIPPED_STAGE = Code(
    "MLC510",
    "warning",
    "the job of `{stage}` needs up to {minutes} minutes, but a job on a GitHub-hosted runner ends after {limit}; "
    "its timeout is cut to that",
    help="run the stage on a self-hosted runner (`ci.runner` or `ci.runners`), or set a shorter timeout",
)


def problems(project: Project) -> Iterator[Diagnostic]:
    """Each limit of GitHub that clips what the spec asks for."""
    minutes = project.ci.timeout_minutes
    if minutes is not None and minutes > MAX_MINUTES and not project.ci.runner:
        yield CLIPPED_TIMEOUT.at("ci", "timeout", minutes=minutes, limit=MAX_MINUTES)
    if fans_out(project):
        yield from _clipped_stages(project)


def _clipped_stages(project: Project) -> Iterator[Diagnostic]:
    reported: set[str] = set()
    for name in fan(project).jobs:
        stage = project.stages[name]
        minutes = fan_out.minutes(project, stage)
        on_hosted_runner = not project.ci.labels_for(stage.resources)
        if stage.timeout is None or stage.entry in reported or minutes <= MAX_MINUTES or not on_hosted_runner:
            continue
        reported.add(stage.entry)
        where = place(project, stage, Feature.TIMEOUT)
        yield CLIPPED_STAGE.on(where, stage=name, minutes=minutes, limit=MAX_MINUTES)
