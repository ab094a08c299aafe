"""The resources that a stage requests or that a machine has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from .gpu import Gpu


@dataclass(frozen=True, slots=True)
class Resources:
    """``cpu`` in cores, ``memory``, ``disk`` and ``shm`` in bytes, ``gpu`` in devices; None if not stated.

    ``gpu_type`` is the label of the devices. ``spot`` asks for a machine that may be taken away. ``instances`` are machine
    types by platform. False if nothing is stated that decides which machine has enough.
    """

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None
    gpu_type: str | None = None
    disk: int | None = None
    shm: int | None = None
    spot: bool = False
    instances: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __bool__(self) -> bool:
        return any((self.cpu, self.memory, self.gpu, self.gpu_type, self.disk))

    @property
    def size(self) -> tuple[float, float, float, float]:
        """Accelerators, cores and bytes of a machine, for comparison. Cores and bytes that are not stated are unlimited."""
        return (
            self.gpu or 0,
            inf if self.cpu is None else self.cpu,
            inf if self.memory is None else self.memory,
            inf if self.disk is None else self.disk,
        )

    def covers(self, requested: Resources) -> bool:
        """Whether a machine with these resources has the requested ones."""
        gpu, cpu, memory, disk = self.size
        return (
            gpu >= (requested.gpu or 0)
            and cpu >= (requested.cpu or 0)
            and memory >= (requested.memory or 0)
            and disk >= (requested.disk or 0)
            and self._has_type(requested.gpu_type)
        )

    def _has_type(self, requested: str | None) -> bool:
        return requested is None or self.gpu_type is None or Gpu.of(self.gpu_type).covers(Gpu.of(requested))
