"""What can be known to be wrong before anything runs: one family a file, each a pure function of the project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..diagnostic import Diagnostic
from ..graph import Project
from ..params import ParamFiles
from ..snapshot import Snapshot
from . import code, injection, inputs, names, order, secrets


def run(project: Project, snapshot: Snapshot, params: ParamFiles, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """All checks. ``data`` is the plain spec, for what looks at its values wherever they stand."""
    yield from order.check(project)
    yield from inputs.check(project, snapshot, params)
    yield from code.check(project, snapshot)
    yield from names.check(project)
    yield from injection.check(project)
    yield from secrets.check(data)
