"""Identifiers that AzureML accepts: of the experiment, of jobs, and of inputs."""

from __future__ import annotations

import re

from ...compiler.emit.names import distinct
from ...compiler.model.project import Project
from ..engines.names import Names
from ..engines.parameters import carried
from .escape import passes
from .facts import MAX_NAME, NONE

RESERVED = ("revision",)
"""Jobs that are not stages."""

INPUTS = {"repository": NONE, "revision": "main", "set": NONE}
"""Inputs of the pipeline that are not the project's. ``repository`` is required."""


def names(project: Project) -> Names:
    """The identifiers. That of the pipeline names the experiment and the file."""
    params, _ = carried(project, lambda name, value: passes(name) and passes(value))
    return Names(
        pipeline=re.sub(r"[^A-Za-z0-9_-]", "_", project.name)[:MAX_NAME].strip("_") or "pipeline",
        stages=distinct(project.stages, _identifier, MAX_NAME, taken=RESERVED),
        params=distinct(params, _identifier, MAX_NAME, taken=(*INPUTS, "commit")),
    )


def monitor_names(project: Project) -> dict[str, str]:
    """The name of each monitor's pipeline job, and of its file."""
    pipeline = names(project).pipeline
    return distinct(
        project.monitors,
        lambda name: re.sub(r"[^A-Za-z0-9_-]", "_", f"{pipeline}-monitor-{name}"),
        MAX_NAME,
        (pipeline,),
    )


def _identifier(text: str) -> str:
    """The name of a job, by ``is_valid_node_name`` of azure-ai-ml, or of an input."""
    identifier = re.sub(r"[^a-z0-9_]+", "_", text.lower())
    return identifier if not identifier[:1].isdigit() else f"_{identifier}"
