"""The settings of CI with all defaults, for the targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .oidc import Oidc
from .resources import Resources


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the CI service, by its name under `ci.runners`. A resource that is None is unlimited."""

    name: str
    labels: tuple[str, ...]
    resources: Resources


class Pin(NamedTuple):
    """The commit of an action's release, and the release's version such as ``v5.0.0``."""

    commit: str
    version: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version for comparison."""
        return tuple(map(int, self.version.removeprefix("v").split(".")))


@dataclass(frozen=True, slots=True)
class Ci:
    """What starts CI and where it runs.

    ``push_branches`` are patterns of branch names; without any, pushes do not start CI. ``runner`` holds the labels of the
    machine, empty for that of the service. ``timeout`` is the limit of one job in seconds. ``python`` is None for the
    default of the service. ``lock`` is what becomes of a dvc.lock that a run has changed; ``token`` is the name of the secret
    that pushes it, None for that of the service. ``paths`` are patterns of files from the root of the Git repository, one of which
    has to change; without any, all do. ``stage_of_team`` is the stage of GitLab's own file at the root of the repository in which a
    project in a folder starts, if that file lists stages and `test` is not among them. ``pins`` are those of the workflows on disk.
    ``image`` is the container that jobs run in. Without ``caches`` nothing is kept between runs; ``cached`` are paths that are kept
    beside packages and DVC's cache. With ``fan_out`` each stage is its own job, on the smallest of ``machines`` with its resources.
    """

    push_branches: tuple[str, ...] = ("main",)
    pull_request: bool = True
    schedules: tuple[str, ...] = ()
    manual: bool = True
    paths: tuple[str, ...] = ()
    stage_of_team: str | None = None
    runner: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    oidc: Oidc = field(default_factory=Oidc)
    image: str | None = None
    caches: bool = True
    cached: tuple[str, ...] = ()
    python: str | None = None
    timeout: int | None = None
    lock: Literal["check", "commit", "propose"] = "check"
    token: str | None = None
    fan_out: bool = False
    machines: Mapping[str, Machine] = field(default_factory=dict)
    pins: Mapping[str, Pin] = field(default_factory=dict)

    @property
    def timeout_minutes(self) -> int | None:
        """The limit of one job in whole minutes, rounded up."""
        return None if self.timeout is None else max(1, -(-self.timeout // 60))

    def smallest_machine(self, requested: Resources) -> Machine | None:
        """The smallest machine with the requested resources; one with fewer accelerators is smaller. None if there is none."""
        fitting = [machine for machine in self.machines.values() if machine.resources.covers(requested)]
        return min(fitting, key=lambda machine: (*machine.resources.size, machine.name), default=None)

    def labels_for(self, requested: Resources) -> tuple[str, ...]:
        """The labels of the machine for a job with these resources."""
        machine = self.smallest_machine(requested) if requested else None
        return self.runner if machine is None else machine.labels
