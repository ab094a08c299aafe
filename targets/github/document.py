"""The workflows as data, each by its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.model.project import Project
from ..ci.operations import runs_operations
from .deploy import deployments
from .experiments import experiments
from .monitor import monitors
from .pipeline import pipeline

FOLDER = ".github/workflows"


def documents(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the content of each workflow that the spec calls for."""
    yield f"{FOLDER}/mlops.yml", pipeline(project)
    if not runs_operations(project):
        return
    if project.experiments:
        yield f"{FOLDER}/mlops-experiments.yml", experiments(project)
    if project.deployments:
        yield f"{FOLDER}/mlops-deploy.yml", deployments(project)
    if project.monitors:
        yield f"{FOLDER}/mlops-monitor.yml", monitors(project)
