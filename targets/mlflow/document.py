"""The MLproject file, as data."""

from __future__ import annotations

from shlex import quote
from typing import Any

from ...compiler.model.project import Project
from ..engines.parameters import parameters
from ..engines.stores import TRACK
from .names import names


def document(project: Project) -> dict[str, Any]:
    """An entry point for the whole pipeline, and one for each stage."""
    identifiers = names(project)
    settings = "".join(f" --set {quote(param)}={{{name}}}" for param, name in identifiers.params.items())
    defaults = parameters(project)
    declared = {name: {"type": "string", "default": defaults[param]} for param, name in identifiers.params.items()}

    def entry(*stages: str) -> dict[str, Any]:
        words = "".join(f" {quote(stage)}" for stage in stages)
        command = {"command": f"python {TRACK} mlflow run{words}{settings}"}
        return {"parameters": declared, **command} if declared else command

    points = {name: entry(stage) for stage, name in identifiers.stages.items()}
    return {"name": project.name, "entry_points": {identifiers.pipeline: entry(), **points}}
