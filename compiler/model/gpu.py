"""The type of a GPU, as a label of Kubernetes names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MODEL = re.compile(r"[a-z]{1,2}\d{1,4}[a-z]?")  # a100, l40s, gb200, mi300x
_MEMORY = re.compile(r"(\d+)gb")
_BRANDS = ("nvidia", "tesla", "amd", "instinct", "aws")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A model such as ``a100``, and its memory in GB if the label names it."""

    model: str
    memory: int | None = None

    @classmethod
    def of(cls, label: str) -> Gpu:
        """The type behind a label: ``nvidia-tesla-a100``, ``nvidia-a100-80gb`` (GKE) or ``NVIDIA-A100-SXM4-80GB`` (NVIDIA)."""
        words = [word for word in re.split(r"[-_. /]+", label.lower()) if word and word not in _BRANDS]
        model = next((word for word in words if _MODEL.fullmatch(word)), None)
        memory = next((int(match.group(1)) for word in words if (match := _MEMORY.fullmatch(word))), None)
        return cls(model or "-".join(word for word in words if not _MEMORY.fullmatch(word)), memory)

    def covers(self, requested: Gpu) -> bool:
        """Whether this type is the requested one, with at least its memory. A memory that is not named is enough."""
        enough = self.memory is None or requested.memory is None or self.memory >= requested.memory
        return self.model == requested.model and enough
