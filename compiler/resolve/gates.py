"""Gates: bounds on metrics, each turned into a stage of its own after the stage that writes the metrics.

As a stage, a gate fails `dvc repro`, make and every CI service in the same way. A gate with a bound on a difference runs every
time, because the base branch may change while the deps of the gate do not.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...schemas.common import listed
from ...schemas.operations import Monitor
from ..emit import shell
from ..programs import FOLDER
from .conventions import paths_of

GATE = f"{FOLDER}/gate.py"
PREFIX = "gate-"


def bound_texts(gates: Mapping[str, str | list[str]]) -> list[str]:
    """The bounds as `gate.py` takes them: ``accuracy >= 0.9``."""
    return [f"{metric} {' '.join(bound.split())}" for metric, bounds in gates.items() for bound in listed(bounds)]


def gate_command(metrics: list[str], gates: Mapping[str, str | list[str]], report: str = "", wdir: str = ".") -> str:
    """The command that judges metric files; their paths are relative to ``wdir``."""
    program = posixpath.relpath(GATE, wdir)
    words = [f"--report {shell.word(report)}"] if report else []
    words += [shell.word(path) for path in metrics]
    return " ".join(["python", program, *words, "--", *map(shell.single_quoted, bound_texts(gates))])


def gate_body(name: str, body: Mapping[str, Any], gates: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """The gate in the keys of DVC, for the stage ``name`` with this body, which has metrics."""
    wdir = body.get("wdir") or "."
    metrics = paths_of(body.get("metrics"))
    report = posixpath.splitext(metrics[0])[0] + ".gate.md"
    gate: dict[str, Any] = {key: body[key] for key in ("matrix",) if key in body}
    gate["desc"] = f"Judge the metrics of {name}"
    gate["cmd"] = gate_command(metrics, gates, report, wdir)
    gate |= {key: body[key] for key in ("wdir", "vars") if key in body}
    gate["deps"] = [posixpath.relpath(GATE, wdir), *metrics]
    gate["outs"] = [{report: {"cache": False}}]
    if any(metric.endswith(".delta") for metric in gates):
        gate["always_changed"] = True
    return gate


def monitor_stage(name: str, monitor: Monitor) -> dict[str, Any]:
    """A monitor as a stage: its measurements are metrics, its report is an out."""
    declared = {key: getattr(monitor, key) for key in ("cmd", "deps", "params", "outs", "desc")}
    stage = {key: value for key, value in declared.items() if value is not None}
    stage["metrics"] = [{path: {"cache": False}} for path in monitor.metrics or [f"metrics/{name}.json"]]
    if monitor.report is not None:
        stage["outs"] = [*stage.get("outs", ()), monitor.report]
    return stage
