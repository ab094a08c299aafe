"""The variable that says what a pipeline is for.

GitLab has one file and one form to start a pipeline by hand. The variable holds the name of a target of the Makefile, and
is `pipeline` unless a person or a schedule sets it.
"""

from __future__ import annotations

from typing import Any

from ...compiler.model.project import Project
from ..ci.operations import runs_operations
from .escape import label

TASK = "MLOPS_TASK"
VERSION = "MLOPS_VERSION"
IS_PIPELINE = f'${TASK} == "pipeline"'
IS_OTHER = f'${TASK} != "pipeline"'


def has_tasks(project: Project) -> bool:
    """Whether a pipeline can be for anything but running the stages."""
    return runs_operations(project) and bool(project.experiments or project.deployments or project.monitors)


def form(project: Project) -> dict[str, Any]:
    """The fields of the form that starts a pipeline by hand."""
    tasks = ["pipeline", *(f"exp-{name}" for name in project.experiments)]
    tasks += [f"{action}-{name}" for name in project.deployments for action in ("deploy", "rollback")]
    tasks += [f"monitor-{name}" for name in project.monitors]
    fields: dict[str, Any] = {TASK: {"value": "pipeline", "options": tasks, "description": "What this pipeline is for"}}
    if project.deployments:
        fields[VERSION] = {"value": "newest", "description": "What deploy-* deploys: a registered version, or newest"}
    return fields


def rule(task: str, **more: str) -> dict[str, Any]:
    """The rule of a job that belongs to a task."""
    return {"if": f'${TASK} == "{label(task)}"', **more}
