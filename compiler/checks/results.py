"""Checks of what a stage leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

NO_RESULTS = Code(
    "MLC319",
    "warning",
    "`{stage}` has neither outs nor metrics: no stage can use its results, and no other machine restores them",
    help="list what it writes under `outs` or `metrics`, which `mlopsc trace {stage} --write` does for you; if it writes nothing, "
    "set `always_changed: true`",
)


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC319, once for each entry. A gate has no outs of its own; without deps, MLC413 says more."""
    reported: set[str] = set()
    for stage in project:
        is_meant = stage.always_changed or stage.frozen or stage.judges is not None
        if (stage.deps or stage.params) and not stage.outs and not is_meant and stage.entry not in reported:
            reported.add(stage.entry)
            yield NO_RESULTS.on(stage.at, stage=stage.entry)
