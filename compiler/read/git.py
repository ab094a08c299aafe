"""A commit of the Git repository as a snapshot, read from Git's objects: nothing is checked out, and nothing is run but Git.

Only plumbing commands are called, with hooks and file system monitors turned off, since the repository may be somebody else's.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field

from ..model.snapshot import Kind

BASES = ("origin/main", "origin/master", "main", "master")
"""Where the base branch is looked for after `$MLOPS_BASE` and the remote's own default branch."""
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")


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
    mode: str
    name: str


@dataclass(slots=True)
class GitSnapshot:
    """The files of one commit, with paths from the folder ``root`` of the working tree; paths above it start with ``..``."""

    root: str
    commit: str
    prefix: str = ""
    entries: dict[str, _Entry] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)
    _reader: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, root: str, commit: str) -> GitSnapshot:
        """The commit as seen from ``root``. Raises `GitError`."""
        prefix = git(root, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n").rstrip("/")
        listing = git(root, "ls-tree", "-r", "-z", "--full-tree", commit).decode("utf-8", "surrogateescape")
        entries: dict[str, _Entry] = {}
        folders: defaultdict[str, set[str]] = defaultdict(set)
        for line in filter(None, listing.split("\0")):
            about, _, path = line.partition("\t")
            mode, kind, name = about.split(" ")
            if kind == "blob":
                entries[path] = _Entry(mode, name)
            while path:
                path, _, last = path.rpartition("/")
                folders[path].add(last)
        return cls(root, commit, prefix, entries, dict(folders))

    @property
    def here(self) -> str:
        """The path of the folder within the repository."""
        return self.prefix

    def kind(self, path: str) -> Kind | None:
        """What ``path`` is in the commit; a symbolic link counts as one that leads elsewhere."""
        full = self._full(path)
        if full is None:
            return None
        if (entry := self.entries.get(full)) is not None:
            return "link" if entry.mode == "120000" else "file"
        return "dir" if full in self.folders else None

    def read(self, path: str) -> bytes | None:
        """The content of a file in the commit."""
        name = self.entry(path)
        return None if name is None else self._blob(name)

    def size(self, path: str) -> int | None:
        """The size of a file in the commit."""
        content = self.read(path)
        return None if content is None else len(content)

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory of the commit."""
        full = self._full(path)
        return () if full is None else tuple(sorted(self.folders.get(full, ())))

    def md5(self, path: str) -> str | None:
        """The MD5 of a file in the commit."""
        content = self.read(path)
        return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()

    def entry(self, path: str) -> str | None:
        """The name of the object that a file is in the commit, which says whether two commits have the same content."""
        full = self._full(path)
        entry = self.entries.get(full) if full is not None else None
        return entry.name if entry is not None and entry.mode != "120000" else None

    def files(self, path: str) -> dict[str, str]:
        """The files at or below ``path``, each with the name of its object."""
        full = self._full(path)
        if full is None:
            return {}
        below = {
            name: entry
            for name, entry in self.entries.items()
            if name == full or name.startswith(f"{full}/" if full else "")
        }
        return {posixpath.relpath(name, self.prefix or "."): entry.name for name, entry in below.items()}

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

    def _full(self, path: str) -> str | None:
        full = posixpath.normpath(posixpath.join(self.prefix, path))
        return None if full == ".." or full.startswith(("../", "/")) else "" if full == "." else full


@dataclass(frozen=True, slots=True)
class WorkingTreeChanges:
    """How the working tree differs from a commit, file by file; what `.gitignore` hides is left out."""

    base: GitSnapshot

    def changed(self, path: str) -> list[str]:
        """The files at or below ``path`` that were added, removed or changed since the commit, sorted."""
        before = self.base.files(path)
        paths = {*before, *self._present(path)}
        return sorted(name for name in paths if self._content(name) != self._committed(name, before))

    def _present(self, path: str) -> list[str]:
        """The files at or below ``path`` that are tracked, or would be by `git add`."""
        words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(literal){path}")
        listing = git(self.base.root, *words).decode("utf-8", "surrogateescape")
        return [name for name in listing.split("\0") if name]

    def _committed(self, name: str, before: dict[str, str]) -> bytes | None:
        content = self.base.read(name) if name in before else None
        return None if content is None else content.replace(b"\r\n", b"\n")

    def _content(self, name: str) -> bytes | None:
        try:
            with open(os.path.join(self.base.root, name), "rb") as file:
                return file.read().replace(b"\r\n", b"\n")
        except OSError:
            return None
