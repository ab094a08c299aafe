"""Machines that a cloud offers, and the smallest one that suits a stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...compiler.model.gpu import Gpu
from ...compiler.model.resources import Resources


class Machine(NamedTuple):
    """A machine type: GPUs, virtual CPUs, memory in GiB. Machines sort by GPUs, then CPUs, then memory.

    ``gpu_type`` is the label of its GPUs. ``disk`` is the size in GB of a disk that belongs to it; 0 if disks are as large as
    asked for.
    """

    gpu: int
    cpu: int
    memory: int
    name: str
    gpu_type: str = ""
    disk: int = 0

    def covers(self, asked: Resources) -> bool:
        """Whether it has the resources, and GPUs only if some are asked for."""
        return (
            self.gpu >= (asked.gpu or 0)
            and self.cpu >= (asked.cpu or 0)
            and self.memory << 30 >= (asked.memory or 0)
            and (self.disk == 0 or self.disk * 10**9 >= (asked.disk or 0))
            and bool(self.gpu) == bool(asked.gpu)
            and (asked.gpu_type is None or Gpu.of(self.gpu_type).covers(Gpu.of(asked.gpu_type)))
        )


def smallest(machines: Iterable[Machine], asked: Resources) -> str | None:
    """The name of the first of the sorted ``machines`` that has the resources; None if none has."""
    return next((machine.name for machine in machines if machine.covers(asked)), None)
