"""A commit of the Git repository as a snapshot, read from Git's objects: nothing is checked out, and nothing is run but Git.

Only plumbing commands are called, with hooks and file system monitors turned off, since the repository may be somebody else's.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import subprocess
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..model.snapshot import Kind

BASES = ("origin/main", "origin/master", "main", "master")
"""Where the base branch is looked for after `$MLOPS_BASE` and the remote's own default branch."""
_SYMLINK = "120000"
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
         "-c", "safe.bareRepository=explicit")  # fmt: skip


class GitError(Exception):
    """Git cannot answer: it is not installed, this is no repository, or there is no such commit."""


def git(root: str, *words: str) -> bytes:
    """What a command of Git prints. Raises `GitError` with what Git says."""
    try:
        done = subprocess.run(_command(root, *words), capture_output=True, env=_environment(), check=False)
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror}") from None
    if done.returncode:
        raise GitError(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0] or "git failed")
    return done.stdout


def _command(root: str, *words: str) -> list[str]:
    return ["git", "-C", root, *_SAFE, *words]


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}


def commit_of(root: str, revision: str) -> str:
    """The full hash of the commit that a revision names. Raises `GitError`."""
    words = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    try:
        return git(root, *words).decode().strip()
    except GitError:
        raise GitError(f"there is no commit `{revision}`") from None


def base_commit(root: str, revision: str | None) -> str:
    """The commit to compare with: the one named, else where this branch left the base branch. Raises `GitError`."""
    git(root, "rev-parse", "--git-dir")
    if revision is not None:
        return commit_of(root, revision)
    named = os.environ.get("MLOPS_BASE")
    if named:
        return commit_of(root, named)
    try:
        default = [git(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD").decode().strip()]
    except GitError:
        default = []
    for name in (*default, *BASES):
        try:
            return git(root, "merge-base", "HEAD", commit_of(root, name)).decode().strip()
        except GitError:
            continue
    return commit_of(root, "HEAD")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of a commit: its mode, the name of its object, and its size in bytes where Git tells it."""

    mode: str
    name: str
    size: int | None


@dataclass(slots=True)
class GitSnapshot:
    """The files of one commit, with paths from the folder ``root`` of the working tree; paths above it start with ``..``.

    ``entries`` and ``folders`` are by path from the top of the repository, where ``prefix`` is the folder.
    """

    root: str
    commit: str
    prefix: str
    entries: Mapping[str, _Entry]
    folders: Mapping[str, set[str]]
    _reader: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, root: str, commit: str) -> GitSnapshot:
        """The commit as seen from ``root``. Raises `GitError`."""
        prefix = git(root, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n").rstrip("/")
        listing = git(root, "ls-tree", "-r", "-l", "-z", "--full-tree", commit).decode("utf-8", "surrogateescape")
        entries: dict[str, _Entry] = {}
        folders: defaultdict[str, set[str]] = defaultdict(set)
        for line in filter(None, listing.split("\0")):
            about, _, path = line.partition("\t")
            mode, kind, name, size = about.split()
            if kind == "blob":
                entries[path] = _Entry(mode, name, int(size) if size.isdigit() else None)
            while path:
                path, _, last = path.rpartition("/")
                folders[path].add(last)
        return cls(root, commit, prefix, entries, dict(folders))

    @property
    def here(self) -> str:
        """The path of the folder within the repository."""
        return self.prefix

    @property
    def folder(self) -> str:
        """The same: the repository is Git's."""
        return self.prefix

    def kind(self, path: str) -> Kind | None:
        """What ``path`` is in the commit; a symbolic link counts as one that leads elsewhere."""
        full = self.full(path)
        if full in self.entries:
            return "file" if self._file(path) is not None else "link"
        return "dir" if full in self.folders else None

    def read(self, path: str) -> bytes | None:
        """The content of a file in the commit."""
        file = self._file(path)
        return None if file is None else self._blob(file.name)

    def size(self, path: str) -> int | None:
        """The size of a file in the commit."""
        file = self._file(path)
        return None if file is None else file.size

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory of the commit."""
        return tuple(sorted(self.folders.get(self.full(path), ())))

    def md5(self, path: str) -> str | None:
        """The MD5 of a file in the commit."""
        content = self.read(path)
        return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()

    def close(self) -> None:
        """End the process that reads objects."""
        if self._reader is not None:
            self._reader.communicate()
            self._reader = None

    def _blob(self, name: str) -> bytes:
        if self._reader is None:
            words = _command(self.root, "cat-file", "--batch")
            self._reader = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
            )
        stdin, stdout = self._reader.stdin, self._reader.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{name}\n".encode())
        stdin.flush()
        header = stdout.readline().split()
        if len(header) != 3:
            raise GitError(f"the object {name} is not in this clone")
        content = stdout.read(int(header[2]))
        stdout.read(1)
        return content

    def _file(self, path: str) -> _Entry | None:
        entry = self.entries.get(self.full(path))
        return None if entry is None or entry.mode == _SYMLINK else entry

    def full(self, path: str) -> str:
        """A path from the top of the repository, where the top is the empty text; outside of it, one that is not there."""
        full = posixpath.normpath(posixpath.join(self.prefix, path))
        return "" if full == "." else full


@dataclass(frozen=True)
class WorkingTreeChanges:
    """How the working tree differs from a commit, file by file; what `.gitignore` hides is left out."""

    base: GitSnapshot
    _known: dict[str, list[str]] = field(default_factory=dict, init=False)
    """What was asked for already: many stages depend on the same code."""

    @cached_property
    def _paths(self) -> list[str]:
        """The files of the commit, those that are tracked and those that `git add` would track, from the top; sorted."""
        words = ("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--", ":/")
        listing = git(self.base.root, *words).decode("utf-8", "surrogateescape")
        return sorted({*self.base.entries, *filter(None, listing.split("\0"))})

    def changed(self, path: str) -> list[str]:
        """The files at or below ``path`` that were added, removed or changed since the commit, sorted."""
        full = self.base.full(path)
        if full not in self._known:
            names = (posixpath.relpath(name, self.base.prefix or ".") for name in self._at_or_below(full))
            self._known[full] = [name for name in names if self._present(name) != _plain(self.base.read(name))]
        return list(self._known[full])

    def _at_or_below(self, full: str) -> Iterator[str]:
        if full in self.base.entries or not full:
            yield from [full] if full else self._paths
            return
        for name in self._paths[bisect_left(self._paths, full) :]:
            if name == full or name.startswith(f"{full}/"):
                yield name
            elif not name.startswith(full):
                return

    def _present(self, name: str) -> bytes | None:
        try:
            with open(os.path.join(self.base.root, name), "rb") as file:
                return _plain(file.read())
        except OSError:
            return None


def _plain(content: bytes | None) -> bytes | None:
    """A content whose line ends do not depend on the checkout."""
    return None if content is None else content.replace(b"\r\n", b"\n")
