"""Identifiers that MLflow accepts: of the main entry point, and of parameters."""

from __future__ import annotations

import re

from ...compiler.emit.names import distinct
from ...compiler.model.project import Project
from ..engines.names import Names
from ..engines.parameters import parameters


def names(project: Project) -> Names:
    """The entry point of the whole pipeline, and those of stages, which keep their names. ``train.lr`` becomes ``train_lr``."""
    params = distinct(parameters(project), lambda name: re.sub(r"\W", "_", name, flags=re.ASCII))
    return Names(
        "main" if "main" not in project.stages else "pipeline", {stage: stage for stage in project.stages}, params
    )
