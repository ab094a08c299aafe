"""Identifiers that SageMaker accepts: of the pipeline, of steps, and of parameters."""

from __future__ import annotations

import re

from ...compiler.emit.names import distinct
from ...compiler.model.project import Project
from ..engines.names import Names
from ..engines.parameters import carried
from .facts import MAX_NAME, MAX_PIPELINE, MAX_TEXT, in_ecr

PARAMETERS = ("role", "repository", "revision", "image", "output", "git_secret", "set_params")
"""Parameters of the pipeline that are not the project's."""


def names(project: Project) -> Names:
    """The identifiers. ``train.lr`` becomes ``train_lr``."""
    taken = (*PARAMETERS, *images(project).values())
    return Names(
        pipeline=re.sub(r"[^A-Za-z0-9]+", "-", project.name).strip("-")[:MAX_PIPELINE].rstrip("-") or "pipeline",
        stages=distinct(project.stages, _step, MAX_NAME, mark="-"),
        params=distinct(passed(project), lambda name: re.sub(r"[^A-Za-z0-9_-]", "_", name), MAX_NAME, taken),
    )


def images(project: Project) -> dict[str, str]:
    """For each image outside of ECR, the parameter that takes the address of its copy there."""
    elsewhere = dict.fromkeys(stage.image for stage in project if stage.image and not in_ecr(stage.image))
    return distinct(elsewhere, lambda image: f"image-{_step(image)}", MAX_NAME, PARAMETERS, "-")


def passed(project: Project) -> dict[str, str]:
    """The parameters that commands use, if name and value fit a variable, with their current values."""
    return carried(project, lambda name, value: len(f"{name}={value}\n") <= MAX_TEXT)[0]


def _step(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)
