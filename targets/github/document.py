"""The workflows as data, each by its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.model.project import Project
from ..ci import project_file
from ..ci.operations import runs_operations
from .deploy import deployments
from .experiments import experiments
from .facts import FOLDER
from .monitor import monitors
from .notify import notify
from .pins import renewed
from .pipeline import pipeline


def documents(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the content of each workflow that the spec calls for."""
    for path, document in _workflows(project):
        if project.failure_webhook is not None:
            jobs = document["jobs"]
            document = {**document, "jobs": {**jobs, "notify": notify(project, project.failure_webhook, jobs)}}
        yield path, renewed(document, project.ci.pins)


def _workflows(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    path = project.at_top(f"{FOLDER}/{project_file(project)}")
    yield f"{path}.yml", pipeline(project)
    if not runs_operations(project):
        return
    if project.experiments:
        yield f"{path}-experiments.yml", experiments(project)
    if project.deployments:
        yield f"{path}-deploy.yml", deployments(project)
    if project.monitors:
        yield f"{path}-monitor.yml", monitors(project)
