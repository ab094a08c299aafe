"""The record of the last run, which the runner keeps in `.mlops/state/run.jsonl`.

Each line is a JSON object: the first has the process, each other one what became of a stage, the last one the end. A run that
was killed has no end. The file is input from outside: what does not look like this is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...model.snapshot import Snapshot

PATH = ".mlops/state/run.jsonl"


@dataclass(frozen=True, slots=True)
class StageRun:
    """What became of a stage. ``seconds`` is how long its commands took, ``saved_seconds`` how long they took before."""

    status: str
    reason: str = ""
    seconds: float = 0.0
    saved_seconds: float = 0.0
    log: str = ""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run, or the one that is going on if ``is_alive``. Stages that had not changed are not in it."""

    stages: Mapping[str, StageRun] = field(default_factory=dict)
    started: float | None = None
    seconds: float | None = None
    is_alive: bool = False


def last_run(snapshot: Snapshot) -> LastRun:
    """The record, as far as it can be read."""
    raw = snapshot.read(PATH)
    if raw is None:
        return LastRun()
    stages: dict[str, StageRun] = {}
    start: dict[str, Any] = {}
    end: dict[str, Any] | None = None
    for line in raw.decode("utf-8", "replace").splitlines():
        event = _event(line)
        if isinstance(event.get("stage"), str):
            stages[event["stage"]] = _stage_run(event)
        elif "pid" in event:
            start = event
        elif "seconds" in event:
            end = event
    return LastRun(
        stages,
        _number(start.get("time")),
        _number(end.get("seconds")) if end else None,
        end is None and _is_alive(start.get("pid")),
    )


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _stage_run(event: Mapping[str, Any]) -> StageRun:
    return StageRun(
        str(event.get("status", "")),
        str(event.get("reason", "")),
        _number(event.get("seconds")) or 0.0,
        _number(event.get("saved_seconds")) or 0.0,
        str(event.get("log", "")),
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e15 else None


def _is_alive(pid: Any) -> bool:
    if isinstance(pid, bool) or not isinstance(pid, int) or not 0 < pid < 2**31:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
