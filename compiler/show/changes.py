"""What changed between two states of a pipeline, and which stages run again because of it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..build import Compiled
from ..lower.paths import parents
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.target import File
from ..programs.meaning import is_same, meaning
from ..programs.packages import is_packages
from ..read.params import ParamFiles, lookup
from ..resolve.conventions import RUNNERS

Kind = Literal["key", "param", "package", "code", "data", "upstream"]
Change = Literal["added", "removed", "changed"]
_LISTS = ("deps", "params", "outs")
_RERUN_KEYS = ("cmd", "wdir", "always_changed")
"""Keys by whose change DVC runs a stage again; `image` and `frozen` are not among what it compares."""
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Reason:
    """One difference that a stage sees. ``what`` names it; ``before`` and ``after`` are its values, where they are short.

    A ``cosmetic`` difference is one in code that does not change what the code does: the runner runs nothing because of it.
    """

    kind: Kind
    what: str
    before: str | None = None
    after: str | None = None
    cosmetic: bool = False

    @property
    def runs(self) -> bool:
        """Whether a stage runs again because of it: not where a dep, param or out is only no longer declared."""
        if self.cosmetic:
            return False
        if self.kind == "package":
            return self.after is not None
        if self.kind != "key":
            return True
        return self.after is not None if self.what in _LISTS else self.what in _RERUN_KEYS

    @property
    def text(self) -> str:
        """The reason in words."""
        if self.kind == "upstream":
            return f"runs after `{self.what}`"
        if self.kind == "package":
            return f"{self.what} {_shown(self.before)} -> {_shown(self.after)}"
        name = {"key": self.what, "param": f"param `{self.what}`"}.get(self.kind)
        if name is not None:
            return f"{name}: {_shown(self.before)} -> {_shown(self.after)}"
        return f"`{self.what}` {'changed in comments or layout only' if self.cosmetic else 'changed'}"


@dataclass(frozen=True, slots=True)
class StageChange:
    """A stage that is not as it was. It ``runs`` again unless it was removed or is frozen."""

    name: str
    change: Change | None
    reasons: tuple[Reason, ...]
    runs: bool


@dataclass(frozen=True, slots=True)
class FileChange:
    """An emitted file that is not as it was."""

    path: str
    change: Change


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package whose locked version is not as it was; None where it is not locked."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class State:
    """A pipeline at one time: what it was compiled to, the files it was read from, and its parameters."""

    project: Project
    files: tuple[File, ...]
    snapshot: Snapshot
    params: ParamFiles

    @classmethod
    def of(cls, run: Compiled, snapshot: Snapshot) -> State | None:
        """The state that a run has compiled; None if it did not get that far."""
        if run.project is None or run.params is None:
            return None
        return cls(run.project, tuple(run.files), snapshot, run.params)


class Contents(Protocol):
    """Tells which files at or below a path differ between two states, DVC's pointer files among them."""

    def changed(self, path: str) -> list[str]:
        """The files that were added, removed or changed, sorted."""


def stage_changes(before: State | None, after: State, contents: Contents) -> list[StageChange]:
    """The stages that are not as they were, in the order of the pipeline, the removed ones last."""
    changes: dict[str, StageChange] = {}
    known = before.project.stages if before is not None else {}
    for stage in after.project:
        earlier = known.get(stage.name)
        reasons = [] if before is None or earlier is None else list(_reasons(earlier, stage, before, after, contents))
        above = [name for name in after.project.dag.parents(stage.name) if name in changes and changes[name].runs]
        reasons += [Reason("upstream", name) for name in above]
        if earlier is None or reasons:
            kinds = {reason.kind for reason in reasons}
            change: Change | None = "added" if earlier is None else "changed" if "key" in kinds else None
            runs = not stage.frozen and (earlier is None or any(reason.runs for reason in reasons))
            changes[stage.name] = StageChange(stage.name, change, tuple(reasons), runs)
    gone = [StageChange(name, "removed", (), runs=False) for name in known if name not in after.project.stages]
    return [*changes.values(), *gone]


def file_changes(before: State | None, after: State) -> list[FileChange]:
    """The emitted files that are not as they were."""
    old = {file.path: file.text for file in before.files} if before is not None else {}
    new = {file.path: file.text for file in after.files}
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    return [
        FileChange(path, "added" if path not in old else "removed" if path not in new else "changed") for path in paths
    ]


def package_changes(before: Snapshot, after: Snapshot) -> list[PackageChange]:
    """The packages whose locked versions differ. A lock that cannot be read locks nothing."""
    old, new = (_locked(ParamFiles(snapshot)) for snapshot in (before, after))
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [PackageChange(name, old.get(name), new.get(name)) for name in names]


def _locked(params: ParamFiles) -> dict[str, str]:
    return params.packages.entries() if params.packages is not None else {}


def _reasons(earlier: Stage, stage: Stage, before: State, after: State, contents: Contents) -> Iterator[Reason]:
    yield from _keys(earlier, stage)
    yield from _params(earlier, stage, before, after)
    made = {path for path, artifact in after.project.artifacts.items() if artifact.producer is not None}
    for dep in stage.deps:
        if dep in earlier.deps and dep not in made and "://" not in dep:
            yield from _content(stage, dep, before.snapshot, after.snapshot, contents)


def _keys(earlier: Stage, stage: Stage) -> Iterator[Reason]:
    pairs: dict[str, tuple[Any, Any]] = {
        "cmd": (earlier.cmd, stage.cmd),
        "wdir": (earlier.wdir, stage.wdir),
        "frozen": (earlier.frozen, stage.frozen),
        "always_changed": (earlier.always_changed, stage.always_changed),
        "image": (earlier.image, stage.image),
    }
    for key, (old, new) in pairs.items():
        if old != new:
            yield Reason("key", key, _plain(old), _plain(new))
    yield from _paths("deps", {*earlier.deps}, {*stage.deps})
    yield from _paths("outs", {out.path for out in earlier.outs}, {out.path for out in stage.outs})


def _paths(key: str, old: set[str], new: set[str]) -> Iterator[Reason]:
    for path in sorted(old ^ new):
        yield Reason("key", key, path if path in old else None, path if path in new else None)


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _packages(earlier: Stage, stage: Stage, before: State, after: State) -> Iterator[Reason]:
    old, new = (
        {
            name: version
            for param in tracked.params
            if is_packages(param.file)
            for name, version in _values(state.params, param.file, param.key).items()
        }
        for tracked, state in ((earlier, before), (stage, after))
    )
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Reason("package", name, _value(old, name), _value(new, name))


def _params(earlier: Stage, stage: Stage, before: State, after: State) -> Iterator[Reason]:
    yield from _packages(earlier, stage, before, after)
    for param in dict.fromkeys((*earlier.params, *stage.params)):
        if is_packages(param.file):
            continue
        if param not in earlier.params or param not in stage.params:
            name = param.key or param.file
            yield Reason(
                "key", "params", name if param in earlier.params else None, name if param in stage.params else None
            )
            continue
        old, new = (_values(state.params, param.file, param.key) for state in (before, after))
        for key in sorted(old.keys() | new.keys()):
            if old.get(key, _MISSING) != new.get(key, _MISSING):
                name = key if param.file == "params.yaml" else f"{param.file}:{key}"
                yield Reason("param", name, _value(old, key), _value(new, key))


def _values(params: ParamFiles, file: str, key: str | None) -> Mapping[str, Any]:
    content = params.load(file)
    if key is None:
        return {str(name): value for name, value in content.items()} if isinstance(content, dict) else {}
    value = lookup(content, key, _MISSING)
    return {} if value is _MISSING else {key: value}


def _value(values: Mapping[str, Any], key: str) -> str | None:
    return str(values[key]) if key in values else None


def _content(stage: Stage, dep: str, before: Snapshot, after: Snapshot, contents: Contents) -> Iterator[Reason]:
    paths = contents.changed(dep)
    for pointer in (f"{path}.dvc" for path in (dep, *parents(dep))):
        paths += contents.changed(pointer)
    for path in dict.fromkeys(paths):
        if path == dep and posixpath.splitext(path)[1] in RUNNERS:
            yield Reason("code", path, cosmetic=_same_meaning(stage, path, before, after))
        else:
            yield Reason("data", path)


def _same_meaning(stage: Stage, path: str, before: Snapshot, after: Snapshot) -> bool:
    old = before.read(path)
    if old is None or path not in stage.code:
        return False
    return is_same(path, "", stage.code, {path: {"": meaning(path, old, prose=True)}}, after.read)


def _shown(value: str | None) -> str:
    if value is None:
        return "none"
    return value if len(value) <= 60 else f"{value[:57]}..."
