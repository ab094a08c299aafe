"""How things stand with each stage: what `plan` says of dvc.lock, and what the runner says of its last run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...model.project import Project
from ...model.snapshot import Snapshot
from ...read.params import ParamFiles
from ..reruns import Rerun, reruns
from .runs import LastRun, StageRun


class State(StrEnum):
    """What a box of the graph is coloured by."""

    FRESH = "fresh"
    RESTORED = "restored"
    STALE = "stale"
    RUNNING = "running"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StageState:
    """The state of a stage, why, and the record of its last run, if there is one."""

    state: State
    reasons: tuple[str, ...] = ()
    cosmetic: tuple[str, ...] = ()
    run: StageRun | None = None

    def as_dict(self) -> dict[str, Any]:
        """The state in plain data."""
        run = self.run
        return {
            "state": str(self.state),
            "reasons": list(self.reasons),
            "cosmetic": list(self.cosmetic),
            "seconds": run.seconds if run else None,
            "log": run.log if run else None,
        }


UNKNOWN = StageState(State.UNKNOWN)


def stage_states(
    project: Project, snapshot: Snapshot, params: ParamFiles, last_run: LastRun
) -> dict[str, StageState]:  # fmt: skip
    """The state of each stage. Without DVC there is no dvc.lock to tell it from."""
    if not project.uses_dvc:
        return {}
    stale = {rerun.stage: rerun for rerun in reruns(project, snapshot, params)}
    return {name: _state(stale.get(name), last_run.stages.get(name), last_run.is_alive) for name in project.stages}


def _state(rerun: Rerun | None, run: StageRun | None, is_alive: bool) -> StageState:
    """dvc.lock has the last word on what is up to date; the run says what happened on the way."""
    status = run.status if run else ""
    if status == "running" and is_alive:
        return StageState(State.RUNNING, run=run)
    if rerun is None or not rerun.reasons:
        is_restored = status in ("restored", "pulled")
        return StageState(
            State.RESTORED if is_restored else State.FRESH, cosmetic=rerun.cosmetic if rerun else (), run=run
        )
    if run is not None and status == "failed":
        return StageState(State.FAILED, (run.reason or "its command failed", *rerun.reasons), run=run)
    if status in ("running", "interrupted"):
        return StageState(State.STALE, ("its last run was interrupted", *rerun.reasons), run=run)
    return StageState(State.STALE, rerun.reasons, run=run)


def counts(states: Mapping[str, StageState]) -> dict[str, int]:
    """How many stages are in each state."""
    result: dict[str, int] = {}
    for state in states.values():
        result[state.state] = result.get(state.state, 0) + 1
    return result
