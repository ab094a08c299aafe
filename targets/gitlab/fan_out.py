"""One job for each stage (`ci.fan-out`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...compiler.emit.yaml import Flow
from ...compiler.lower.fan_out import Fan
from ...compiler.model.project import Project, Stage
from ..ci import fan_out
from . import names
from .escape import label
from .facts import DEFAULT_MINUTES, MAX_RETRIES
from .job import WHOLE_HISTORY, Job, access, enter, install, missing, package_cache

STAGE = "run"
"""GitLab's stage of these jobs. The last job is in the next stage, and so waits for all of them."""
TEMPLATE = ".stage"
"""The hidden job with what all of these jobs share."""


def stage_jobs(project: Project, fan: Fan, first: list[str], taken: Iterable[str]) -> Iterator[tuple[str, Job]]:
    """The jobs by name. Jobs that need no other stage wait for ``first``; ``taken`` are the names of all other jobs."""
    if fan.jobs:
        script = [*install(project), *missing(project)]
        shared = {"stage": STAGE, **access(project), "variables": WHOLE_HISTORY, "cache": package_cache(project)}
        yield TEMPLATE, {**shared, "before_script": script}
    job_names = names.stage_names(fan.jobs, taken)
    for name, parents in fan.jobs.items():
        needs = [job_names[parent] for parent in parents] or first
        yield job_names[name], _stage_job(project, project.stages[name], needs)


def minutes(project: Project, stage: Stage) -> int:
    """The timeout of a stage's job."""
    attempts = 1 if _retried_by_gitlab(stage) else stage.retries + 1
    return fan_out.timeout(project, stage, attempts) or DEFAULT_MINUTES


def _stage_job(project: Project, stage: Stage, needs: list[str]) -> Job:
    labels = project.ci.labels_for(stage.resources)
    job: dict[str, Any] = {"extends": TEMPLATE, "timeout": f"{minutes(project, stage)} minutes", "needs": Flow(needs)}
    if labels != project.ci.runner:
        job["tags"] = Flow(map(label, labels))
    if stage.image:
        job |= {
            "image": label(stage.image),
            "before_script": [*enter(project), *missing(project)],
        }  # it has all that the stage needs
    if _retried_by_gitlab(stage):
        job |= {"retry": stage.retries, "variables": {"MLOPS_RETRIES": "0"}}
    return {**job, "script": [fan_out.stage_command(stage)]}


def _retried_by_gitlab(stage: Stage) -> bool:
    """Whether GitLab retries the job as often as asked; otherwise the command retries by itself."""
    return 0 < stage.retries <= MAX_RETRIES
