"""The options of `sbatch` for the jobs of a stage."""

from __future__ import annotations

from math import ceil

from ...compiler.model.project import Project, SlurmOptions, Stage
from .facts import INSTEAD, SAVING


def options(project: Project, stage: Stage) -> list[str]:
    """What its resources, timeout and retries ask for, with the `slurm` of the project and of the stage over it.

    Each option is one word, with its value behind the equals sign: a value is never read as another option.
    """
    stated = {**project.slurm, **stage.slurm}
    derived = {name: value for name, value in _derived(stage).items() if not _replaced(name, stated)}
    return [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in sorted({**derived, **stated}.items())
        if value is not False
    ]


def _derived(stage: Stage) -> dict[str, str | bool]:
    resources = stage.resources
    cpu, memory, gpu = resources.cpu, resources.memory, resources.gpu
    derived: dict[str, str | bool] = {"requeue" if stage.retries else "no-requeue": True}
    if cpu:
        derived["cpus-per-task"] = str(ceil(cpu))
    if memory:
        derived["mem"] = f"{ceil(memory / 2**20)}M"
    if gpu:
        derived["gres"] = f"gpu:{resources.gpu_type}:{gpu}" if resources.gpu_type else f"gpu:{gpu}"
    if resources.disk:
        derived["tmp"] = f"{ceil(resources.disk / 2**20)}M"
    if stage.timeout:
        derived["time"] = str(ceil((stage.timeout * (stage.retries + 1) + SAVING) / 60))
    return derived


def _replaced(name: str, stated: SlurmOptions) -> bool:
    return any(stated.get(other, False) is not False for other in INSTEAD.get(name, ()))
