"""Checks: problems that can be found before anything runs. One family a file, each a pure function of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..model.diagnostic import Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from ..resolve.code.graph import CodeGraph
from . import (
    around,
    code,
    destroys,
    environments,
    fan_out,
    folders,
    injection,
    inputs,
    named,
    names,
    oidc,
    order,
    packages,
    registry,
    reserved,
    results,
    schedules,
    secrets,
    shells,
    timeouts,
    uses,
)
from .places import Places

Check = Callable[[Project, Snapshot, ParamFiles, Places], Iterator[Diagnostic]]

ALL: tuple[Check, ...] = (
    order.check,
    destroys.check,
    inputs.check,
    code.check,
    packages.check,
    named.check,
    environments.check,
    uses.check,
    names.check,
    injection.check,
    shells.check,
    secrets.check,
    oidc.check,
    reserved.check,
    registry.check,
    around.check,
    schedules.check,
    folders.check,
    timeouts.check,
    results.check,
    fan_out.check,
)
"""All families. They are independent of each other; their order is that of the report."""


def run(
    project: Project, snapshot: Snapshot, params: ParamFiles, data: Mapping[str, Any], graph: CodeGraph | None = None
) -> Iterator[Diagnostic]:
    """The diagnostics of all checks. ``data`` is the plain spec, which gives values their places.

    ``graph`` is the code as far as it has been read.
    """
    places = Places(data, snapshot.here, graph)
    for check in ALL:
        yield from check(project, snapshot, params, places)
