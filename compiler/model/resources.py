"""The resources that a stage requests or that a machine has."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Resources:
    """``cpu`` in cores, ``memory`` in bytes, ``gpu`` in devices; None if not stated. False if nothing is stated."""

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None

    def __bool__(self) -> bool:
        return any((self.cpu, self.memory, self.gpu))

    @property
    def size(self) -> tuple[float, float, float]:
        """Accelerators, cores and bytes of a machine, for comparison. Cores and bytes that are not stated are unlimited."""
        return (
            self.gpu or 0,
            inf if self.cpu is None else self.cpu,
            inf if self.memory is None else self.memory,
        )

    def covers(self, requested: Resources) -> bool:
        """Whether a machine with these resources has the requested ones."""
        gpu, cpu, memory = self.size
        return gpu >= (requested.gpu or 0) and cpu >= (requested.cpu or 0) and memory >= (requested.memory or 0)
