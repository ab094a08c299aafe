"""What a stage asks of a machine, and what a machine has."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Resources:
    """``cpu`` in cores, ``memory`` in bytes, ``gpu`` in devices; None where nothing is said. True if anything is said."""

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None

    def __bool__(self) -> bool:
        return any((self.cpu, self.memory, self.gpu))

    @property
    def size(self) -> tuple[float, float, float]:
        """Accelerators, cores and bytes of a machine, to compare machines by. Unsaid cores and bytes count as unlimited."""
        return (
            self.gpu or 0,
            inf if self.cpu is None else self.cpu,
            inf if self.memory is None else self.memory,
        )

    def covers(self, asked: Resources) -> bool:
        """Whether a machine with these resources has what is asked for."""
        gpu, cpu, memory = self.size
        return gpu >= (asked.gpu or 0) and cpu >= (asked.cpu or 0) and memory >= (asked.memory or 0)
