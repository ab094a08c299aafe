"""`mlopsc report`: one page with the graph, metrics and their change, plots by DVC, gates, and what ran."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..emit.templates import render
from ..model.project import Project
from ..model.snapshot import Snapshot
from .graph.page import text
from .graph.runs import LastRun

IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
MAX_IMAGE = 4 << 20
"""Larger images are only named: the page has to stay one that a browser opens at once."""
SUCCEEDED = ("ran", "restored", "pulled", "committed", "cosmetic")


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of a metrics file now and at the base; None where there is none."""

    path: str
    key: str
    old: Any
    new: Any
    change: float | None


@dataclass(frozen=True, slots=True)
class Gate:
    """The rows of a gate's report (metric, bound, value, verdict) and the state of its stage."""

    stage: str
    state: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot file: an image as a data URL, or only its path."""

    path: str
    image: str | None


def body(
    project: Project, snapshot: Snapshot, states: Mapping[str, str], run: LastRun, metrics: list[Metric] | None, base: str,
    has_plots: bool,
) -> str:  # fmt: skip
    """The HTML below the graph. ``metrics`` is None where DVC could not tell; ``has_plots`` is whether DVC rendered a page."""
    rows = sorted(run.stages.items(), key=lambda item: (item[1].status in SUCCEEDED, -item[1].seconds))
    return render(
        __package__,
        "report.html.j2",
        {"text": text, "span": span, "number": number},
        base=base,
        metrics=metrics,
        gates=list(gates(project, snapshot, states)),
        plots=list(plots(project, snapshot)),
        has_plots=has_plots,
        run=run,
        rows=[row for row in rows if not row[0].endswith(".dvc")],
    )


def gates(project: Project, snapshot: Snapshot, states: Mapping[str, str]) -> Iterator[Gate]:
    """The verdicts, as the gates wrote them; none for a gate that has not run."""
    for stage in project:
        if stage.judges is not None:
            raw = snapshot.read(stage.outs[0].path) if stage.outs else None
            lines = raw.decode("utf-8", "replace").splitlines()[2:] if raw is not None else []
            rows = (tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in lines if "|" in line)
            yield Gate(stage.name, states.get(stage.name, ""), tuple(row for row in rows if len(row) == 4))


def plots(project: Project, snapshot: Snapshot) -> Iterator[Plot]:
    """The plot files of all stages; of a folder the images in it."""
    for stage in project:
        for out in stage.outs:
            if out.kind == "plot":
                names = snapshot.list(out.path) if snapshot.kind(out.path) == "dir" else ()
                for path in [f"{out.path}/{name}" for name in names] or [out.path]:
                    yield Plot(path, _image(path, snapshot))


def _image(path: str, snapshot: Snapshot) -> str | None:
    kind = IMAGES.get(os.path.splitext(path)[1].lower())
    size = snapshot.size(path)
    if kind is None or size is None or size > MAX_IMAGE:
        return None
    return f"data:{kind};base64,{base64.b64encode(snapshot.read(path) or b'').decode()}"


def metrics_of(root: str, base: str) -> list[Metric] | None:
    """The metrics and their values at the base, as DVC tells them; None where there is no DVC, or it fails."""
    shown = _dvc(root, "metrics", "diff", "--all", "--json", base)
    try:
        data = json.loads(shown) if shown is not None else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    by_path = data.get("diff", data)
    return [
        Metric(path, key, values.get("old"), values.get("new"), change(values.get("old"), values.get("new")))
        for path, keys in by_path.items()
        if isinstance(keys, dict)
        for key, values in keys.items()
        if isinstance(values, dict)
    ]


def change(old: object, new: object) -> float | None:
    """The difference of two numbers."""
    if isinstance(old, (int, float)) and isinstance(new, (int, float)) and not isinstance(old, bool):
        return float(new) - float(old)
    return None


def render_plots(root: str, base: str, folder: str) -> bool:
    """Let DVC render its plots against the base into a folder, or without a base that has some; whether it did."""
    for words in (("diff", base), ("show",)):
        if _dvc(root, "plots", *words, "--out", folder) is not None:
            return os.path.exists(os.path.join(root, folder, "index.html"))
    return False


def _dvc(root: str, *words: str) -> str | None:
    dvc = shutil.which("dvc")
    if dvc is None:
        return None
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run([dvc, *words], cwd=root, env=environment, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def number(value: object) -> str:
    """A metric for people: six digits, whatever is no number as it is."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def span(seconds: float) -> str:
    """A duration for people: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
