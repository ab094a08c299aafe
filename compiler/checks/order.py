"""Who writes what, and in which order: cycles, two writers of one path, outs inside outs, outs outside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..lower.paths import parents
from ..model.dag import Cycle
from ..model.diagnostic import Diagnostic, Label
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

MAX_LABELS = 4
"""How many further places one diagnostic points at."""


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
            if path[:1] in _SUSPECT or path[1:2] == ":":
                yield from _outside(stage, path, places, snapshot)
        for param in stage.params:
            if writers.get(param.file) is stage:
                yield _reads_own(stage, param.file, param.file, places)
    for path, stages in shared.items():
        yield _several_writers(path, stages, places)
    yield from _nested(project, writers, places)


_SUSPECT = frozenset(["", "/", ".", "~", "\\"])


def _outside(stage: Stage, path: str, places: Places, snapshot: Snapshot) -> Iterator[Diagnostic]:
    above = path[: 3 * path.count("../")].rstrip("/")
    if above and set(above) <= {".", "/"} and snapshot.kind(above) == "dir":
        return  # the spec is in a folder of the repository, and writes to another folder of it
    if path in (".", ""):
        what = f"`{stage.name}` writes `.`, the whole directory it runs in"
    elif path.startswith(("/", "../", "~/", "\\")) or path == ".." or (path[1:2] == ":" and path[2:3] in ("/", "\\")):
        what = f"`{stage.name}` writes `{path}`, which is outside of the repository"
    else:
        return
    help_ = "write to a relative path inside of the repository, or to a URL"
    yield Diagnostic("MLC404", what, places.out(stage, path), help=help_)


def _reads_own(stage: Stage, dep: str, out: str, places: Places) -> Diagnostic:
    which = "it" if dep == out else f"`{out}`"
    place = places.dep(stage, dep) if dep in stage.deps else places.key(stage, "params")
    return Diagnostic(
        "MLC405", f"`{stage.name}` reads `{dep}` and writes {which}", place,
        help="write to another path, or leave the dep out", labels=(Label(places.out(stage, out), "written here"),),
    )  # fmt: skip


def _several_writers(path: str, stages: list[Stage], places: Places) -> Diagnostic:
    first, second = stages[0], stages[1]
    here = places.out(second, path, last=True)
    entries = {stage.entry: stage for stage in reversed(stages)}
    labels = tuple(
        Label(places.out(stage, path), f"also written by `{stage.name}`")
        for stage in reversed(entries.values())
        if stage.entry != second.entry
    )
    if first is second:
        what, help_ = f"`{first.name}` names `{path}` twice among what it writes", "name it once"
        labels = (Label(places.out(first, path), "first here"),)
    elif len(entries) == 1:
        what = f"{_number(len(stages))} stages write `{path}`: {_names(stages)}"
        help_ = "put `${item}` or `${key}` into the path, so that each stage has its own"
    else:
        what = f"{_number(len(stages))} stages write `{path}`: {_names(stages)}"
        help_ = f"give each its own path, or let `{second.name}` depend on `{first.name}`"
    return Diagnostic("MLC402", what, here, help=help_, labels=labels[:MAX_LABELS])


def _number(count: int) -> str:
    return "two" if count == 2 else f"{count:,}"


def _names(stages: list[Stage]) -> str:
    names = ", ".join(f"`{stage.name}`" for stage in stages[:3])
    return f"{names} and {len(stages) - 3:,} more" if len(stages) > 3 else names


def _nested(project: Project, writers: dict[str, Stage], places: Places) -> Iterator[Diagnostic]:
    """Outs inside of outs, and what a stage both reads and writes, be it a directory that the other lies in."""
    known, clear, told = project.artifacts, {""}, set()
    for path, artifact in known.items():
        stage = writers.get(path)
        if stage is not None and stage.name in artifact.consumers:
            yield _reads_own(stage, path, path, places)
        folder = path[: max(path.rfind("/"), 0)]
        if folder in clear:
            continue
        above = [parent for parent in parents(path) if parent in known]
        if not above:
            clear.add(folder)
        for parent in above:
            outer = writers.get(parent)
            if outer is not None and outer.name in artifact.consumers:
                yield _reads_own(outer, path, parent, places)
            if stage is not None and stage.name in known[parent].consumers:
                yield _reads_own(stage, parent, path, places)
            if stage is not None and outer is not None and (outer.entry, stage.entry, parent) not in told:
                told.add((outer.entry, stage.entry, parent))
                yield Diagnostic(
                    "MLC403", f"`{path}` of `{stage.name}` lies inside `{parent}` of `{outer.name}`",
                    places.out(stage, path), help="let the outs stand beside each other",
                    labels=(Label(places.out(outer, parent), "the outer one"),),
                )  # fmt: skip


def _cycles(project: Project, places: Places) -> Iterator[Diagnostic]:
    reported: set[tuple[str, ...]] = set()
    for cycle in project.dag.cycles():
        entries = tuple(project.stages[name].entry for name in cycle)
        if entries not in reported:  # a `foreach` or `matrix` repeats it for every item
            reported.add(entries)
            yield _cycle(project, cycle, places)


def _cycle(project: Project, path: Cycle, places: Places) -> Diagnostic:
    labels = []
    for before, name in pairwise(path):
        stage, dep = project.stages[name], _link(project.stages[before], project.stages[name])
        place = places.dep(stage, dep) if dep in stage.deps else stage.at
        labels.append(Label(place, f"`{name}` reads `{dep}` of `{before}`"))
    return Diagnostic(
        "MLC401", f"the stages depend on each other in a circle: {' -> '.join(path)}", project.stages[path[0]].at,
        help="remove one of these deps", labels=tuple(labels),
    )  # fmt: skip


def _link(before: Stage, after: Stage) -> str:
    """What ``after`` reads of ``before``."""
    for path in (*after.deps, *(param.file for param in after.params)):
        for out in before.outs:
            if path == out.path or path.startswith(f"{out.path}/") or out.path.startswith(f"{path}/"):
                return path
    raise AssertionError("an edge without a path")
