"""The repository as a value: what the compiler may know of the disk, and a record of what it asked.

Phases take a `Snapshot` and stay pure; tests pass a `Memory`. Paths are relative to the repository root, with
``/`` between the parts, and never lead out of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Protocol

Kind = Literal["file", "dir", "link", "other"]


class Snapshot(Protocol):
    """Read-only knowledge of one repository. A path that leads outside it does not exist for a snapshot."""

    @property
    def here(self) -> str:
        """The path of the root within the Git (or DVC) repository that it lies in; empty where it is the top of it."""

    def kind(self, path: str) -> Kind | None:
        """What ``path`` is, or None when there is nothing. Links inside the repository are followed;
        a link that leads outside is ``link``."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, or None when there is none that can be read."""

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted; empty when it is none. ``""`` is the root."""

    def md5(self, path: str) -> str | None:
        """The MD5 of a regular file's content, in hex, or None when there is none that can be read."""


def inside(path: str) -> bool:
    """Whether a path, as written, stays within the repository: relative, and no ``..`` above the root."""
    if not path or path.startswith(("/", "\\", "~")) or "\0" in path or (len(path) > 1 and path[1] == ":"):
        return False
    depth = 0
    for part in path.replace("\\", "/").split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return False
    return True


class Memory:
    """A snapshot made of a dict from paths to contents, for tests and for trying things out."""

    here = ""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self._children: dict[str, set[str]] = {"": set()}
        for path in self.files:
            parts = path.split("/")
            for depth, name in enumerate(parts):
                self._children.setdefault("/".join(parts[:depth]), set()).add(name)

    def kind(self, path: str) -> Kind | None:
        path = os.path.normpath(path) if path else ""
        if path == ".":
            path = ""
        return "file" if path in self.files else "dir" if path in self._children else None

    def read(self, path: str) -> bytes | None:
        return self.files.get(os.path.normpath(path))

    def list(self, path: str) -> tuple[str, ...]:
        path = os.path.normpath(path) if path else ""
        return tuple(sorted(self._children.get("" if path == "." else path, ())))

    def md5(self, path: str) -> str | None:
        import hashlib

        content = self.read(path)
        return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()


class Disk:
    """The repository at ``root``. ``asked`` collects every path that was looked at, for the no-change test.

    A pipeline in a folder of a Git repository may name files above its folder, as DVC lets it: `..` leads as far as
    the top of that repository, for reading only.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self.asked: set[str] = set()

    def kind(self, path: str) -> Kind | None:
        return self._look(path)[0]

    def read(self, path: str) -> bytes | None:
        kind, full = self._look(path)
        if kind != "file":
            return None
        try:
            with open(full, "rb") as file:
                return file.read()
        except OSError:
            return None

    def list(self, path: str) -> tuple[str, ...]:
        kind, full = ("dir", self.root) if path in ("", ".") else self._look(path)
        if path in ("", "."):
            self.asked.add("")
        try:
            return tuple(sorted(os.listdir(full))) if kind == "dir" else ()
        except OSError:
            return ()

    def md5(self, path: str) -> str | None:
        import hashlib

        kind, full = self._look(path)
        if kind != "file":
            return None
        try:
            with open(full, "rb") as file:
                return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        except OSError:
            return None

    def _look(self, path: str) -> tuple[Kind | None, str]:
        top = self.root
        if not inside(path):
            if (path != ".." and not path.startswith("../")) or "\0" in path:
                return None, ""
            top = self._top()
        path = os.path.normpath(path)
        full = os.path.normpath(f"{self.root}/{path}")
        if full != top and not full.startswith(top + "/"):
            return None, ""
        if "/.git/" not in f"/{path}":  # Git rewrites its index whenever it looks at a file
            self.asked.add(path)
        try:
            mode = os.lstat(full).st_mode
            real = os.path.realpath(full)
            if real != top and not real.startswith(top + "/"):
                return "link", full
            if stat.S_ISLNK(mode):
                mode = os.stat(full).st_mode
        except (OSError, ValueError):
            return None, full
        if stat.S_ISREG(mode):
            return "file", full
        return ("dir" if stat.S_ISDIR(mode) else "other"), full

    @cached_property
    def here(self) -> str:
        """The path of the root within the repository that `_top` finds."""
        return self.root[len(self._top()) + 1 :]

    def _top(self) -> str:
        """The directory of the Git repository that ``root`` is in, of DVC's where there is no Git; else ``root``."""
        folder, of_dvc = self.root, ""
        while not os.path.exists(f"{folder}/.git"):
            if not of_dvc and os.path.isdir(f"{folder}/.dvc"):
                of_dvc = folder
            if (parent := os.path.dirname(folder)) == folder:
                return of_dvc or self.root
            folder = parent
        return folder


def packaged(package: str, file: str) -> bytes | None:
    """The bytes of a data file of an installed package, found without importing the package."""
    from importlib.util import find_spec

    if not package.isidentifier() or not inside(file):
        return None
    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        return None
    for folder in (found.submodule_search_locations or ()) if found else ():
        try:
            with open(os.path.join(folder, file), "rb") as data:
                return data.read()
        except OSError:
            continue
    return None
