"""`.mlops/lock.json`: which files are ours, and the hash of each as we last wrote it. Committed, so hostile input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..model.diagnostic import Diagnostic
from ..model.snapshot import Snapshot, inside

LOCK = ".mlops/lock.json"
Lock = Mapping[str, str]
"""Hashes by path. Of a file that is ours only in part, the hash is that of our block."""


def digest(text: str) -> str:
    """The hash of a text. Line ends do not count: a checkout on another system may have changed them."""
    return "sha256:" + sha256(text.replace("\r\n", "\n").encode("utf-8", "surrogateescape"))


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def safe(path: str) -> bool:
    """Whether a path may be written or deleted by us: inside the repository, as it is written, and not Git's own."""
    parts = path.split("/")
    return (
        inside(path) and not {"", ".", ".."} & set(parts) and ".git" not in map(str.lower, parts) and "\\" not in path
    )


def lock_text(lock: Lock) -> str:
    """The lock as it is written: a line for each file, sorted, so that Git merges it."""
    import json

    files = {path: lock[path] for path in sorted(lock)}
    return json.dumps({"version": 1, "files": files}, indent=1, ensure_ascii=False) + "\n"


def read_lock(snapshot: Snapshot) -> tuple[Lock, list[Diagnostic]]:
    """The lock as it stands. What in it cannot be trusted is reported and counts for nothing."""
    import json

    raw = snapshot.read(LOCK)
    if raw is None:
        return {}, []
    try:
        data = json.loads(raw)
        files = data["files"]
        if data["version"] != 1 or not isinstance(files, dict):
            raise ValueError("it is of another version")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = "it holds the marks of a Git merge" if b"<<<<<<<" in raw else str(error)
        help_ = f"delete `{LOCK}` and build again; files that are as they would be written stay ours"
        return {}, [Diagnostic("MLC606", f"`{LOCK}` cannot be read: {why}", help=help_)]
    good = {path: value for path, value in files.items() if isinstance(value, str) and safe(path)}
    found = [
        Diagnostic("MLC606", f"`{LOCK}` names `{path}`, which is not ours to touch", help="remove that line")
        for path in files
        if path not in good
    ]
    return good, found
