"""A compiled project with the state of its stages, ready to be shown."""

from __future__ import annotations

from typing import Any

from ...build import Compiled
from ...model.snapshot import Snapshot
from .data import graph_data
from .runs import last_run
from .states import stage_states


def picture(compiled: Compiled, snapshot: Snapshot) -> dict[str, Any]:
    """The graph as data. The project has to be there."""
    project, document, params = compiled.project, compiled.document, compiled.params
    if project is None or document is None or params is None:
        raise ValueError("there is no project to show")
    return graph_data(project, document, stage_states(project, snapshot, params, last_run(snapshot)))
