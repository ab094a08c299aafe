"""The resolved spec: each entry of `stages` complete in the keys of DVC, with the origin of each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...schemas.spec import Spec
from ...schemas.stage import Stage
from ..model.environment import Environment
from ..model.project import Kind, Script
from ..model.source import Path
from .code.graph import CodeGraph


@dataclass(frozen=True, slots=True)
class Origin:
    """The convention that gave a value: its rule, and the reason in words. Values without origin are from the spec."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `stages`.

    ``body`` is the stage in the keys of DVC, with its templates; ``path`` is the place of the body in the spec. ``declared``
    is the stage as the spec declares it. ``judges`` is set on a gate: the entry whose metrics it judges. ``origins`` has
    the origin of each value that a convention gave, by key, or by key and item.
    """

    name: str
    path: Path
    body: Mapping[str, Any]
    declared: Stage
    kind: Kind
    foreach: Any = None
    judges: str | None = None
    origins: Mapping[tuple[str, ...], Origin] = field(default_factory=dict)
    unlocked: tuple[str, ...] = ()
    """Packages that it would track, if they were locked."""
    environment: Environment | None = None
    bare: str | list[str] | None = None
    """Its `cmd` without the environment around it; None where that is the same."""

    @property
    def dvc(self) -> dict[str, Any]:
        """The entry as it is written to dvc.yaml."""
        return self._with(dict(self.body))

    @property
    def outside(self) -> dict[str, Any] | None:
        """The entry as it would be without its environment; None where that is the same."""
        return None if self.bare is None else self._with({**self.body, "cmd": self.bare})

    def _with(self, body: dict[str, Any]) -> dict[str, Any]:
        return body if self.foreach is None else {"foreach": self.foreach, "do": body}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The spec with its conventions applied.

    ``sections`` are the other top-level keys of DVC, ``code`` is the code as far as it has been read, ``scripts`` are the
    files that commands need, ``monitors`` the stages of the monitors.
    """

    spec: Spec
    entries: Mapping[str, Entry]
    sections: Mapping[str, Any]
    code: CodeGraph
    scripts: tuple[Script, ...] = ()
    monitors: Mapping[str, Entry] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
