"""Machines that a cloud offers, and the smallest one that suits a stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...compiler.model.resources import Resources


class Machine(NamedTuple):
    """A machine type: GPUs, virtual CPUs, memory in GiB. Machines sort by GPUs, then CPUs, then memory."""

    gpu: int
    cpu: int
    memory: int
    name: str

    def covers(self, asked: Resources) -> bool:
        """Whether it has the resources."""
        return (
            self.gpu >= (asked.gpu or 0) and self.cpu >= (asked.cpu or 0) and self.memory << 30 >= (asked.memory or 0)
        )


def smallest(machines: Iterable[Machine], asked: Resources) -> str | None:
    """The name of the first of the sorted ``machines`` that has the resources; None if none has."""
    return next((machine.name for machine in machines if machine.covers(asked)), None)
