"""Checks of outs and order: cycles, two writers of one path, outs inside outs, outs outside of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from ..lower.paths import height, parents
from ..model.dag import Cycle
from ..model.diagnostic import Code, Diagnostic, Label
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

CYCLE = Code("MLC401", "error", "the stages form a cycle: {stages}", help="remove one of these deps")
TWO_WRITERS = Code(
    "MLC402",
    "error",
    "{count} stages write `{path}`: {stages}",
    help="give each stage its own path, or let `{second}` depend on `{first}`",
)
SAME_PATH_FOR_EACH = replace(
    TWO_WRITERS, help="put `${{item}}` or `${{key}}` into the path, so that each stage has its own"
)
WRITTEN_TWICE = Code("MLC402", "error", "`{stage}` declares `{path}` twice among its outs", help="declare it once")
OUT_IN_OUT = Code(
    "MLC403",
    "error",
    "`{path}` of `{stage}` is inside `{outer_path}` of `{outer_stage}`",
    help="move one of the outs out of the other",
)
WHOLE_DIRECTORY = Code(
    "MLC404",
    "error",
    "`{stage}` writes `{path}`, the whole directory it runs in",
    help="write to a relative path inside of the repository, or to a URL",
)
OUT_OUTSIDE = Code(
    "MLC404",
    "error",
    "`{stage}` writes `{path}`, which is outside of the repository",
    help="write to a relative path inside of the repository, or to a URL",
)
READS_ITS_OUT = Code(
    "MLC405", "error", "`{stage}` reads and writes `{path}`", help="write to another path, or remove the dep"
)
READS_BESIDE_ITS_OUT = Code(
    "MLC405", "error", "`{stage}` reads `{path}` and writes `{out}`", help="write to another path, or remove the dep"
)

MAX_LABELS = 4
"""Maximum number of secondary places of a diagnostic."""
_OUTSIDE_STARTS = frozenset(["", "/", ".", "~", "\\"])


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC401 to MLC405."""
    yield from _cycles(project, places)
    writers: dict[str, Stage] = {}
    shared: dict[str, list[Stage]] = {}
    for stage in project:
        for out in stage.outs:
            path = out.path
            if path in writers:
                shared.setdefault(path, [writers[path]]).append(stage)
            else:
                writers[path] = stage
            if path[:1] in _OUTSIDE_STARTS or path[1:2] == ":":
                yield from _outside(stage, path, places, snapshot)
        for dep in stage.deps:
            if (up := height(dep)) is not None:
                for out in stage.outs:
                    if "://" not in out.path and not out.path.startswith("/") and out.path.split("/").count("..") <= up:
                        yield _reads_its_out(stage, dep, out.path, places)
        for param in stage.params:
            if writers.get(param.file) is stage:
                yield _reads_its_out(stage, param.file, param.file, places)
    for path, stages in shared.items():
        yield _several_writers(path, stages, places)
    yield from _nested(project, writers, places)


def _outside(stage: Stage, path: str, places: Places, snapshot: Snapshot) -> Iterator[Diagnostic]:
    above = path[: 3 * path.count("../")].rstrip("/")
    if above and set(above) <= {".", "/"} and snapshot.kind(above) == "dir":
        return  # the spec is in a folder of the repository, and writes to another folder of it
    if path in (".", ""):
        yield WHOLE_DIRECTORY.on(places.out(stage, path), stage=stage.name, path=".")
    elif path.startswith(("/", "../", "~/", "\\")) or path == ".." or (path[1:2] == ":" and path[2:3] in ("/", "\\")):
        yield OUT_OUTSIDE.on(places.out(stage, path), stage=stage.name, path=path)


def _reads_its_out(stage: Stage, dep: str, out: str, places: Places) -> Diagnostic:
    place = places.dep(stage, dep) if dep in stage.deps else places.key(stage, "params")
    code = READS_ITS_OUT if dep == out else READS_BESIDE_ITS_OUT
    diagnostic = code.on(place, stage=stage.name, path=dep, out=out)
    return replace(diagnostic, labels=(Label(places.out(stage, out), "written here"),))


def _several_writers(path: str, stages: list[Stage], places: Places) -> Diagnostic:
    first, second = stages[0], stages[1]
    place = places.out(second, path, last=True)
    if first is second:
        diagnostic = WRITTEN_TWICE.on(place, stage=first.name, path=path)
        return replace(diagnostic, labels=(Label(places.out(first, path), "first here"),))
    entries: dict[str, Stage] = {}
    for stage in stages:
        entries.setdefault(stage.entry, stage)
    code = SAME_PATH_FOR_EACH if len(entries) == 1 else TWO_WRITERS
    count = "two" if len(stages) == 2 else f"{len(stages):,}"
    labels = tuple(
        Label(places.out(stage, path), f"also written by `{stage.name}`")
        for stage in entries.values()
        if stage.entry != second.entry
    )
    diagnostic = code.on(place, count=count, path=path, stages=_names(stages), first=first.name, second=second.name)
    return replace(diagnostic, labels=labels[:MAX_LABELS])


def _names(stages: list[Stage]) -> str:
    names = ", ".join(f"`{stage.name}`" for stage in stages[:3])
    return f"{names} and {len(stages) - 3:,} more" if len(stages) > 3 else names


def _nested(project: Project, writers: dict[str, Stage], places: Places) -> Iterator[Diagnostic]:
    """Outs inside outs, and paths that a stage both reads and writes, one of them possibly inside the other."""
    artifacts, reported = project.artifacts, set()
    clear = {""}  # folders that neither are artifacts nor lie in one
    for path, artifact in artifacts.items():
        stage = writers.get(path)
        if stage is not None and stage.name in artifact.consumers:
            yield _reads_its_out(stage, path, path, places)
        folder = path[: max(path.rfind("/"), 0)]
        if folder in clear:
            continue
        above = [parent for parent in parents(path) if parent in artifacts]
        if not above:
            clear.add(folder)
        for parent in above:
            outer = writers.get(parent)
            if outer is not None and outer.name in artifact.consumers:
                yield _reads_its_out(outer, path, parent, places)
            if stage is not None and stage.name in artifacts[parent].consumers:
                yield _reads_its_out(stage, parent, path, places)
            if stage is not None and outer is not None and (outer.entry, stage.entry, parent) not in reported:
                reported.add((outer.entry, stage.entry, parent))
                yield _out_in_out(stage, path, outer, parent, places)


def _out_in_out(stage: Stage, path: str, outer: Stage, outer_path: str, places: Places) -> Diagnostic:
    diagnostic = OUT_IN_OUT.on(
        places.out(stage, path), path=path, stage=stage.name, outer_path=outer_path, outer_stage=outer.name
    )
    return replace(diagnostic, labels=(Label(places.out(outer, outer_path), "the outer one"),))


def _cycles(project: Project, places: Places) -> Iterator[Diagnostic]:
    reported: set[tuple[str, ...]] = set()
    for cycle in project.dag.cycles():
        entries = tuple(project.stages[name].entry for name in cycle)
        if entries not in reported:  # a `foreach` or `matrix` repeats the cycle for every item
            reported.add(entries)
            yield _cycle(project, cycle, places)


def _cycle(project: Project, cycle: Cycle, places: Places) -> Diagnostic:
    labels = []
    for parent, name in pairwise(cycle):
        stage, dep = project.stages[name], _link(project.stages[parent], project.stages[name])
        place = places.dep(stage, dep) if dep in stage.deps else stage.at
        labels.append(Label(place, f"`{name}` reads `{dep}` of `{parent}`"))
    diagnostic = CYCLE.on(project.stages[cycle[0]].at, stages=" -> ".join(cycle))
    return replace(diagnostic, labels=tuple(labels))


def _link(parent: Stage, child: Stage) -> str:
    """The path that ``child`` reads and ``parent`` writes."""
    for path in (*child.deps, *(param.file for param in child.params)):
        for out in parent.outs:
            if path == out.path or path.startswith(f"{out.path}/") or out.path.startswith(f"{path}/"):
                return path
    raise AssertionError("an edge without a path")
