"""The identifiers of a project on one engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Names:
    """The platform's identifiers: of the pipeline, of the task of each stage, and of each parameter that the engine carries."""

    pipeline: str
    stages: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
