"""Gates: bounds on metrics, each lowered to a stage of its own behind the stage that writes the metrics.

So a gate fails `dvc repro`, make and every CI alike, and is seen by all that sees stages. A gate with a bound on a difference
runs every time, because what it compares with may have moved while its own deps did not.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...schemas.common import listed
from ...schemas.operations import Monitor
from ..programs import FOLDER
from .commands import single_quoted
from .conventions import paths_of, shell_word

GATE = f"{FOLDER}/gate.py"
PREFIX = "gate-"


def bounds(gates: Mapping[str, str | list[str]]) -> list[str]:
    """The bounds as `gate.py` takes them: ``accuracy >= 0.9``."""
    return [f"{name} {' '.join(bound.split())}" for name, said in gates.items() for bound in listed(said)]


def gate_command(metrics: list[str], gates: Mapping[str, str | list[str]], report: str = "", wdir: str = ".") -> str:
    """The command line that judges metrics files; paths are as seen from ``wdir``."""
    program = posixpath.relpath(GATE, wdir)
    words = [f"--report {shell_word(report)}"] if report else []
    words += [shell_word(path) for path in metrics]
    return " ".join(["python", program, *words, "--", *map(single_quoted, bounds(gates))])


def gate_body(name: str, body: Mapping[str, Any], gates: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """The gate's stage in DVC's words, for the stage ``name`` whose body is ``body`` and has metrics."""
    wdir = body.get("wdir") or "."
    metrics = paths_of(body.get("metrics"))
    report = posixpath.splitext(metrics[0])[0] + ".gate.md"
    made: dict[str, Any] = {key: body[key] for key in ("matrix",) if key in body}
    made["desc"] = f"Judge the metrics of {name}"
    made["cmd"] = gate_command(metrics, gates, report, wdir)
    made |= {key: body[key] for key in ("wdir", "vars") if key in body}
    made["deps"] = [posixpath.relpath(GATE, wdir), *metrics]
    made["outs"] = [{report: {"cache": False}}]
    if any(metric.endswith(".delta") for metric in gates):
        made["always_changed"] = True
    return made


def monitor_stage(name: str, monitor: Monitor) -> dict[str, Any]:
    """A monitor as a stage: what it measures is its metrics, what people read is an out."""
    said = {key: getattr(monitor, key) for key in ("cmd", "deps", "params", "outs", "desc")}
    stage = {key: value for key, value in said.items() if value is not None}
    stage["metrics"] = [{path: {"cache": False}} for path in monitor.metrics or [f"metrics/{name}.json"]]
    if monitor.report is not None:
        stage["outs"] = [*stage.get("outs", ()), monitor.report]
    return stage
