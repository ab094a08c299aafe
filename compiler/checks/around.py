"""What stands around the pipeline and cannot work: values of experiments, places of data, gates, the feature store."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator
from typing import Any

from ...schemas.operate import Experiment
from ..lower.operations import MAX_RUNS, source
from ..lower.project import parents
from ..model.diagnostic import Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot, inside
from ..model.source import At
from ..read.params import ParamFiles
from ..resolve.library import library
from .places import Places


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC450 to MLC454."""
    spec = project.spec
    for name, experiment in (spec.experiments or {}).items():
        yield from _experiment(name, experiment)
    if spec.data:
        yield from _data(project, snapshot)
    if spec.deploy or spec.monitor:
        yield from _gates(project)
    said = spec.stack.features
    if said is not None and library(said, snapshot, tuple(spec.code.roots or ())) is None:
        yield Diagnostic(
            "MLC453", f"there is no package `{said}`", At(("stack", "features")),
            help="name its folder, such as `src/features`, or the name it is imported by",
        )  # fmt: skip


def _experiment(name: str, experiment: Experiment) -> Iterator[Diagnostic]:
    """MLC450: values of which there are none, too many, or none that could be."""
    counts: list[float] = []
    for key, said in experiment.set.items():
        if (problem := _problem(said)) is None:
            counts.append(_count(said))
        else:
            yield Diagnostic("MLC450", f"`{key}` {problem[0]}", At(("experiments", name, "set", key)), help=problem[1])
    if not experiment.set:
        place = At(("experiments", name, "set"), key=True)
        yield Diagnostic(
            "MLC450", f"the experiment `{name}` sets nothing", place, help="name a parameter, and its values"
        )
    elif math.prod(counts) > MAX_RUNS:
        what = f"the experiment `{name}` has {_shown(math.prod(counts))} runs, and {MAX_RUNS:,} are the most"
        help_ = "draw `count` values at random, or make lists shorter"
        yield Diagnostic("MLC450", what, At(("experiments", name, "set"), key=True), help=help_)


def _count(said: Any) -> float:
    """How many values there are, without making them."""
    if isinstance(said, list):
        return len(said)
    if hasattr(said, "count"):
        return float(said.count)
    steps = (said.stop - said.start) / said.step
    return steps // 1 + 1 if math.isfinite(steps) else math.inf


def _shown(count: float) -> str:
    return f"{count:,.0f}" if count < 1e15 else f"{count:.0e}" if math.isfinite(count) else "endlessly many"


def _problem(said: Any) -> tuple[str, str] | None:
    """What is wrong with the values of one parameter, and what would help."""
    if isinstance(said, list):
        return None if said else ("has no values", "name at least one")
    first, last = (said.low, said.high) if hasattr(said, "low") else (said.start, said.stop)
    if not (math.isfinite(first) and math.isfinite(last)):
        return "goes to where there are no numbers", "write finite bounds"
    if first > last:
        return f"starts at {first} and ends at {last}, before it", "write the smaller one first"
    if hasattr(said, "low") and said.log and first <= 0:
        return f"is drawn on a logarithmic scale, which has no {first}", "let `low` be greater than 0"
    return None


def _data(project: Project, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """MLC451 and MLC454: a place that two sources, or a source and a stage, write; and a schema that is not there."""
    makers = {path: made.producer for path, made in project.artifacts.items() if made.producer is not None}
    takers = {path: f"the stage `{stage}`" for path, stage in makers.items()}
    for name, said in (project.spec.data or {}).items():
        path = posixpath.normpath(source(name, said).path)
        place = At(("data", name, "path")) if said.path is not None else At(("data", name), key=True)
        other = next((takers[each] for each in (path, *parents(path)) if each in takers), None)
        other = other or next((who for each, who in takers.items() if path in parents(each)), None)
        if not inside(path) or path == ".":
            what, help_ = f"`{path}` is not a path in this repository", "DVC keeps only what lies in it: choose another"
            yield Diagnostic("MLC451", what, place, help=help_)
        elif other is not None:
            yield Diagnostic(
                "MLC451", f"`{path}` is written by {other} too", place, help="give each a place of its own"
            )
        takers.setdefault(path, f"the source `{name}`")
        if said.schema_ is not None and snapshot.kind(said.schema_) != "file":
            what = f"there is no schema `{said.schema_}`"
            help_ = "write it: a Table Schema for tables, a JSON Schema for JSON"
            yield Diagnostic("MLC454", what, At(("data", name, "schema")), help=help_)


def _gates(project: Project) -> Iterator[Diagnostic]:
    """MLC452: gates without metrics to judge, and what is to be done on a breach that no gate can find."""
    measured = any(out.kind == "metric" for stage in project for out in stage.outs)
    for name, deployment in (project.spec.deploy or {}).items():
        if deployment.gates and not measured:
            what = f"the gates of `{name}` have nothing to judge: no stage writes metrics"
            yield Diagnostic(
                "MLC452", what, At(("deploy", name, "gates"), key=True), help="name the file under `metrics`"
            )
    for name, monitor in (project.spec.monitor or {}).items():
        if monitor.on_breach and not monitor.gates:
            what = f"`{name}` is never breached: it has no gates"
            yield Diagnostic(
                "MLC452", what, At(("monitor", name, "on_breach"), key=True), help="write its bounds under `gates`"
            )
