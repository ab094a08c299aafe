"""What stands around the pipeline and cannot work: values of experiments, places of data, gates, the feature store."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator

from ..lower.paths import parents
from ..model.diagnostic import Diagnostic
from ..model.operations import MAX_RUNS, Drawn, Experiment, Listed, Values
from ..model.project import Project
from ..model.snapshot import Snapshot, inside
from ..model.source import At
from ..read.params import ParamFiles
from ..resolve.library import library
from .places import Places


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC450 to MLC454."""
    for experiment in project.experiments.values():
        yield from _experiment(experiment)
    yield from _data(project, snapshot, places)
    yield from _gates(project)
    package = project.feature_package
    if package is not None and library(package, snapshot, project.code_roots) is None:
        yield Diagnostic(
            "MLC453", f"there is no package `{package}`", At(("stack", "features")),
            help="name its folder, such as `src/features`, or the name it is imported by",
        )  # fmt: skip


def _experiment(experiment: Experiment) -> Iterator[Diagnostic]:
    """MLC450: values of which there are none, too many, or none that could be."""
    at = ("experiments", experiment.name, "set")
    counts: list[float] = []
    for key, values in experiment.set.items():
        if (problem := _problem(values)) is None:
            counts.append(values.count())
        else:
            yield Diagnostic("MLC450", f"`{key}` {problem[0]}", At((*at, key)), help=problem[1])
    if not experiment.set:
        what = f"the experiment `{experiment.name}` sets nothing"
        yield Diagnostic("MLC450", what, At(at, key=True), help="name a parameter, and its values")
    elif math.prod(counts) > MAX_RUNS:
        what = f"the experiment `{experiment.name}` has {_shown(math.prod(counts))} runs, and {MAX_RUNS:,} are the most"
        yield Diagnostic("MLC450", what, At(at, key=True), help="draw `count` values at random, or make lists shorter")


def _shown(count: float) -> str:
    return f"{count:,.0f}" if count < 1e15 else f"{count:.0e}" if math.isfinite(count) else "endlessly many"


def _problem(values: Values) -> tuple[str, str] | None:
    """What is wrong with the values of one parameter, and what would help."""
    if isinstance(values, Listed):
        return None if values.items else ("has no values", "name at least one")
    first, last = (values.low, values.high) if isinstance(values, Drawn) else (values.start, values.stop)
    if not (math.isfinite(first) and math.isfinite(last)):
        return "goes to where there are no numbers", "write finite bounds"
    if first > last:
        return f"starts at {first} and ends at {last}, before it", "write the smaller one first"
    if isinstance(values, Drawn) and values.log and first <= 0:
        return f"is drawn on a logarithmic scale, which has no {first}", "let `low` be greater than 0"
    return None


def _data(project: Project, snapshot: Snapshot, places: Places) -> Iterator[Diagnostic]:
    """MLC451 and MLC454: a place that two sources, or a source and a stage, write; and a schema that is not there."""
    makers = {path: made.producer for path, made in project.artifacts.items() if made.producer is not None}
    takers = {path: f"the stage `{stage}`" for path, stage in makers.items()}
    for name, source in project.sources.items():
        path = posixpath.normpath(source.path)
        is_stated = places.states(("data", name, "path"))
        place = At(("data", name, "path")) if is_stated else At(("data", name), key=True)
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
        if source.schema is not None and snapshot.kind(source.schema) != "file":
            what = f"there is no schema `{source.schema}`"
            help_ = "write it: a Table Schema for tables, a JSON Schema for JSON"
            yield Diagnostic("MLC454", what, At(("data", name, "schema")), help=help_)


def _gates(project: Project) -> Iterator[Diagnostic]:
    """MLC452: gates without metrics to judge, and what is to be done on a breach that no gate can find."""
    measured = any(out.kind == "metric" for stage in project for out in stage.outs)
    for name, deployment in project.deployments.items():
        if deployment.bounds and not measured:
            what = f"the gates of `{name}` have nothing to judge: no stage writes metrics"
            yield Diagnostic(
                "MLC452", what, At(("deploy", name, "gates"), key=True), help="name the file under `metrics`"
            )
    for name, monitor in project.monitors.items():
        if (monitor.opens_issue or monitor.retrains) and not monitor.bounds:
            what = f"`{name}` is never breached: it has no gates"
            yield Diagnostic(
                "MLC452", what, At(("monitor", name, "on_breach"), key=True), help="write its bounds under `gates`"
            )
