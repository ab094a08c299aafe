"""A copy of the files of a repository while stages run, to put back what a failed run changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ..write.signals import paired, undisturbed

LIMIT = 1 << 30
"""Bytes that are copied at most; larger files are left out first."""

SKIPPED = frozenset({".git", ".mlops", "__pycache__", "node_modules"})
ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
"""Each marks a folder as an environment of Python or conda."""


@dataclass(slots=True)
class Backup:
    """The files before the run. ``unprotected`` are those that were too large to copy."""

    root: str
    home: str
    before: dict[str, tuple[int, int]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    unprotected: tuple[str, ...] = ()

    def copy(self, limit: int = LIMIT) -> None:
        """Copy the files, the smallest first, up to the limit and half of the free space."""
        room = min(limit, shutil.disk_usage(self.home).free // 2)
        left_out: list[str] = []
        for path, status in sorted(self._files(), key=lambda item: item[1].st_size):
            self.before[path] = _state(status)
            room -= status.st_size
            if room < 0:
                left_out.append(path)
            else:
                target = f"{self.home}/{path}"
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(f"{self.root}/{path}", target, follow_symlinks=False)
        self.unprotected = tuple(left_out)

    def restore(self, written: Collection[str]) -> list[str]:
        """Put back what changed, and remove what is new among ``written``. Returns what cannot be put back."""
        lost: list[str] = []
        with undisturbed():
            for path in written:
                if path not in self.before:
                    with suppress(OSError):
                        os.remove(f"{self.root}/{path}")
            for path, state in self.before.items():
                if self._is_changed(path, state) and not self._put_back(path):
                    lost.append(path)
            self._remove_new_folders()
        return lost

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        for folder, names, files in os.walk(self.root):
            here = os.path.relpath(folder, self.root)
            prefix = "" if here == "." else f"{here}/"
            names[:] = [name for name in names if self._is_kept(f"{prefix}{name}")]
            self.folders.update(prefix + name for name in names)
            links = [name for name in names if os.path.islink(os.path.join(folder, name))]
            for name in [*files, *links]:
                with suppress(OSError):
                    status = os.lstat(os.path.join(folder, name))
                    if os.path.islink(os.path.join(folder, name)) or os.path.isfile(os.path.join(folder, name)):
                        yield prefix + name, status

    def _is_kept(self, folder: str) -> bool:
        if os.path.basename(folder) in SKIPPED or folder in (".dvc/cache", ".dvc/tmp"):
            return False
        return not any(os.path.exists(f"{self.root}/{folder}/{mark}") for mark in ENVIRONMENT_MARKS)

    def _is_changed(self, path: str, state: tuple[int, int]) -> bool:
        try:
            return _state(os.lstat(f"{self.root}/{path}")) != state
        except OSError:
            return True

    def _put_back(self, path: str) -> bool:
        copy, target = f"{self.home}/{path}", f"{self.root}/{path}"
        if not os.path.lexists(copy):
            return False
        with suppress(OSError):
            os.remove(target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(copy, target, follow_symlinks=False)
        return True

    def _remove_new_folders(self) -> None:
        for folder, names, _ in os.walk(self.root, topdown=True):
            names[:] = [n for n in names if self._is_kept(os.path.relpath(os.path.join(folder, n), self.root))]
            for name in [*names]:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.root) not in self.folders and not os.path.islink(path):
                    names.remove(name)
                    _remove_if_empty(path)


def _remove_if_empty(path: str) -> None:
    """Remove a folder that contains nothing but folders."""
    for folder, _, _ in os.walk(path, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


@contextmanager
def backup(root: str) -> Iterator[Backup]:
    """A backup of ``root``, removed afterwards."""
    state = f"{root}/.mlops/state"
    os.makedirs(state, exist_ok=True)
    with paired(lambda: tempfile.mkdtemp(dir=state), lambda home: shutil.rmtree(home, ignore_errors=True)) as home:
        copy = Backup(root, home)
        copy.copy()
        yield copy
