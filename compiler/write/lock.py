"""`.mlops/lock.json`: the files that mlopsc wrote, each with its hash. It is committed, and therefore untrusted input."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import Snapshot, inside, way_up

LOCK = ".mlops/lock.json"
Lock = Mapping[str, str]
"""Hashes by path. For a file of which only a block is ours, the hash is that of the block."""

UNREADABLE_LOCK = Code(
    "MLC606",
    "error",
    "`{lock}` cannot be read: {problem}",
    help="delete `{lock}` and build again; emitted files without edits remain managed",
)
FOREIGN_PATH = Code(
    "MLC606", "error", "`{lock}` lists `{path}`, which a build must not change", help="remove that line"
)


def digest(text: str) -> str:
    """The hash of a text, independent of line endings, because Git may convert them."""
    return "sha256:" + sha256(text.replace("\r\n", "\n").encode("utf-8", "surrogateescape"))


def sha256(content: bytes) -> str:
    """The SHA-256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def safe(path: str, top: str = "") -> bool:
    """Whether a build may write or delete a path: normalised, inside the project, and not in `.git`; or one of the files that CI
    services read at the root of the Git repository, to which ``top`` leads, such as `../..`."""
    if top and path.startswith(f"{top}/"):
        return is_shared(path[len(top) + 1 :])
    parts = path.split("/")
    return (
        inside(path) and not {"", ".", ".."} & set(parts) and ".git" not in map(str.lower, parts) and "\\" not in path
    )


GITLAB_CI = ".gitlab-ci.yml"
"""GitLab's file, which belongs to the team and all projects of the repository. Only a block in it is ours."""
_OF_PROJECTS = re.compile(r"(?:\.github/workflows|\.gitlab)/mlops(?:-[A-Za-z0-9_.-]+)?\.yml")
_OWNER = re.compile(r"# Made by mlopsc from (?:(.+)/)?mlops\.yaml: edit that")


def is_shared(path: str) -> bool:
    """Whether a path from the root of the Git repository is that of a file which a project in any folder may write."""
    return path == GITLAB_CI or is_of_project(path)


def is_of_project(path: str) -> bool:
    """Whether a path from the root of the Git repository is that of a file of CI that belongs to one project."""
    return _OF_PROJECTS.fullmatch(path) is not None


def owner(content: bytes) -> str | None:
    """The folder of the project that a file of CI belongs to, by its header; None if it has none."""
    for line in content[:4096].decode("utf-8", "replace").splitlines()[:_MARKED_LINES]:
        if (match := _OWNER.match(line)) is not None:
            return match.group(1) or ""
    return None


def other_project(path: str, snapshot: Snapshot) -> str | None:
    """The folder of another project of the Git repository that a file of CI belongs to; None if there is no such project."""
    top = way_up(snapshot.folder)
    if (top and not path.startswith(f"{top}/")) or not is_of_project(path.removeprefix(f"{top}/")):
        return None
    folder = owner(snapshot.read(path) or b"")
    if folder is None or folder == snapshot.folder or not (folder == "" or inside(folder)):
        return None
    spec = posixpath.normpath(posixpath.join(top or ".", folder, "mlops.yaml"))
    return folder if snapshot.kind(spec) == "file" else None


def _anchored(path: str, top: str) -> str:
    """A path of the lock after the project has moved to a folder of another depth."""
    rest = re.sub(r"^(\.\./)+", "", path)
    return posixpath.join(top, rest) if rest != path and is_shared(rest) else path


BEGIN = "# >>> mlopsc: made from mlops.yaml, edit that"
END = "# <<< mlopsc"
MARK = "Made by mlopsc"
"""In the header of every emitted file whose format has comments."""
_MARKED_LINES = 5


def is_marked(path: str, content: bytes) -> bool:
    """Whether a file shows that mlopsc wrote it: by its header, by our block, or because it is one of the files in `.mlops`.

    The lock alone does not prove that: it is committed, and may name a file of the user.
    """
    if path.startswith(".mlops/scripts/") or (path.startswith(".mlops/") and path.endswith(".json")):
        return True
    lines = content[:4096].decode("utf-8", "replace").splitlines()[:_MARKED_LINES]
    return any(MARK in line or line == BEGIN for line in lines)


def lock_text(lock: Lock) -> str:
    """The text of the lock: one line for each file, sorted, so that Git can merge it."""
    files = {path: lock[path] for path in sorted(lock)}
    return json.dumps({"version": 1, "files": files}, indent=1, ensure_ascii=False) + "\n"


def read_lock(snapshot: Snapshot) -> tuple[Lock, list[Diagnostic]]:
    """The lock of the repository. Entries that cannot be trusted are reported and ignored."""
    raw = snapshot.read(LOCK)
    if raw is None:
        return {}, []
    try:
        data = json.loads(raw)
        files = data["files"]
        if data["version"] != 1 or not isinstance(files, dict):
            raise ValueError("its version is unknown")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problem = "it contains the conflict markers of a Git merge" if b"<<<<<<<" in raw else str(error)
        return {}, [UNREADABLE_LOCK.on(None, lock=LOCK, problem=problem)]
    top = way_up(snapshot.folder)
    files = {_anchored(path, top): value for path, value in files.items()}
    trusted = {path: value for path, value in files.items() if isinstance(value, str) and safe(path, top)}
    return trusted, [FOREIGN_PATH.on(None, lock=LOCK, path=path) for path in files if path not in trusted]
