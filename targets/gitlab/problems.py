"""What GitLab CI cannot do as the spec asks."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.lower.fan_out import fan, place
from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project, Stage
from ...compiler.model.source import Path
from ...compiler.model.target import Feature
from ..ci.shell import fans_out
from ..engines.problems import NOT_OFFERED
from . import fan_out
from .escape import label
from .facts import MAX_MINUTES, MAX_NEEDS

LONG_TIMEOUT = Code(
    "MLC511",
    "warning",
    "`ci.timeout` is {minutes} minutes, but a job on a hosted runner of gitlab.com ends after {limit}",
    help="use a runner of your own (`ci.runner`), or set a shorter timeout",
)
LONG_STAGE = Code(
    "MLC511",
    "warning",
    "the job of `{stage}` needs up to {minutes} minutes, but a job on a hosted runner of gitlab.com ends after {limit}",
    help="run the stage on a runner of your own (`ci.runner` or `ci.runners`), or set a shorter timeout",
)
EXPANDED_LABEL = Code(
    "MLC512",
    "error",
    "GitLab would replace `{variable}` by the value of a variable, and it cannot be escaped here",
    help="remove it, or set the value that GitLab is to see under `patches`",
)
TOO_MANY_NEEDS = Code(
    "MLC516",
    "warning",
    "the job of `{stage}` needs {count} other jobs, but GitLab allows no more than {limit}",
    help="let stages in between gather them, or remove `fan-out`; an administrator can raise the limit",
)


def expanded_labels(project: Project) -> Iterator[Diagnostic]:
    """Each text of the spec that would stand where GitLab replaces variables, and holds one."""
    for text, path in _labels(project):
        try:
            label(text)
        except ValueError as error:
            yield EXPANDED_LABEL.at(*path, variable=error)


def limits(project: Project) -> Iterator[Diagnostic]:
    """Each limit of GitLab that the pipeline exceeds."""
    minutes = project.ci.timeout_minutes
    if minutes is not None and minutes > MAX_MINUTES and not project.ci.runner:
        yield LONG_TIMEOUT.at("ci", "timeout", minutes=minutes, limit=MAX_MINUTES)
    for index, path in enumerate(project.ci.cached):
        if path.startswith(("/", "~", "../")):
            what = f"caches of paths outside of the repository, such as `{path}`"
            yield NOT_OFFERED.at("ci", "cache", index, platform="GitLab", what=what)
    if fans_out(project):
        yield from _stage_limits(project)


def _stage_limits(project: Project) -> Iterator[Diagnostic]:
    """At most one diagnostic of a kind for each entry of the spec, however many stages it expands to."""
    reported: set[tuple[str, Code]] = set()
    for name, needs in fan(project).jobs.items():
        stage = project.stages[name]
        if _too_long(project, stage) and (stage.entry, LONG_STAGE) not in reported:
            reported.add((stage.entry, LONG_STAGE))
            where = place(project, stage, Feature.TIMEOUT)
            yield LONG_STAGE.on(where, stage=name, minutes=fan_out.minutes(project, stage), limit=MAX_MINUTES)
        if len(needs) > MAX_NEEDS and (stage.entry, TOO_MANY_NEEDS) not in reported:
            reported.add((stage.entry, TOO_MANY_NEEDS))
            yield TOO_MANY_NEEDS.on(stage.at, stage=name, count=len(needs), limit=MAX_NEEDS)


def _too_long(project: Project, stage: Stage) -> bool:
    on_hosted_runner = not project.ci.labels_for(stage.resources)
    return stage.timeout is not None and on_hosted_runner and fan_out.minutes(project, stage) > MAX_MINUTES


def _labels(project: Project) -> Iterator[tuple[str, Path]]:
    """What of the spec stands where GitLab replaces variables, each with its place."""
    for index, text in enumerate(project.ci.runner):
        yield text, ("ci", "runner", index)
    for index, text in enumerate(project.ci.cached):
        yield text, ("ci", "cache", index)
    if project.ci.image:
        yield project.ci.image, ("ci", "image")
    for name, deployment in project.deployments.items():
        yield deployment.url, ("deploy", name, "url")
    if not fans_out(project):
        return
    for name, machine in project.ci.machines.items():
        for text in machine.labels:
            yield text, ("ci", "runners", name)
    for stage in project:
        if stage.image:
            yield stage.image, place(project, stage, Feature.IMAGE).path
