"""Checks of what stages read: missing deps and parameters, stages without deps, missing directories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.project import Param, Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Place
from ..read.params import DEFAULT, ParamFiles, lookup
from .places import Places

MISSING_DEP = Code(
    "MLC411",
    "error",
    "`{stage}` depends on `{path}`, which does not exist, and no stage writes it",
    help="create the file, run `dvc add {path}`, or let a stage write it",
)
MISSING_DEP_SIMILAR = replace(MISSING_DEP, help="did you mean `{similar}`?")
UNKNOWN_DATASET = Code(
    "MLC411",
    "error",
    "`{stage}` depends on `{path}`, which `datasets` does not define",
    help="define it under `datasets`",
)
UNKNOWN_DATASET_OF = replace(UNKNOWN_DATASET, help="use one of the datasets {names}, or define it under `datasets`")
NO_PARAMS_FILE = Code(
    "MLC412",
    "error",
    "`{stage}` tracks parameters of `{file}`, which does not exist",
    help="create the file, or correct its name",
)
UNKNOWN_PARAM = Code(
    "MLC412", "error", "`{stage}` tracks `{key}`, which `{file}` does not define", help="add it to `{file}`"
)
UNKNOWN_PARAM_SIMILAR = replace(UNKNOWN_PARAM, help="did you mean `{similar}`?")
UNKNOWN_EXPERIMENT_PARAM = Code(
    "MLC412",
    "error",
    "the experiment `{experiment}` sets `{key}`, which `{file}` does not define",
    help="add it to `{file}`",
)
UNKNOWN_EXPERIMENT_PARAM_SIMILAR = replace(UNKNOWN_EXPERIMENT_PARAM, help="did you mean `{similar}`?")
NO_DEPS = Code(
    "MLC413",
    "warning",
    "`{stage}` has no deps: DVC runs it every time and never restores it from the run cache",
    help="list its code under `deps`, or let the conventions do it with `infer: [code]`",
)
NO_WDIR = Code(
    "MLC415",
    "error",
    "the `wdir` of `{stage}`, `{wdir}`, is not a directory of this repository",
    help="correct the path, or create the directory",
)

_MISSING = object()


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC411 to MLC413, and MLC415."""
    written = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
    yield from _once_a_place(_deps(project, written, snapshot, places))
    yield from _params(project, written, params, places)
    yield from _experiment_params(project, params)
    yield from _without_deps(project)
    yield from _wdirs(project, written, snapshot, places)


def _once_a_place(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """One diagnostic for each place: what a `foreach` or `matrix` repeats is reported once, with the number of cases."""
    by_place: dict[Place | None, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        by_place.setdefault(diagnostic.place, []).append(diagnostic)
    for first, *others in by_place.values():
        yield replace(first, note=f"and {len(others):,} more like it") if others else first


def _deps(project: Project, written: set[str], snapshot: Snapshot, places: Places) -> Iterator[Diagnostic]:
    folders = {folder for path in written for folder in parents(path)}
    emitted = {script.path for script in project.scripts} | {source.path for source in project.sources.values()}
    tracked: dict[str, bool] = {}
    for path, artifact in project.artifacts.items():
        if path.startswith("ds://"):
            yield from _dataset(project, path, project.stages[artifact.consumers[0]], places)
        if artifact.producer is not None or path in folders or "://" in path or path.startswith("/"):
            continue
        above = tuple(parents(path))
        if path in emitted or not emitted.isdisjoint(above) or not written.isdisjoint(above):
            continue
        if snapshot.kind(path) is None and not _is_tracked(path, above, snapshot, tracked):
            yield _missing_dep(path, project.stages[artifact.consumers[0]], written, snapshot, places)


def _missing_dep(path: str, stage: Stage, written: set[str], snapshot: Snapshot, places: Places) -> Diagnostic:
    place = places.dep(stage, path)
    if (similar := _similar_path(path, written, snapshot)) is None:
        return MISSING_DEP.on(place, stage=stage.name, path=path)
    diagnostic = MISSING_DEP_SIMILAR.on(place, stage=stage.name, path=path, similar=similar)
    fixable = stage.wdir == "." and not place.key
    return replace(diagnostic, fix=Fix(place, similar, "unsafe")) if fixable else diagnostic


def _dataset(project: Project, path: str, stage: Stage, places: Places) -> Iterator[Diagnostic]:
    names = [dataset["name"] for dataset in project.dvc.get("datasets") or ()]
    if path.removeprefix("ds://") not in names and "${" not in "".join(names):
        code = UNKNOWN_DATASET_OF if names else UNKNOWN_DATASET
        yield code.on(
            places.dep(stage, path), stage=stage.name, path=path, names=", ".join(f"`{name}`" for name in names)
        )


def _is_tracked(path: str, above: tuple[str, ...], snapshot: Snapshot, tracked: dict[str, bool]) -> bool:
    """Whether a .dvc file, or the dvc.yaml of a directory above, provides the path. ``tracked`` caches the lookups."""
    for candidate in (path, *above):
        if candidate not in tracked:
            pipeline = candidate != path and snapshot.kind(f"{candidate}/dvc.yaml") == "file"
            tracked[candidate] = pipeline or snapshot.kind(f"{candidate}.dvc") == "file"
        if tracked[candidate]:
            return True
    return False


def _similar_path(path: str, written: Collection[str], snapshot: Snapshot) -> str | None:
    from difflib import get_close_matches

    folder = path.rpartition("/")[0]
    siblings = [f"{folder}/{name}" if folder else name for name in snapshot.list(folder)]
    similar = get_close_matches(path, sorted({*written, *siblings}), 1, 0.7)
    return similar[0] if similar else None


def _params(project: Project, written: set[str], params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    reported: set[tuple[str, Param]] = set()
    valid: dict[str, set[str | None]] = {}
    for stage in project:
        for param in stage.params:
            keys = valid.get(param.file)
            if keys is None:
                keys = valid[param.file] = set()
            if param.key in keys or param.file in written:
                continue
            diagnostic = _param(stage, param, params, places)
            if diagnostic is None:
                keys.add(param.key)
            elif (stage.entry, param) not in reported:
                reported.add((stage.entry, param))
                yield diagnostic


def _param(stage: Stage, param: Param, params: ParamFiles, places: Places) -> Diagnostic | None:
    content = params.load(param.file)
    if content is None:
        if params.snapshot.kind(param.file) == "file":
            return None  # the reader has reported that it cannot be read
        return NO_PARAMS_FILE.on(places.param(stage, param.file, param.key), stage=stage.name, file=param.file)
    if param.key is None or lookup(content, param.key, _MISSING) is not _MISSING:
        return None
    place = places.param(stage, param.file, param.key)
    if (similar := _similar_key(param.key, content)) is None:
        return UNKNOWN_PARAM.on(place, stage=stage.name, key=param.key, file=param.file)
    diagnostic = UNKNOWN_PARAM_SIMILAR.on(place, stage=stage.name, key=param.key, file=param.file, similar=similar)
    return diagnostic if place.key else replace(diagnostic, fix=Fix(place, similar, "unsafe"))


def _similar_key(key: str, content: object) -> str | None:
    """The key that was probably meant."""
    from difflib import get_close_matches

    above, _, last = key.rpartition(".")
    siblings = lookup(content, above) if above else content
    names = [str(name) for name in siblings] if isinstance(siblings, dict) else []
    if similar := get_close_matches(last, names, 1):
        return f"{above}.{similar[0]}" if above else similar[0]
    similar = get_close_matches(key, list(_dotted(content)), 1) if isinstance(content, dict) else []
    return similar[0] if similar else None


def _dotted(content: dict[object, object]) -> Iterator[str]:
    """The keys of the first two levels, dotted."""
    for key, value in content.items():
        yield str(key)
        if isinstance(value, dict):
            yield from (f"{key}.{below}" for below in value)


def _experiment_params(project: Project, params: ParamFiles) -> Iterator[Diagnostic]:
    for name, experiment in project.experiments.items():
        for param in experiment.set:
            prefix, _, key = param.rpartition(":")
            file = prefix or DEFAULT
            content = params.load(file)
            if content is None and params.snapshot.kind(file) == "file":
                continue
            if content is None or lookup(content, key, _MISSING) is _MISSING:
                similar = _similar_key(key, content)
                code = UNKNOWN_EXPERIMENT_PARAM_SIMILAR if similar else UNKNOWN_EXPERIMENT_PARAM
                place = At(("experiments", name, "set", param), key=True)
                yield code.on(place, experiment=name, key=key, file=file, similar=similar)


def _without_deps(project: Project) -> Iterator[Diagnostic]:
    reported: set[str] = set()
    for stage in project:
        if stage.deps or stage.params or stage.frozen or stage.always_changed or stage.entry in reported:
            continue
        reported.add(stage.entry)
        yield NO_DEPS.on(stage.at, stage=stage.name)


def _wdirs(project: Project, written: set[str], snapshot: Snapshot, places: Places) -> Iterator[Diagnostic]:
    checked: set[tuple[str, str]] = set()
    for stage in project:
        wdir = stage.wdir
        if wdir == "." or (stage.entry, wdir) in checked:
            continue
        checked.add((stage.entry, wdir))
        if snapshot.kind(wdir) == "dir" or wdir in written or not written.isdisjoint(parents(wdir)):
            continue
        outs = {out.path for out in stage.outs}
        if any(path.startswith(f"{wdir}/") for path in written if path not in outs):
            continue  # another stage creates it
        yield NO_WDIR.on(places.value(stage, "wdir"), stage=stage.name, wdir=wdir)
