"""Checks of what stages read: missing deps and parameters, stages without deps, missing directories."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.project import Param, Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Place
from ..read.keys import matches
from ..read.params import DEFAULT, ParamFiles, lookup
from ..read.pipelines import OtherPipelines
from .places import Places

MISSING_DEP = Code(
    "MLC411",
    "warning",
    "`{stage}` depends on `{path}`, which does not exist, and no stage writes it",
    help="create the file, run `dvc add {path}`, or let a stage write it",
    in_check="error",
)
OUTSIDE_DEP = Code(
    "MLC411",
    "warning",
    "`{stage}` depends on `{path}`, which is outside of the repository: a clone on another machine may not have it",
    help="copy it into the repository and run `dvc add`, or name its source under `data`",
)
MISSING_CODE = replace(MISSING_DEP, help="create the file, or correct its path")
MISSING_BUT_STAGE = replace(
    MISSING_DEP,
    help="`{path}` is a stage: to run after it, depend on what it writes: `{out}`",
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
    "warning",
    "`{stage}` tracks parameters of `{file}`, which does not exist",
    help="create the file, or correct its name",
    in_check="error",
)
SEVERAL_PARAMS = Code(
    "MLC412",
    "error",
    "`{stage}` tracks `{key}`, which matches {count} values of `{file}`: DVC accepts one",
    help="name each key, or the section that they are in",
)
DATE_PARAM = Code(
    "MLC421",
    "error",
    "`{stage}` tracks `{key}` of `{file}`, a date: DVC fails on it after the command has run",
    help="write the date as text, in quotes",
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
RUNS_ONCE = Code(
    "MLC413",
    "warning",
    "`{stage}` has outs but no deps: DVC runs it once and never again, whatever changes",
    help="list its code under `deps`, or let the conventions do it with `infer: [code]`; to run it every time write "
    "`always_changed: true`",
)
RUNS_ALWAYS = Code(
    "MLC413",
    "warning",
    "`{stage}` has neither deps nor outs: DVC runs it every time",
    help="list what it reads under `deps` and what it writes under `outs`, or write `always_changed: true` if that is meant",
)
OF_DVC = "a stage with `cmd` is passed to DVC as it is: the conventions fill in nothing, unless it says `infer`"
NO_WDIR = Code(
    "MLC415",
    "warning",
    "the `wdir` of `{stage}`, `{wdir}`, is not a directory of this repository",
    help="correct the path, or create the directory",
    in_check="error",
)

CODE_ENDINGS = frozenset(["py", "pyx", "ipynb", "r", "R", "Rmd", "qmd", "jl", "sh", "bash", "sql"])
"""Endings of files that Git tracks and DVC should not."""

_MISSING = object()


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC411 to MLC413, MLC415 and MLC421."""
    written = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
    sources = _Sources(project, written, snapshot)
    yield from _once_a_place(_deps(project, sources, places))
    yield from _params(project, sources, params, places)
    yield from _experiment_params(project, params)
    yield from _without_deps(project, places)
    yield from _wdirs(project, written, snapshot, places)


class _Sources:
    """What provides the paths that stages read. Each path is looked up once."""

    def __init__(self, project: Project, written: Collection[str], snapshot: Snapshot) -> None:
        self.project = project
        self.snapshot = snapshot
        self.written = set(written)
        self.written_above = {folder for path in written for folder in parents(path)}
        self.emitted = {script.path for script in project.scripts}
        self.emitted |= {source.path for source in project.sources.values()}
        self.others = OtherPipelines(snapshot)
        self._tracked: dict[str, bool] = {}

    def writes(self, path: str) -> bool:
        """Whether a stage of this spec writes the path, something in it, or a directory above."""
        return path in self.written or path in self.written_above or not self.written.isdisjoint(parents(path))

    def provides(self, path: str) -> bool:
        """Whether the path is here, or a stage, a build, a `.dvc` file or another dvc.yaml makes it."""
        if self.writes(path) or path in self.emitted or not self.emitted.isdisjoint(parents(path)):
            return True
        return self.snapshot.kind(path) is not None or self._is_tracked(path) or self.others.write(path)

    def is_outside(self, path: str) -> bool:
        """Whether the path leads out of the repository, where nothing is known of it."""
        return posixpath.normpath(posixpath.join(self.snapshot.here, path)).startswith("..")

    def _is_tracked(self, path: str) -> bool:
        """Whether a `.dvc` file answers for the path or for a directory above it, or a dvc.yaml for such a directory."""
        for candidate in (path, *parents(path)):
            if candidate not in self._tracked:
                pipeline = candidate != path and self.snapshot.kind(f"{candidate}/dvc.yaml") == "file"
                self._tracked[candidate] = pipeline or self.snapshot.kind(f"{candidate}.dvc") == "file"
            if self._tracked[candidate]:
                return True
        return False


def _once_a_place(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """One diagnostic for each place: what a `foreach` or `matrix` repeats is reported once, with the number of cases."""
    by_place: dict[Place | None, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        by_place.setdefault(diagnostic.place, []).append(diagnostic)
    for first, *others in by_place.values():
        yield replace(first, note=f"and {len(others):,} more like it") if others else first


def _deps(project: Project, sources: _Sources, places: Places) -> Iterator[Diagnostic]:
    locks = {environment.lock for environment in project.environments.values()}  # MLC442 tells of those
    for path, artifact in project.artifacts.items():
        if path.startswith("ds://"):
            yield from _dataset(project, path, project.stages[artifact.consumers[0]], places)
        if artifact.producer is not None or "://" in path or path.startswith("/") or path in locks:
            continue
        stage = project.stages[artifact.consumers[0]]
        if sources.is_outside(path):
            yield OUTSIDE_DEP.on(places.dep(stage, path), stage=stage.name, path=path)
        elif not sources.provides(path):
            yield _missing_dep(path, stage, sources, places)


def _missing_dep(path: str, stage: Stage, sources: _Sources, places: Places) -> Diagnostic:
    place = places.dep(stage, path)
    if (upstream := sources.project.stages.get(path)) is not None and upstream.outs and upstream is not stage:
        out = upstream.outs[0].path
        diagnostic = MISSING_BUT_STAGE.on(place, stage=stage.name, path=path, out=out)
        return diagnostic if stage.wdir != "." or place.key else replace(diagnostic, fix=Fix(place, out, "unsafe"))
    if (similar := _similar_path(path, sources.written, sources.snapshot, stage)) is None:
        is_code = path.rpartition(".")[2] in CODE_ENDINGS
        return (MISSING_CODE if is_code else MISSING_DEP).on(place, stage=stage.name, path=path)
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


def _similar_path(path: str, written: Collection[str], snapshot: Snapshot, stage: Stage) -> str | None:
    """The path that was probably meant; never one that the stage itself reads or writes.

    Paths are relative to the spec. One that is relative to a folder above, such as the root of a monorepo, is the path with
    the folders of the spec before it.
    """
    from difflib import get_close_matches

    folder = path.rpartition("/")[0]
    siblings = [f"{folder}/{name}" if folder else name for name in snapshot.list(folder)]
    own = {*stage.deps, *(out.path for out in stage.outs)}
    parts = path.split("/")
    for below in ("/".join(parts[skipped:]) for skipped in range(1, len(parts))):
        if below not in own and (below in written or snapshot.kind(below) is not None):
            return below
    similar = get_close_matches(path, sorted({*written, *siblings} - own), 1, 0.7)
    return similar[0] if similar else None


def _params(project: Project, sources: _Sources, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    reported: set[tuple[str, Param]] = set()
    valid: dict[str, set[str | None]] = {}
    for stage in project:
        for param in stage.params:
            keys = valid.get(param.file)
            if keys is None:
                keys = valid[param.file] = set()
            if param.key in keys or sources.writes(param.file):
                continue
            diagnostic = _param(stage, param, params, sources, places)
            if diagnostic is None:
                keys.add(param.key)
            elif (stage.entry, param) not in reported:
                reported.add((stage.entry, param))
                yield replace(diagnostic, subject=param.key or param.file)


def _param(
    stage: Stage, param: Param, params: ParamFiles, sources: _Sources, places: Places
) -> Diagnostic | None:  # fmt: skip
    content = params.load(param.file)
    place = places.param(stage, param.file, param.key)
    if content is None:
        if sources.provides(param.file) or sources.is_outside(param.file):
            return None  # not fetched yet, or the reader has reported that it cannot be read
        return replace(NO_PARAMS_FILE.on(place, stage=stage.name, file=param.file), cause=param.file)
    found = [content] if param.key is None else matches(content, param.key)
    if param.key is not None and len(found) > 1:
        return SEVERAL_PARAMS.on(place, stage=stage.name, key=param.key, count=len(found), file=param.file)
    if param.key is None or found:
        dated = _date(found[0], param.key or "")
        return None if dated is None else DATE_PARAM.on(place, stage=stage.name, key=dated, file=param.file)
    if (similar := _similar_key(param.key, content)) is None:
        return UNKNOWN_PARAM.on(place, stage=stage.name, key=param.key, file=param.file)
    diagnostic = UNKNOWN_PARAM_SIMILAR.on(place, stage=stage.name, key=param.key, file=param.file, similar=similar)
    return diagnostic if place.key else replace(diagnostic, fix=Fix(place, similar, "unsafe"))


def _date(value: object, key: str) -> str | None:
    """The key of the first date or time in a value; TOML has them, and DVC cannot write them to its run cache."""
    if isinstance(value, datetime.date | datetime.time):
        return key
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next(filter(None, (_date(item, f"{key}.{name}".lstrip(".")) for name, item in items)), None)


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


def _without_deps(project: Project, places: Places) -> Iterator[Diagnostic]:
    reported: set[str] = set()
    for stage in project:
        if stage.deps or stage.params or stage.frozen or stage.always_changed or stage.entry in reported:
            continue
        reported.add(stage.entry)
        diagnostic = (RUNS_ONCE if stage.outs else RUNS_ALWAYS).on(stage.at, stage=stage.name)
        stated = places.key(stage, "cmd") != stage.at
        yield replace(diagnostic, note=OF_DVC) if stated else diagnostic


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
