"""The repository as a value: the only access of the compiler to the disk.

Phases take a `Snapshot`; tests pass a `Memory`. Paths are relative to the root of the repository, with ``/`` between the parts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Protocol

MAX_READ = 256 << 20
"""Bytes of a file that is read as a whole. A file of data that is named like a spec must not exhaust the memory."""
TOO_LARGE = f"it is larger than {MAX_READ >> 20} MiB, or its permissions forbid it"

Kind = Literal["file", "dir", "link", "other"]


class Snapshot(Protocol):
    """Read-only access to one repository. Paths outside of it do not exist."""

    @property
    def here(self) -> str:
        """The path of the root within the Git (or DVC) repository that it lies in; empty where it is the top of it."""

    @property
    def folder(self) -> str:
        """The path of the root within its Git repository; empty at the top of it, and outside of any."""

    def kind(self, path: str) -> Kind | None:
        """The kind of a path, or None if it does not exist. Links inside the repository are followed; a link that leads
        outside is a ``link``."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, or None if it cannot be read."""

    def size(self, path: str) -> int | None:
        """The size of a regular file in bytes, or None when there is none."""

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted; empty if it is not a directory. ``""`` is the root."""

    def md5(self, path: str) -> str | None:
        """The MD5 of a regular file, in hex, or None if it cannot be read."""


def inside(path: str) -> bool:
    """Whether a path, as written, stays inside the repository: it is relative, and no ``..`` leads above the root."""
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
    """A snapshot of a dict from paths to contents, for tests. ``folder`` is the path of its root within the Git repository."""

    def __init__(self, files: Mapping[str, str | bytes], folder: str = "") -> None:
        self.here = self.folder = folder
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

    def size(self, path: str) -> int | None:
        content = self.read(path)
        return None if content is None else len(content)

    def list(self, path: str) -> tuple[str, ...]:
        path = os.path.normpath(path) if path else ""
        return tuple(sorted(self._children.get("" if path == "." else path, ())))

    def md5(self, path: str) -> str | None:
        import hashlib

        content = self.read(path)
        return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()


class Disk:
    """The repository at ``root``. ``asked`` collects every path that was accessed, for `write.unchanged`.

    As in DVC, a pipeline in a folder of a Git repository may read files above its folder, up to the root of that repository.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self.asked: set[str] = set()
        self._folders: dict[str, str] = {}

    def kind(self, path: str) -> Kind | None:
        return self._look(path)[0]

    def read(self, path: str) -> bytes | None:
        kind, full = self._look(path)
        if kind != "file":
            return None
        try:
            with open(full, "rb") as file:
                return file.read() if os.fstat(file.fileno()).st_size <= MAX_READ else None
        except OSError:
            return None

    def size(self, path: str) -> int | None:
        kind, full = self._look(path)
        try:
            return os.stat(full).st_size if kind == "file" else None
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
            real = os.path.realpath(full) if stat.S_ISLNK(mode) else self._real(full)
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

    @cached_property
    def folder(self) -> str:
        """The path of the root within the Git repository that contains it."""
        folder = folder_in_git(self.root)
        for depth in range(len(folder.split("/")) if folder else 0):
            self.asked.add("../" * depth + ".git")  # a repository that begins here later is another one
        return folder

    def _real(self, path: str) -> str:
        """Where a path really is that is no link itself. Each folder is looked at once."""
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder or "/").rstrip("/")
        return f"{self._folders[folder]}/{name}"

    def _top(self) -> str:
        """The root of the Git repository that contains ``root``, or else of the DVC repository, or else ``root``."""
        if (git_root := find_git_root(self.root)) is not None:
            return git_root
        folder = self.root
        while not os.path.isdir(f"{folder}/.dvc"):
            if (parent := os.path.dirname(folder)) == folder:
                return self.root
            folder = parent
        return folder


def find_git_root(folder: str) -> str | None:
    """The root of the Git repository that contains a folder, whose path has no links; None if there is none.

    `.git` is a file in a worktree and in a submodule.
    """
    while not os.path.exists(f"{folder}/.git"):
        if (parent := os.path.dirname(folder)) == folder:
            return None
        folder = parent
    return folder


def folder_in_git(root: str) -> str:
    """The path of a folder within the Git repository that contains it; empty at the top of it, and outside of any."""
    root = os.path.realpath(root)
    git_root = find_git_root(root)
    return "" if git_root is None else os.path.relpath(root, git_root) if git_root != root else ""


def way_up(folder: str) -> str:
    """The path from a folder of the Git repository to its top, such as `../..`; empty for the top itself."""
    return "/".join([".."] * len(folder.split("/"))) if folder else ""


def packaged(package: str, file: str) -> bytes | None:
    """The bytes of a data file of an installed package, without importing the package."""
    from importlib.util import find_spec

    if not package.isidentifier() or not inside(file):
        return None
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        try:
            with open(os.path.join(folder, file), "rb") as data:
                return data.read()
        except OSError:
            continue
    return None
