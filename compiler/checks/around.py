"""Checks of what surrounds the pipeline: experiments, data sources, gates, the feature package."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic
from ..model.operations import MAX_RUNS, Drawn, Experiment, Listed, Values
from ..model.project import Project
from ..model.snapshot import Snapshot, inside
from ..model.source import At
from ..read.params import ParamFiles
from ..resolve.library import library
from .places import Places

NO_VALUES = Code("MLC450", "error", "`{param}` has no values", help="write at least one value")
NOT_FINITE = Code("MLC450", "error", "the bounds of `{param}` are not finite", help="write finite numbers")
REVERSED_BOUNDS = Code(
    "MLC450", "error", "`{param}` starts at {first} and ends at {last}", help="write the smaller number first"
)
LOG_OF_NONPOSITIVE = Code(
    "MLC450",
    "error",
    "a logarithmic scale needs positive bounds, and `{param}` starts at {first}",
    help="write a `low` greater than 0",
)
EMPTY_EXPERIMENT = Code(
    "MLC450", "error", "the experiment `{experiment}` sets no parameters", help="write a parameter and its values"
)
TOO_MANY_RUNS = Code(
    "MLC450",
    "error",
    "the experiment `{experiment}` has {count} runs, more than the limit of {limit:,}",
    help="shorten the lists, or draw values at random with `low`, `high`, `count` and `seed`",
)
DATA_OUTSIDE = Code(
    "MLC451", "error", "`{path}` is outside of this repository", help="choose a path inside of the repository"
)
DATA_WRITTEN_TWICE = Code("MLC451", "error", "`{path}` is also written by {writer}", help="choose another path")
NOTHING_TO_JUDGE = Code(
    "MLC452",
    "error",
    "the gates of `{deployment}` have no metrics to judge: no stage writes metrics",
    help="declare a metric file under `metrics` of a stage",
)
BREACH_WITHOUT_GATES = Code(
    "MLC452", "error", "`on_breach` has no effect: `{monitor}` has no gates", help="write bounds under `gates`"
)
NO_FEATURE_PACKAGE = Code(
    "MLC453",
    "error",
    "the package `{package}` does not exist",
    help="write its folder, such as `src/features`, or its import name",
)
NO_SCHEMA = Code(
    "MLC454",
    "error",
    "the schema `{schema}` does not exist",
    help="create it: a Table Schema for tables, a JSON Schema for JSON",
)

TOKEN_WITHOUT_LOCK = Code(
    "MLC456", "warning",
    "`ci.token` has no effect: with `lock: check`, CI pushes no dvc.lock",
    help="remove `token`, or set `lock` to `commit` or `propose`",
)  # fmt: skip


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC450 to MLC454, and MLC456."""
    if project.ci.token is not None and project.ci.lock == "check":
        yield TOKEN_WITHOUT_LOCK.at("ci", "token")
    for experiment in project.experiments.values():
        yield from _experiment(experiment)
    yield from _data(project, snapshot, places)
    yield from _gates(project)
    package = project.feature_package
    if package is not None and library(package, snapshot, project.code_roots) is None:
        yield NO_FEATURE_PACKAGE.at("stack", "features", package=package)


def _experiment(experiment: Experiment) -> Iterator[Diagnostic]:
    """MLC450: no values, too many runs, or impossible bounds."""
    path = ("experiments", experiment.name, "set")
    counts: list[float] = []
    for param, values in experiment.set.items():
        if (problem := _problem(values)) is None:
            counts.append(values.count())
        else:
            first, last = _bounds(values)
            yield problem.at(*path, param, param=param, first=first, last=last)
    if not experiment.set:
        yield EMPTY_EXPERIMENT.at_key(*path, experiment=experiment.name)
    elif math.prod(counts) > MAX_RUNS:
        count = _count_text(math.prod(counts))
        yield TOO_MANY_RUNS.at_key(*path, experiment=experiment.name, count=count, limit=MAX_RUNS)


def _count_text(count: float) -> str:
    return f"{count:,.0f}" if count < 1e15 else f"{count:.0e}" if math.isfinite(count) else "infinitely many"


def _bounds(values: Values) -> tuple[float, float]:
    if isinstance(values, Listed):
        return 0, 0
    return (values.low, values.high) if isinstance(values, Drawn) else (values.start, values.stop)


def _problem(values: Values) -> Code | None:
    """The problem with the values of one parameter."""
    if isinstance(values, Listed):
        return None if values.items else NO_VALUES
    first, last = _bounds(values)
    if not (math.isfinite(first) and math.isfinite(last)):
        return NOT_FINITE
    if first > last:
        return REVERSED_BOUNDS
    return LOG_OF_NONPOSITIVE if isinstance(values, Drawn) and values.log and first <= 0 else None


def _data(project: Project, snapshot: Snapshot, places: Places) -> Iterator[Diagnostic]:
    """MLC451: a path that two sources, or a source and a stage, write. MLC454: a missing schema."""
    writers = {
        path: f"the stage `{artifact.producer}`"
        for path, artifact in project.artifacts.items()
        if artifact.producer is not None
    }
    for name, source in project.sources.items():
        path = posixpath.normpath(source.path)
        place = At(("data", name, "path")) if places.states(("data", name, "path")) else At(("data", name), key=True)
        if not inside(path) or path == ".":
            yield DATA_OUTSIDE.on(place, path=path)
        elif (writer := _writer(path, writers)) is not None:
            yield DATA_WRITTEN_TWICE.on(place, path=path, writer=writer)
        writers.setdefault(path, f"the source `{name}`")
        if source.schema is not None and snapshot.kind(source.schema) != "file":
            yield NO_SCHEMA.at("data", name, "schema", schema=source.schema)


def _writer(path: str, writers: dict[str, str]) -> str | None:
    """The writer of a path, of a directory above it, or of something in it."""
    above = next((writers[folder] for folder in (path, *parents(path)) if folder in writers), None)
    return above or next((writer for written, writer in writers.items() if path in parents(written)), None)


def _gates(project: Project) -> Iterator[Diagnostic]:
    """MLC452: gates without metrics, and `on_breach` without gates."""
    has_metrics = any(out.kind == "metric" for stage in project for out in stage.outs)
    for name, deployment in project.deployments.items():
        if deployment.bounds and not has_metrics:
            yield NOTHING_TO_JUDGE.at_key("deploy", name, "gates", deployment=name)
    for name, monitor in project.monitors.items():
        if (monitor.opens_issue or monitor.retrains) and not monitor.bounds:
            yield BREACH_WITHOUT_GATES.at_key("monitor", name, "on_breach", monitor=name)
