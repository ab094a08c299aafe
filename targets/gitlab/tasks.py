"""The variable that says what a pipeline is for.

GitLab has one file and one form to start a pipeline by hand. The variable holds the name of a target of the Makefile, and
is `pipeline` unless a person or a schedule sets it. For a project in a folder it is `PROJECT:TARGET`; `pipeline` is for all.
"""

from __future__ import annotations

from typing import Any

from ...compiler.model.project import Project
from ..ci.operations import runs_operations
from .escape import label, literal

TASK = "MLOPS_TASK"
VERSION = "MLOPS_VERSION"
PIPELINE = "pipeline"


def is_pipeline(project: Project) -> str:
    """The condition that the pipeline runs the stages of the project."""
    if project.folder:
        return f"${TASK} =~ /^({literal(f'{project.name}:')})?{PIPELINE}$/"
    return f'${TASK} == "{PIPELINE}"'


def is_other(project: Project) -> str:
    """The condition that the pipeline is for another task of the project."""
    if project.folder:
        return f'${TASK} =~ /^{literal(f"{project.name}:")}/ && ${TASK} != "{project.name}:{PIPELINE}"'
    return f'${TASK} != "{PIPELINE}"'


def has_tasks(project: Project) -> bool:
    """Whether a pipeline can be for anything but running the stages."""
    return runs_operations(project) and bool(project.experiments or project.deployments or project.monitors)


def tasks(project: Project) -> list[str]:
    """What a pipeline can be for."""
    names = [PIPELINE]
    if has_tasks(project):
        names += [f"exp-{name}" for name in project.experiments]
        names += [f"{action}-{name}" for name in project.deployments for action in ("deploy", "rollback")]
        names += [f"monitor-{name}" for name in project.monitors]
    return [project.scoped(name, ":") for name in names]


def form(project: Project) -> dict[str, Any]:
    """The fields of the form that starts a pipeline by hand."""
    fields: dict[str, Any] = {
        TASK: {"value": PIPELINE, "options": tasks(project), "description": "What this pipeline is for"}
    }
    if project.folder:  # the fields of all projects become one form
        text = "pipeline, or PROJECT:TASK for one project; .gitlab/mlops-PROJECT.yml lists them"
        fields = {TASK: {"value": PIPELINE, "description": text}}
    if project.deployments:
        fields[VERSION] = {"value": "newest", "description": "What deploy-* deploys: a registered version, or newest"}
    return fields


def defaults(project: Project) -> dict[str, str]:
    """The values of the fields, for a pipeline that is not started by the form."""
    return {name: field["value"] for name, field in form(project).items()}


def rule(project: Project, task: str, **more: str) -> dict[str, Any]:
    """The rule of a job that belongs to a task."""
    return {"if": f'${TASK} == "{label(project.scoped(task, ":"))}"', **more}
