"""The other dvc.yaml files of the repository: what their stages write, as seen from this one."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from ..model.snapshot import Snapshot
from .yaml import decode, load

FILE = "dvc.yaml"
MAX_FOLDERS = 5_000
"""Limit for the directories that are looked at."""
_LEFT_OUT = frozenset([".git", ".venv", "venv", "node_modules", ".mlops", "__pycache__", ".tox", ".dvc"])


class OtherPipelines:
    """Answers whether a stage of another dvc.yaml writes a path. They are read when first asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._outs: list[re.Pattern[str]] | None = None

    def write(self, path: str) -> bool:
        """Whether one of them writes ``path``, something in it, or a directory that it lies in."""
        if self._outs is None:
            self._outs = [_pattern(self._full(out)) for file in self._files() for out in outs_of(self.snapshot, file)]
        full = self._full(path)
        return any(pattern.match(full) for pattern in self._outs) or any(
            pattern.pattern.startswith(re.escape(f"{full}/")) for pattern in self._outs
        )

    def _full(self, path: str) -> str:
        """A path from the top of the repository."""
        return posixpath.normpath(posixpath.join(self.snapshot.here, path))

    def _files(self) -> Iterator[str]:
        waiting = [posixpath.relpath("/", f"/{self.snapshot.here}")]
        for _ in range(MAX_FOLDERS):
            if not waiting:
                return
            folder = waiting.pop(0)
            for name in self.snapshot.list("" if folder == "." else folder):
                path = posixpath.normpath(posixpath.join(folder, name))
                if name == FILE and path != FILE:
                    yield path
                elif name not in _LEFT_OUT and "." not in name and self.snapshot.kind(path) == "dir":
                    waiting.append(path)


def outs_of(snapshot: Snapshot, file: str) -> Iterator[str]:
    """The outs, metrics and plots of the stages in a dvc.yaml, templates intact, from the root of ``snapshot``."""
    source, problems = decode(file, snapshot.read(file) or b"")
    data = None if problems else load(source)[0]
    stages = data.get("stages") if isinstance(data, dict) else None
    for body in stages.values() if isinstance(stages, dict) else ():
        body = body.get("do", body) if isinstance(body, dict) else {}
        wdir = posixpath.join(posixpath.dirname(file), str((isinstance(body, dict) and body.get("wdir")) or "."))
        for path in _paths(body if isinstance(body, dict) else {}):
            yield posixpath.normpath(posixpath.join(wdir, path))


def _paths(body: dict[str, Any]) -> Iterator[str]:
    for key in ("outs", "metrics", "plots"):
        items = body.get(key)
        for item in items if isinstance(items, list) else ():
            yield from map(str, item if isinstance(item, dict) else [item])


def _pattern(path: str) -> re.Pattern[str]:
    """What a path with templates can be, and all below it."""
    words = re.split(r"\$\{[^}]*\}", path)
    return re.compile("[^/]*".join(map(re.escape, words)) + r"(?:/|\Z)")
