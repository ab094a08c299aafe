"""`.mlops/lock.json`: the files that mlopsc wrote, each with its hash. It is committed, and therefore untrusted input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import Snapshot, inside

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


def safe(path: str) -> bool:
    """Whether a build may write or delete a path: normalised, inside the repository, and not in `.git`."""
    parts = path.split("/")
    return (
        inside(path) and not {"", ".", ".."} & set(parts) and ".git" not in map(str.lower, parts) and "\\" not in path
    )


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
    trusted = {path: value for path, value in files.items() if isinstance(value, str) and safe(path)}
    return trusted, [FOREIGN_PATH.on(None, lock=LOCK, path=path) for path in files if path not in trusted]
