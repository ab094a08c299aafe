"""Identifiers that Airflow accepts: of the DAG, and of tasks."""

from __future__ import annotations

import re

from ...compiler.emit.names import distinct
from ...compiler.model.project import Project
from ..engines.names import Names
from .facts import MAX_ID

RESERVED = ("git_revision",)
"""Tasks that are not stages."""


def names(project: Project) -> Names:
    """The id of the DAG and of each task. Airflow takes the parameters by any name."""
    return Names(identifier(project.name), distinct(project.stages, identifier, MAX_ID, taken=RESERVED))


def secret(project: Project) -> str:
    """The default name of the Kubernetes secret that holds the credentials of pods."""
    return identifier(project.name).lower().replace("_", "-")


def identifier(name: str) -> str:
    """A text with only the characters that an id may have."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:MAX_ID] or "_"
