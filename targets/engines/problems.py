"""What keeps a task of any engine from its work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...compiler.lower.handover import lacking
from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project
from .monitors import ENGINES, timekeeper

NO_HANDOVER = Code("MLC543", "error", "{problem}", help="{remedy}")
NOT_IN_RUN_CACHE = Code(
    "MLC544", "warning",
    "the task of `{stage}` cannot get the result of `{parent}`: DVC does not store it in the run cache",
    help="give `{parent}` deps and outs in the repository, without `always_changed` and `persist`",
)  # fmt: skip
NO_CLOCK = Code(
    "MLC545", "warning",
    "nothing runs monitor `{monitor}` on its schedule: {why}",
    help="add a CI service, which runs monitors on their schedules: `stack: {{ci: github}}`",
)  # fmt: skip
NOT_OFFERED = Code(
    "MLC517", "warning",
    "{platform} does not offer {what}",
    help="name what it offers, or remove it: the other files of this project are not affected",
)  # fmt: skip
PREFIX_IN_IMAGE = Code(
    "MLC444", "warning",
    "the tasks of {engine} cannot run `{stage}`: their image has nothing that the prefix of `{name}` names",
    help="use an environment of kind `uv`, `venv` or `container`",
)  # fmt: skip
NO_ISSUE = Code(
    "MLC550", "warning",
    "a breach of `{monitor}` opens no issue: {engine} runs this monitor, and its run fails instead",
    help="let {engine} notify you of runs that fail, or add a CI service, which opens issues: `stack: {{ci: github}}`",
)  # fmt: skip


SEVERAL_IMAGES = Code(
    "MLC552", "warning",
    "a breach of `{monitor}` retrains in one container of {engine}, while stages name the images {images}",
    help="give all stages the same `image`, or add a CI service, which retrains: `stack: {{ci: github}}`",
)  # fmt: skip


def problems(project: Project, engine: str) -> Iterator[Diagnostic]:
    """MLC543 to MLC545, MLC550 and MLC552, for an engine of that name."""
    yield from _handover(project)
    yield from _run_cache(project)
    yield from clock(project, engine)
    yield from _monitors(project, engine)


def clock(project: Project, engine: str) -> Iterator[Diagnostic]:
    """MLC545."""
    keeper = timekeeper(project)
    for name, monitor in project.monitors.items():
        if monitor.schedule and keeper is None:
            why = (
                "its task calls `make`, and `build` is none"
                if engine.lower() in ENGINES
                else f"{engine} runs the pipeline only"
            )
            yield NO_CLOCK.at("monitor", name, "schedule", monitor=name, why=why)


def _monitors(project: Project, engine: str) -> Iterator[Diagnostic]:
    """MLC550 and MLC552, if the engine runs monitors on their schedules."""
    for name, monitor in project.monitors.items():
        if timekeeper(project) != engine.lower():
            return
        if monitor.opens_issue:
            yield NO_ISSUE.at("monitor", name, "on_breach", monitor=name, engine=engine)
        container = monitor.environment.image if monitor.environment is not None else None
        images = {*(stage.image for stage in project), *([container] if container else [])}
        if monitor.retrains and len(images) > 1:
            listed = ", ".join(f"`{image}`" for image in sorted(image for image in images if image))
            yield SEVERAL_IMAGES.at("monitor", name, "on_breach", monitor=name, engine=engine, images=listed)


def prefixes(project: Project, engine: str) -> Iterator[Diagnostic]:
    """MLC444, for an engine whose tasks run in images: once for each environment that is a prefix."""
    reported: set[str] = set()
    for stage in project:
        environment = stage.environment
        if environment is not None and environment.kind == "run" and environment.name not in reported:
            reported.add(environment.name)
            place = ("environments", environment.name, "run")
            yield PREFIX_IN_IMAGE.at(*place, engine=engine, stage=stage.name, name=environment.name)


def _handover(project: Project) -> Iterator[Diagnostic]:
    """An error, but a warning where only the remote is missing: it can be named in .dvc/config later."""
    if (lack := lacking(project)) is not None:
        problem, remedy = lack
        diagnostic = NO_HANDOVER.at("stack", "orchestrator", problem=problem, remedy=remedy)
        later = project.remote_url is None and project.uses_dvc
        yield replace(diagnostic, severity="warning") if later else diagnostic


def _run_cache(project: Project) -> Iterator[Diagnostic]:
    reported: set[str] = set()
    for stage in project:
        for parent in project.parents(stage):
            if parent.entry not in reported and not parent.frozen and not parent.in_run_cache:
                reported.add(parent.entry)
                yield NOT_IN_RUN_CACHE.on(parent.at, stage=stage.name, parent=parent.name)
