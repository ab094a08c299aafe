"""Environments: where the commands of a stage run on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["uv", "venv", "container", "run"]


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment.

    ``value`` is what its kind names: the folder of uv, the requirements file of venv, the image, or the prefix of commands.
    ``lock`` is the file that locks its packages, from the root; None for a container, whose digest does that. ``packages`` is
    the file of versions that stages track; None if the lock cannot be read as a list of packages. ``runtime`` is the program
    that runs a container (None: the first that is installed). ``setup`` is the command that prepares it, from the root; None where nothing does.
    """

    name: str
    kind: Kind
    value: str
    lock: str | None = None
    packages: str | None = None
    runtime: str | None = None
    network: bool = True
    shm: str | None = None
    setup: str | None = None

    @property
    def image(self) -> str | None:
        """The image of a container."""
        return self.value if self.kind == "container" else None
