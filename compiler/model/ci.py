"""CI as the targets see it: the settings of `ci:` with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .resources import Resources


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the CI service, by its name under `ci.runners`. What it has without limit is None."""

    name: str
    labels: tuple[str, ...]
    resources: Resources


@dataclass(frozen=True, slots=True)
class Ci:
    """What starts CI and where it runs.

    ``push_branches`` are patterns of branch names; none of them means that pushes start nothing. ``runner`` holds the labels of
    the machine, empty for the service's own. ``timeout`` is the limit of one job in seconds. ``python`` is None for the
    service's default. With ``fan_out`` each stage is a job of its own, on the smallest of ``machines`` that suits it.
    """

    push_branches: tuple[str, ...] = ("main",)
    pull_request: bool = True
    schedules: tuple[str, ...] = ()
    manual: bool = True
    runner: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    python: str | None = None
    timeout: int | None = None
    fan_out: bool = False
    machines: Mapping[str, Machine] = field(default_factory=dict)

    @property
    def timeout_minutes(self) -> int | None:
        """The limit of one job in whole minutes, rounded up."""
        return None if self.timeout is None else max(1, -(-self.timeout // 60))

    def smallest_machine(self, asked: Resources) -> Machine | None:
        """The smallest machine that has what is asked for; one with fewer accelerators is smaller. None if none has."""
        fitting = [machine for machine in self.machines.values() if machine.resources.covers(asked)]
        return min(fitting, key=lambda machine: (*machine.resources.size, machine.name), default=None)

    def labels_for(self, asked: Resources) -> tuple[str, ...]:
        """The labels of the machine for a job that asks for these resources."""
        machine = self.smallest_machine(asked) if asked else None
        return self.runner if machine is None else machine.labels
