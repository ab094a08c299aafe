"""What can be known to be wrong before anything runs: one family a file, each a pure function of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..model.diagnostic import Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from . import around, code, injection, inputs, names, order, registry, secrets, shells, uses
from .places import Places

Check = Callable[[Project, Snapshot, ParamFiles, Places], Iterator[Diagnostic]]

ALL: tuple[Check, ...] = (
    order.check,
    inputs.check,
    code.check,
    uses.check,
    names.check,
    injection.check,
    shells.check,
    secrets.check,
    registry.check,
    around.check,
)
"""All families. They know nothing of each other, and their order is only that of the report."""


def run(project: Project, snapshot: Snapshot, params: ParamFiles, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """What all checks find. ``data`` is the plain spec, for the places of things and for what looks at every value."""
    places = Places(data)
    for check in ALL:
        yield from check(project, snapshot, params, places)
    if project.ci.fan_out:
        from . import fan_out

        yield from fan_out.check(project, snapshot, params, places)
