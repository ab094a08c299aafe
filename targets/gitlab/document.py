"""`.gitlab-ci.yml` as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.emit.yaml import Flow
from ...compiler.lower.fan_out import fan
from ...compiler.model.project import Project
from ..ci import project_file, shell
from ..ci.facts import PYTHON
from . import pipeline
from .deploy import deploy, record, rollback
from .escape import label
from .experiments import experiment
from .facts import PARENTS_SOURCE, PARENTS_STAGE, SOURCE
from .fan_out import stage_jobs
from .job import PACKAGES, Job, install
from .monitor import propose, retrain, tell, watch
from .notify import notify
from .rules import rules, rules_of_parent
from .tasks import TASK, defaults, form, has_tasks, is_pipeline, tasks

STAGES = ("test", "run", "pipeline", "deploy", "monitor", "report")


def document(project: Project) -> dict[str, Any]:
    """The whole file."""
    jobs = _jobs(project)
    used = {job.get("stage") for job in jobs.values()}
    packages = project.from_top(PACKAGES)
    return {
        "workflow": {"auto_cancel": {"on_new_commit": "none"}, "rules": rules(project)},
        "stages": Flow(stage for stage in STAGES if stage in used),
        "variables": {
            **_fields(project),
            "PIP_CACHE_DIR": f"$CI_PROJECT_DIR/{packages}/pip",
            "UV_CACHE_DIR": f"$CI_PROJECT_DIR/{packages}/uv",
        },
        "default": {
            "image": label(project.ci.image) if project.ci.image else f"python:{project.ci.python or PYTHON}",
            **({"tags": Flow(map(label, project.ci.runner))} if project.ci.runner else {}),
            "interruptible": True,
            "before_script": install(project),
        },
        **jobs,
    }


def _fields(project: Project) -> dict[str, Any]:
    if not has_tasks(project):
        return {}
    return defaults(project) if project.folder else form(project)


def parent(project: Project, path: str) -> dict[str, Any]:
    """The job that starts the pipeline of a project in a folder, as a child pipeline from the file ``path``.

    So the projects of a repository and the team's own jobs do not share stages, defaults and names.
    """
    child = {
        "stage": project.ci.stage_of_team or PARENTS_STAGE,
        "rules": rules_of_parent(project),
        "variables": {PARENTS_SOURCE: f"${SOURCE}"},
        "trigger": {
            "include": [{"local": project.from_top(path)}],
            "strategy": "depend",
            "forward": {"pipeline_variables": True},
        },
    }
    return {"variables": form(project), project_file(project): child}


def task_list(project: Project) -> str:
    """The tasks of a project, as a comment."""
    return f"# {TASK} can be: {', '.join(tasks(project))}\n"


def _jobs(project: Project) -> dict[str, Job]:
    """All jobs by name. What belongs to a task has rules; if there are tasks, everything else gets one too."""
    jobs = pipeline.checks(project)
    first = list(jobs)
    others = dict(_task_jobs(project)) if has_tasks(project) else {}
    if project.ci.pull_request:
        others["note"] = pipeline.note(project)
    if shell.pushes_lock(project):
        others["lock"] = pipeline.lock(project)
    if project.failure_webhook is not None:
        others["notify"] = notify(project, project.failure_webhook)
    if shell.fans_out(project):
        jobs |= stage_jobs(project, fan(project), first, ["pipeline", *jobs, *others])
    jobs["pipeline"] = pipeline.pipeline(project, first)
    if has_tasks(project):
        starts = [{"if": f"{is_pipeline(project)} && $CI_COMMIT_TAG == null"}]
        jobs = {name: job if "extends" in job else {"rules": starts, **job} for name, job in jobs.items()}
    return jobs | others


def _task_jobs(project: Project) -> Iterator[tuple[str, Job]]:
    """The jobs around the pipeline. One that runs a target of the Makefile has its name."""
    for name in project.experiments:
        yield f"exp-{name}", experiment(project, name)
    for name, deployment in project.deployments.items():
        for action, job in (("deploy", deploy), ("rollback", rollback)):
            yield f"{action}-{name}", job(project, deployment)
            yield f"record-{action}-{name}", record(project, deployment, action)
    for name, monitor in project.monitors.items():
        yield f"monitor-{name}", watch(project, monitor)
        yield f"tell-{name}", tell(project, monitor)
        if monitor.retrains:
            yield f"retrain-{name}", retrain(project, monitor)
            yield f"propose-{name}", propose(project, monitor)
