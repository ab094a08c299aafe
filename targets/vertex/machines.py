"""The limits of a task, by which Vertex AI chooses the nearest machine."""

from __future__ import annotations

from dataclasses import replace

from ...compiler.model.gpu import Gpu
from ...compiler.model.resources import Resources
from .facts import ACCELERATOR, COUNTS, MACHINES, MAX_CPU, MAX_MEMORY


def limits(asked: Resources) -> Resources:
    """What the task asks for: that of the machine that the spec names, or the resources with a number of GPUs that exists."""
    machine = MACHINES.get(asked.instances.get("vertex", ""))
    if machine is not None:
        memory = machine.memory << 30
        asked = replace(
            asked,
            cpu=machine.cpu if machine.cpu <= MAX_CPU else None,
            memory=memory if memory <= MAX_MEMORY else None,
            gpu=machine.gpu or None,
            gpu_type=machine.gpu_type or None,
        )
    return replace(asked, gpu=count(asked)) if asked.gpu else asked


def accelerator(asked: Resources) -> str | None:
    """Vertex AI's name of the type: Kubernetes' label in capitals; None if it has no such type."""
    if asked.gpu_type is None:
        return ACCELERATOR
    name = asked.gpu_type.upper().replace("-", "_")
    wanted = Gpu.of(asked.gpu_type)
    similar = [known for known in COUNTS if Gpu.of(known).covers(wanted) and "MEGA" not in known]
    exact = [known for known in similar if Gpu.of(known) == wanted]
    return name if name in COUNTS else next(iter([*exact, *similar]), None)


def count(asked: Resources) -> int:
    """The smallest number of such GPUs that a machine has and that is enough, or else the largest."""
    counts = COUNTS[accelerator(asked) or ACCELERATOR]
    return next((number for number in counts if number >= (asked.gpu or 0)), counts[-1])
