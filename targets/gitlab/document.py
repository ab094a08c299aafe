"""`.gitlab-ci.yml` as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.emit.yaml import Flow
from ...compiler.lower.fan_out import fan
from ...compiler.model.project import Project
from ..ci import shell
from ..ci.facts import PYTHON
from . import pipeline
from .deploy import deploy, record, rollback
from .escape import label
from .experiments import experiment
from .fan_out import stage_jobs
from .job import PACKAGES, Job, install
from .monitor import propose, retrain, tell, watch
from .rules import rules
from .tasks import IS_PIPELINE, form, has_tasks

STAGES = ("test", "run", "pipeline", "deploy", "monitor", "report")


def document(project: Project) -> dict[str, Any]:
    """The whole file."""
    jobs = _jobs(project)
    used = {job.get("stage") for job in jobs.values()}
    return {
        "workflow": {"auto_cancel": {"on_new_commit": "none"}, "rules": rules(project)},
        "stages": Flow(stage for stage in STAGES if stage in used),
        "variables": {
            **(form(project) if has_tasks(project) else {}),
            "PIP_CACHE_DIR": f"$CI_PROJECT_DIR/{PACKAGES}/pip",
            "UV_CACHE_DIR": f"$CI_PROJECT_DIR/{PACKAGES}/uv",
        },
        "default": {
            "image": f"python:{project.ci.python or PYTHON}",
            **({"tags": Flow(map(label, project.ci.runner))} if project.ci.runner else {}),
            "interruptible": True,
            "before_script": install(project),
        },
        **jobs,
    }


def _jobs(project: Project) -> dict[str, Job]:
    """All jobs by name. What belongs to a task has rules; if there are tasks, everything else gets one too."""
    jobs = pipeline.checks(project)
    first = list(jobs)
    others = dict(_task_jobs(project)) if has_tasks(project) else {}
    if project.ci.pull_request:
        others["note"] = pipeline.note()
    if shell.pushes_lock(project):
        others["lock"] = pipeline.lock(project)
    if shell.fans_out(project):
        jobs |= stage_jobs(project, fan(project), first, ["pipeline", *jobs, *others])
    jobs["pipeline"] = pipeline.pipeline(project, first)
    if has_tasks(project):
        starts = [{"if": f"{IS_PIPELINE} && $CI_COMMIT_TAG == null"}]
        jobs = {name: job if "extends" in job else {"rules": starts, **job} for name, job in jobs.items()}
    return jobs | others


def _task_jobs(project: Project) -> Iterator[tuple[str, Job]]:
    """The jobs around the pipeline. One that runs a target of the Makefile has its name."""
    for name in project.experiments:
        yield f"exp-{name}", experiment(project, name)
    for name, deployment in project.deployments.items():
        for action, job in (("deploy", deploy), ("rollback", rollback)):
            yield f"{action}-{name}", job(project, deployment)
            yield f"record-{action}-{name}", record(deployment, action)
    for name, monitor in project.monitors.items():
        yield f"monitor-{name}", watch(project, monitor)
        yield f"tell-{name}", tell(monitor)
        if monitor.retrains:
            yield f"retrain-{name}", retrain(project, monitor)
            yield f"propose-{name}", propose(monitor)
