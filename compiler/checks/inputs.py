"""What stages read: deps and parameters that are not there, stages that read nothing, directories that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..lower.paths import parents
from ..model.diagnostic import Diagnostic, Fix
from ..model.project import Param, Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Place
from ..read.params import DEFAULT, ParamFiles, lookup
from .places import Places

_MISSING = object()


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC411 to MLC413, and MLC415."""
    made = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
    yield from _grouped(_deps(project, made, snapshot, places))
    yield from _params(project, made, params, places)
    yield from _set_by_experiments(project, params)
    yield from _without_deps(project)
    yield from _wdirs(project, made, snapshot, places)


def _grouped(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """One diagnostic for each place: what a `foreach` or `matrix` repeats is told once, and counted."""
    by_place: dict[Place | None, list[Diagnostic]] = {}
    for diagnostic in found:
        by_place.setdefault(diagnostic.place, []).append(diagnostic)
    for first, *others in by_place.values():
        yield replace(first, note=f"and {len(others):,} more like it") if others else first


def _deps(project: Project, made: set[str], snapshot: Snapshot, places: Places) -> Iterator[Diagnostic]:
    around = {parent for path in made for parent in parents(path)}
    given = {script.path for script in project.scripts}
    given |= {source.path for source in project.sources.values()}
    tracked: dict[str, bool] = {}
    for path, artifact in project.artifacts.items():
        if path.startswith("ds://"):
            yield from _dataset(project, path, project.stages[artifact.consumers[0]], places)
        if artifact.producer is not None or path in around or "://" in path or path.startswith("/"):
            continue
        above = tuple(parents(path))
        if path in given or not given.isdisjoint(above) or not made.isdisjoint(above):
            continue
        if snapshot.kind(path) is not None or _tracked(path, above, snapshot, tracked):
            continue
        reader = project.stages[artifact.consumers[0]]
        place = places.dep(reader, path)
        what = f"`{reader.name}` depends on `{path}`, which is not there, and no stage writes it"
        help_ = f"add the file, `dvc add {path}`, or let a stage write it"
        if (near := _near(path, made, snapshot)) is not None:
            fixed = Fix(place, near, "unsafe") if reader.wdir == "." and not place.key else None
            yield Diagnostic("MLC411", what, place, help=f"did you mean `{near}`?", fix=fixed)
        else:
            yield Diagnostic("MLC411", what, place, help=help_)


def _dataset(project: Project, path: str, reader: Stage, places: Places) -> Iterator[Diagnostic]:
    known = [dataset["name"] for dataset in project.dvc.get("datasets") or ()]
    if path.removeprefix("ds://") in known or "${" in "".join(known):
        return
    what = f"`{reader.name}` depends on `{path}`, and `datasets` has none of that name"
    help_ = f"there is: {', '.join(known)}" if known else "describe it under `datasets`"
    yield Diagnostic("MLC411", what, places.dep(reader, path), help=help_)


def _tracked(path: str, above: tuple[str, ...], snapshot: Snapshot, known: dict[str, bool]) -> bool:
    """Whether a .dvc file, or another dvc.yaml beside it, answers for the path or for a directory above it."""
    for each in (path, *above):
        if each not in known:
            pipeline = each != path and snapshot.kind(f"{each}/dvc.yaml") == "file"
            known[each] = pipeline or snapshot.kind(f"{each}.dvc") == "file"
        if known[each]:
            return True
    return False


def _near(path: str, made: set[str], snapshot: Snapshot) -> str | None:
    from difflib import get_close_matches

    folder = path.rpartition("/")[0]
    beside = [f"{folder}/{name}" if folder else name for name in snapshot.list(folder)]
    close = get_close_matches(path, sorted({*made, *beside}), 1, 0.7)
    return close[0] if close else None


def _params(project: Project, made: set[str], params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    told: set[tuple[str, Param]] = set()
    good: dict[str, set[str | None]] = {}
    for stage in project:
        for param in stage.params:
            known = good.get(param.file)
            if known is None:
                known = good[param.file] = set()
            if param.key in known or param.file in made:
                continue
            problem = _param(stage, param, params, places)
            if problem is None:
                known.add(param.key)
            elif (stage.entry, param) not in told:
                told.add((stage.entry, param))
                yield problem


def _param(stage: Stage, param: Param, params: ParamFiles, places: Places) -> Diagnostic | None:
    content = params.load(param.file)
    if content is None:
        if params.snapshot.kind(param.file) == "file":
            return None  # it is there and cannot be read: the reader has said so
        what = f"`{stage.name}` tracks parameters of `{param.file}`, which is not there"
        return Diagnostic(
            "MLC412", what, places.param(stage, param.file, param.key), help="write the file, or correct its name"
        )
    if param.key is None or lookup(content, param.key, _MISSING) is not _MISSING:
        return None
    place = places.param(stage, param.file, param.key)
    help_, near = _meant(param.key, param.file, content)
    what = f"`{stage.name}` tracks `{param.key}`, which `{param.file}` lacks"
    return Diagnostic(
        "MLC412", what, place, help=help_, fix=Fix(place, near, "unsafe") if near and not place.key else None
    )


def _meant(key: str, file: str, content: object) -> tuple[str, str | None]:
    """The help for a key that is not there, and the key that is likely meant."""
    from difflib import get_close_matches

    above, _, last = key.rpartition(".")
    siblings = lookup(content, above) if above else content
    known = [str(name) for name in siblings] if isinstance(siblings, dict) else []
    close = get_close_matches(last, known, 1)
    if not close and isinstance(content, dict):
        paths = {name: name for name in _dotted(content)}
        close = get_close_matches(key, paths, 1)
        above = ""
    if not close:
        return f"add it to `{file}`", None
    meant = f"{above}.{close[0]}" if above else close[0]
    return f"did you mean `{meant}`?", meant


def _dotted(content: dict[object, object]) -> Iterator[str]:
    """The keys of the first two levels, dotted."""
    for key, value in content.items():
        yield str(key)
        if isinstance(value, dict):
            yield from (f"{key}.{below}" for below in value)


def _set_by_experiments(project: Project, params: ParamFiles) -> Iterator[Diagnostic]:
    for name, experiment in project.experiments.items():
        for said in experiment.set:
            file, _, key = said.rpartition(":")
            content = params.load(file or DEFAULT)
            if content is None and params.snapshot.kind(file or DEFAULT) == "file":
                continue
            if content is None or lookup(content, key, _MISSING) is _MISSING:
                what = f"the experiment `{name}` sets `{key}`, which `{file or DEFAULT}` lacks"
                place = At(("experiments", name, "set", said), key=True)
                yield Diagnostic("MLC412", what, place, help=_meant(key, file or DEFAULT, content)[0])


def _without_deps(project: Project) -> Iterator[Diagnostic]:
    told: set[str] = set()
    for stage in project:
        if stage.deps or stage.params or stage.frozen or stage.always_changed or stage.entry in told:
            continue
        told.add(stage.entry)
        yield Diagnostic(
            "MLC413", f"`{stage.name}` has no dep: DVC runs it every time, and never restores it from the run cache",
            stage.at, help="name its code under `deps`, or let the conventions do it: `infer: [code]`",
            severity="warning",
        )  # fmt: skip


def _wdirs(project: Project, made: set[str], snapshot: Snapshot, places: Places) -> Iterator[Diagnostic]:
    told: set[tuple[str, str]] = set()
    for stage in project:
        wdir = stage.wdir
        if wdir == "." or (stage.entry, wdir) in told:
            continue
        told.add((stage.entry, wdir))
        if snapshot.kind(wdir) == "dir" or wdir in made or not made.isdisjoint(parents(wdir)):
            continue
        if any(path.startswith(f"{wdir}/") for path in made if path not in {out.path for out in stage.outs}):
            continue  # an earlier stage makes it
        what = f"the `wdir` of `{stage.name}`, `{wdir}`, is not a directory of this repository"
        yield Diagnostic("MLC415", what, places.value(stage, "wdir"), help="correct it, or make the directory")
