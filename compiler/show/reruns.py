"""The stages that `dvc repro` would run, and why, determined from dvc.lock without starting DVC.

Source of the format of the lock and of the hashes: DVC 3.67, `dvc/lockfile.py`, `dvc_data/hashfile/tree.py` (the hash of a
directory is the MD5 of the hashes and paths of its files as JSON, sorted by path). tests/real/test_rerun.py compares the result
with `dvc status`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles, lookup
from ..read.yaml import decode, load
from ..resolve.commands import as_list

LOCK = "dvc.lock"


@dataclass(frozen=True, slots=True)
class Rerun:
    """A stage that would run again, with the reasons."""

    stage: str
    reasons: tuple[str, ...]


def reruns(project: Project, snapshot: Snapshot, params: ParamFiles) -> list[Rerun]:
    """The stages that differ from dvc.lock, and those downstream of them, in order."""
    locked = _locked(snapshot)
    digests = _Digests(snapshot)
    reruns: dict[str, Rerun] = {}
    for stage in project:
        if stage.frozen:
            continue
        reasons = list(_reasons(stage, locked.get(stage.name), digests, params))
        reasons += [f"`{name}` runs before it" for name in project.dag.parents(stage.name) if name in reruns]
        if reasons:
            reruns[stage.name] = Rerun(stage.name, tuple(reasons))
    return list(reruns.values())


def _locked(snapshot: Snapshot) -> dict[str, Any]:
    raw = snapshot.read(LOCK)
    if raw is None:
        return {}
    source, problems = decode(LOCK, raw)
    data = None if problems else load(source)[0]
    stages = data.get("stages") if isinstance(data, dict) else None
    return stages if isinstance(stages, dict) else {}


def _reasons(stage: Stage, locked: Any, digests: _Digests, params: ParamFiles) -> Iterator[str]:
    if not isinstance(locked, dict):
        yield "it has not run yet"
        return
    if stage.always_changed:
        yield "`always_changed` is set"
    if as_list(locked.get("cmd")) != [command.text for command in stage.commands]:
        yield "its command changed"
    yield from _changed("dep", stage.wdir, locked.get("deps"), {path: path for path in stage.deps}, digests)
    yield from _params(stage, locked.get("params") or {}, params)
    yield from _changed("out", stage.wdir, locked.get("outs"), {out.path: out.path for out in stage.outs}, digests)


def _changed(word: str, wdir: str, locked: Any, now: dict[str, str], digests: _Digests) -> Iterator[str]:
    before = {_rooted(wdir, str(item.get("path"))): item for item in locked or () if isinstance(item, dict)}
    for path in now:
        if "://" in path:
            continue
        if path not in before:
            yield f"{word} `{path}` is new"
        elif (difference := digests.differs(path, before[path])) is not None:
            yield f"{word} `{path}` {difference}"
    for path in before:
        if path not in now:
            yield f"{word} `{path}` is no longer one of its {word}s"


def _rooted(wdir: str, path: str) -> str:
    return path if "://" in path else posixpath.normpath(posixpath.join(wdir, path))


def _params(stage: Stage, locked: Any, params: ParamFiles) -> Iterator[str]:
    before = {
        (_rooted(stage.wdir, file), key): value
        for file, values in (locked.items() if isinstance(locked, dict) else ())
        for key, value in (values.items() if isinstance(values, dict) else ())
    }
    whole = {param.file for param in stage.params if param.key is None}
    for param in stage.params:
        if param.key is None:
            continue
        value = lookup(params.load(param.file), param.key)
        if (param.file, param.key) not in before:
            yield f"param `{param.key}` is new"
        elif before[param.file, param.key] != value:
            yield f"param `{param.key}` changed from {before[param.file, param.key]} to {value}"
    named = {(param.file, param.key) for param in stage.params}
    for file, key in before:
        if file in whole:
            if before[file, key] != lookup(params.load(file), key):
                yield f"param `{key}` of {file} changed"
        elif (file, key) not in named:
            yield f"param `{key}` is no longer one of its params"


class _Digests:
    """Hashes of the current content of paths, compared with the lock; each path is hashed once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._hashes: dict[str, str | None] = {}

    def differs(self, path: str, locked: dict[str, Any]) -> str | None:
        """How ``path`` differs from the lock, or None if it is equal (or if only DVC can determine it)."""
        kind = self.snapshot.kind(path)
        if kind is None:
            return "does not exist"
        expected = locked.get("md5")
        if expected is None or locked.get("hash") != "md5":
            return None  # an out that DVC does not hash, or a hash of DVC 2 that only DVC computes
        if path not in self._hashes:
            self._hashes[path] = self._directory(path) if kind == "dir" else self.snapshot.md5(path)
        return None if self._hashes[path] == expected else "changed"

    def _directory(self, path: str) -> str:
        import hashlib
        import json

        entries = [
            {"md5": self.snapshot.md5(file), "relpath": file[len(path) + 1 :]} for file in _files(self.snapshot, path)
        ]
        entries.sort(key=lambda entry: entry["relpath"] or "")
        text = json.dumps(entries, sort_keys=True)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def _files(snapshot: Snapshot, path: str) -> Iterator[str]:
    for name in snapshot.list(path):
        inner = f"{path}/{name}"
        if snapshot.kind(inner) == "dir":
            yield from _files(snapshot, inner)
        else:
            yield inner
