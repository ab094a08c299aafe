"""Which stages `dvc repro` would run, and why, told from dvc.lock without starting DVC.

Source: DVC 3.67, `Stage.status` in `dvc/stage/__init__.py` and `ParamsDependency.workspace_status` in
`dvc/dependency/param.py`. Like DVC, this compares what a stage has now: a dep or param that is taken out of the spec runs
nothing again. tests/real/test_status.py holds it to `dvc status`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..lower.paths import rooted
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..programs.meaning import is_same
from ..programs.packages import is_packages
from ..read.keys import matches
from ..read.params import ParamFiles
from ..read.yaml import decode, load
from .digests import Digests

LOCK = "dvc.lock"
CODE = ".mlops/code.json"
MAX_CODE = 16 << 20


@dataclass(frozen=True, slots=True)
class Rerun:
    """A stage that would run again, and the reasons; without any, its ``cosmetic`` edits of code are all that changed."""

    stage: str
    reasons: tuple[str, ...]
    cosmetic: tuple[str, ...] = ()


def reruns(project: Project, snapshot: Snapshot, params: ParamFiles) -> list[Rerun]:
    """The stages that are not as dvc.lock has them, and those downstream of them, in order."""
    lock = _lock(snapshot)
    locked = _mapping(lock.get("stages"))
    digests = Digests(snapshot)
    datasets = _Datasets(project, lock)
    versions = _Versions(snapshot)
    found: dict[str, Rerun] = {}
    for stage in project:
        cosmetic: list[str] = []
        reasons = list(_reasons(stage, locked.get(stage.name), digests, params, datasets, versions, cosmetic))
        if not stage.frozen:
            reasons += [
                f"`{name}` runs before it"
                for name in project.dag.parents(stage.name)
                if name in found and found[name].reasons
            ]
        if reasons or cosmetic:
            found[stage.name] = Rerun(stage.name, tuple(reasons), () if reasons else tuple(cosmetic))
    return list(found.values())


def _lock(snapshot: Snapshot) -> Mapping[str, Any]:
    raw = snapshot.read(LOCK)
    if raw is None:
        return {}
    source, problems = decode(LOCK, raw)
    return {} if problems else _mapping(load(source)[0])


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _reasons(
    stage: Stage, locked: Any, digests: Digests, params: ParamFiles, datasets: _Datasets, versions: _Versions,
    cosmetic: list[str],
) -> Iterator[str]:  # fmt: skip
    if stage.always_changed:
        yield "`always_changed` is set"
    elif not stage.deps and not stage.params and not stage.outs:
        yield "it has neither deps nor outs, so DVC runs it every time"
    if not isinstance(locked, dict):
        if stage.outs or ((stage.deps or stage.params) and not stage.frozen):
            yield "it has not run yet"
        return
    here = digests.snapshot.here
    if not _is_same_command(locked.get("cmd"), stage.cmd):
        yield "its command changed"
    if not stage.frozen:
        before = _by_path(stage, locked.get("deps"), here)
        for dep in stage.deps:
            if (why := datasets.differs(dep, before) or digests.dep_differs(dep, before.get(dep))) is not None:
                if versions.is_same(stage, dep, before.get(dep)):
                    cosmetic.append(dep)
                else:
                    yield f"dep `{dep}` {why}"
        yield from _params(stage, _mapping(locked.get("params")), params, here)
    before = _by_path(stage, locked.get("outs"), here)
    for out in stage.outs:
        if (why := digests.out_differs(out.path, before.get(out.path), out.cached)) is not None:
            yield f"out `{out.path}` {why}"


def _is_same_command(locked: Any, now: str | tuple[str, ...]) -> bool:
    return bool(locked == (now if isinstance(now, str) else list(now)))


def _by_path(stage: Stage, items: Any, here: str) -> dict[str, Mapping[str, Any]]:
    return {
        rooted(stage.wdir, str(item.get("path")), here): item
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict)
    }


def _params(stage: Stage, locked: Mapping[Any, Any], params: ParamFiles, here: str) -> Iterator[str]:
    before = {rooted(stage.wdir, str(file), here): values for file, values in locked.items()}
    keys: dict[str, list[str] | None] = {param.file: None for param in stage.params if param.key is None}
    for param in stage.params:
        known = keys.setdefault(param.file, [])
        if known is not None and param.key is not None:
            known.append(param.key)
    for file, named in keys.items():
        content = params.load(file)
        if content is None:
            yield f"the params file `{file}` does not exist"
        elif named is None and not isinstance(before.get(file), dict):
            yield f"the params file `{file}` is new"
        else:
            old = _mapping(before.get(file))
            now = _mapping(content) if named is None else _values(content, named)
            order = [*now, *(key for key in old if key not in now)] if named is None else named
            changed = _changed_package if is_packages(file) else _changed
            yield from (why for key in order if (why := changed(key, file, now, old)) is not None)


def _values(content: Any, keys: list[str]) -> dict[str, Any]:
    return {key: found[0] for key in keys if (found := matches(content, key))}


def _changed(key: Any, file: str, now: Mapping[Any, Any], before: Mapping[Any, Any]) -> str | None:
    """How one param differs. DVC takes a tuple of a Python file for the list that it is in dvc.lock, but none inside of it."""
    if key not in now:
        return f"param `{key}` is no longer in `{file}`"
    if key not in before:
        return f"param `{key}` is new"
    value, old = now[key], before[key]
    if value == old or (isinstance(value, tuple) and list(value) == old):
        return None
    return f"param `{key}` changed from {old} to {value}"


class _Versions:
    """What the versions of code mean that stages ran with, as the runner keeps it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    @cached_property
    def _known(self) -> Mapping[str, Any]:
        size = self.snapshot.size(CODE)
        raw = self.snapshot.read(CODE) if size is not None and size <= MAX_CODE else None
        try:
            return _mapping(json.loads(raw)) if raw is not None else {}
        except (ValueError, RecursionError):
            return {}

    def is_same(self, stage: Stage, dep: str, before: Mapping[str, Any] | None) -> bool:
        """Whether a code file that changed means what it meant when the stage ran."""
        if before is None or dep not in stage.code:
            return False
        return is_same(dep, str(before.get("md5")), stage.code, self._known, self.snapshot.read)


def _changed_package(name: Any, file: str, now: Mapping[Any, Any], before: Mapping[Any, Any]) -> str | None:
    """How the locked version of a package differs."""
    if name in now and name in before and now[name] == before[name]:
        return None
    return f"{name} {before.get(name) or 'none'} -> {now.get(name) or 'none'}"


class _Datasets:
    """The datasets that stages depend on as `ds://NAME`. Source: DVC 3.67, `dvc/repo/datasets.py`."""

    def __init__(self, project: Project, lock: Mapping[str, Any]) -> None:
        self.declared = {str(item.get("name")): item for item in project.dvc.get("datasets") or ()}
        self.locked = {
            str(item.get("name")): item for item in lock.get("datasets") or () if isinstance(item, dict)
        }  # fmt: skip

    def differs(self, dep: str, before: Mapping[str, Mapping[str, Any]]) -> str | None:
        """Why the dataset of a dep is not what the stage has read; None for a dep that is no dataset."""
        if not dep.startswith("ds://"):
            return None
        name = dep.removeprefix("ds://")
        declared, locked = self.declared.get(name), self.locked.get(name)
        if declared is None or locked is None or any(locked.get(key) != value for key, value in declared.items()):
            return "has to be fetched: run `dvc ds update`"
        seen = before.get(dep, {}).get("dataset")
        if seen is None:
            return "is new"
        return None if seen == locked else "changed"
