"""Applying a plan: all files of a build are written, or none, even if the process is killed.

New contents are first written to `.mlops/state/txn` and synced. One rename then puts the journal in place; from that moment
the build counts as done. After that the files are moved to their paths. `recover`, which every command runs first, completes a
build that was killed in between.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import find_git_root, folder_in_git, way_up
from .file_lock import BINARY, NO_BLOCK, NO_FOLLOW, try_lock
from .lock import is_marked, safe, sha256
from .plan import Change, Plan
from .unchanged import STATE

WRITES_ELSEWHERE = Code(
    "MLC605", "error", "`{path}` is a link or is not a path that a build may write", help="move the link away"
)
STATE_ELSEWHERE = Code(
    "MLC605", "error", "`{path}` is a link to another place", help="remove the link; mlopsc creates `{state}` itself"
)
PLAN_WITH_CONFLICTS = Code(
    "MLC609", "error", "a plan with conflicts cannot be applied", help="resolve the conflicts first"
)
OTHER_BUILD = Code("MLC610", "error", "another build is running in this repository", help="wait until it ends")
CHANGED_MEANWHILE = Code(
    "MLC611", "error", "`{path}` changed during the build; nothing was changed", help="build again"
)
EDITED_AFTER_CRASH = Code(
    "MLC611", "warning", "`{path}` was edited after a build was interrupted; it was not overwritten", help="build again"
)
CANNOT_WRITE = Code(
    "MLC612",
    "error",
    "the files cannot be written: {problem}; nothing was changed",
    help="free some space, or correct the permissions, and build again",
)
CANNOT_COMPLETE = Code(
    "MLC612",
    "error",
    "the build could not be completed: {problem}; the next build completes it",
    help="correct the problem and build again",
)
READ_ONLY = Code("MLC612", "error", "`{path}` is read-only; nothing was changed", help="chmod u+w {path}")
READ_ONLY_FOLDER = Code("MLC612", "error", "`{path}` is not writable", help="chmod u+w {path}")
BACKUP_EXISTS = Code(
    "MLC613",
    "error",
    "`{path}.orig` already exists, from an earlier build",
    help="move it away, so that it is not lost",
)

TXN = f"{STATE}/txn"
JOURNAL = f"{STATE}/journal.json"
BUILD_LOCK = f"{STATE}/lock"
PATIENCE = 30.0
"""Seconds to wait for another build in the same repository."""


def apply(plan: Plan, root: str, patience: float = PATIENCE) -> list[Diagnostic]:
    """Apply a plan completely, or change nothing and return the reason."""
    if any(change.action == "conflict" for change in plan.changes):
        return [PLAN_WITH_CONFLICTS.on(None)]
    if not plan.writes:
        return []
    try:
        with _build_lock(root, patience) as busy, _shared_lock(plan, root, patience) as busy_above:
            return [problem for problem in (busy, busy_above) if problem is not None] or _apply(plan, root)
    except OSError as error:
        return [CANNOT_WRITE.on(None, problem=_problem(error, error.filename))]


def _problem(error: OSError, path: str | None) -> str:
    return f"{error.strerror or error}" + (f": `{path}`" if path else "")


def _apply(plan: Plan, root: str) -> list[Diagnostic]:
    for change in plan.writes:
        if (problem := _obstacle(change, root)) is not None:
            return [problem]
    txn = f"{root}/{TXN}"
    _forget(txn)
    try:
        os.mkdir(txn)
        entries = [_staged(change, index, root) for index, change in enumerate(plan.writes)]
        for change in plan.writes:
            os.makedirs(os.path.dirname(f"{root}/{change.path}"), exist_ok=True)
        _sync_folder(txn)
        journal = json.dumps({"version": 1, "folder": os.stat(txn).st_ino, "entries": entries}).encode()
        _write_synced(f"{txn}/journal", journal, 0o600)
        os.replace(f"{txn}/journal", f"{root}/{JOURNAL}")  # from here on the build counts as done
    except OSError as error:
        _forget(txn)
        return [CANNOT_WRITE.on(None, problem=_problem(error, error.filename))]
    _sync_folder(f"{root}/{STATE}")
    return _completed(root)


def _obstacle(change: Change, root: str) -> Diagnostic | None:
    """Why a change cannot be applied: the disk differs from what the plan saw, or must not be changed."""
    if not safe(change.path, way_up(folder_in_git(root))) or _crosses_link(change.path, root):
        return WRITES_ELSEWHERE.on(None, path=change.path)
    full = f"{root}/{change.path}"
    if _content(full) not in (change.old, change.new):  # another build may have written the same content
        return CHANGED_MEANWHILE.on(None, path=change.path)
    if change.old is not None and os.path.exists(full) and not os.stat(full).st_mode & stat.S_IWUSR:
        return READ_ONLY.on(None, path=change.path)
    if change.backup and os.path.lexists(f"{full}.orig"):
        return BACKUP_EXISTS.on(None, path=change.path)
    parent = os.path.dirname(full)
    while not os.path.lexists(parent):
        parent = os.path.dirname(parent)
    if not os.access(parent, os.W_OK | os.X_OK):
        return READ_ONLY_FOLDER.on(None, path=os.path.relpath(parent, root))
    return None


def _crosses_link(path: str, root: str) -> bool:
    parts = path.split("/")
    return any(os.path.islink(f"{root}/{'/'.join(parts[:depth])}") for depth in range(1, len(parts) + 1))


def _content(full: str) -> bytes | None:
    """The content of a regular file; None if there is none. A pipe is not opened, because that would wait for a writer."""
    try:
        if not stat.S_ISREG(os.stat(full).st_mode):
            return None
        with open(full, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _staged(change: Change, index: int, root: str) -> dict[str, Any]:
    """Write the new content to the transaction folder; returns the journal's entry."""
    entry: dict[str, Any] = {"path": change.path, "old": _hash(change.old), "new": _hash(change.new)}
    if change.backup:
        entry["backup"] = True
    if change.new is not None:
        full = f"{root}/{change.path}"
        mode = stat.S_IMODE(os.stat(full).st_mode) if os.path.exists(full) else 0o666 & ~_umask()
        if change.executable:
            mode |= (mode & 0o444) >> 2
        entry["staged"] = str(index)
        _write_synced(f"{root}/{TXN}/{index}", change.new, mode)
    return entry


def _hash(content: bytes | None) -> str | None:
    return None if content is None else sha256(content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_synced(full: str, content: bytes, mode: int) -> None:
    descriptor = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if hasattr(os, "fchmod"):  # Windows has it since Python 3.13
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _forget(txn: str) -> None:
    """Remove the transaction folder; what cannot be removed now is removed by the next build."""
    with suppress(OSError):
        for name in os.listdir(txn):
            os.unlink(f"{txn}/{name}")
        os.rmdir(txn)


def _sync_folder(full: str) -> None:
    with suppress(OSError):  # not every file system can sync a folder
        descriptor = os.open(full, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def recover(root: str, patience: float = PATIENCE) -> list[Diagnostic]:
    """Complete a build that was interrupted after its journal was in place; discard one that was interrupted before."""
    if not os.path.isdir(f"{root}/{STATE}") or not (
        os.path.lexists(f"{root}/{JOURNAL}") or os.path.lexists(f"{root}/{TXN}")
    ):
        return []
    try:
        with _build_lock(root, patience) as busy:
            if busy is not None:
                return [busy]
            if os.path.lexists(f"{root}/{JOURNAL}"):
                return _completed(root)
            _forget(f"{root}/{TXN}")
            return []
    except OSError as error:
        return [CANNOT_WRITE.on(None, problem=_problem(error, error.filename))]


def _completed(root: str) -> list[Diagnostic]:
    try:
        return _roll_forward(root)
    except OSError as error:
        return [CANNOT_COMPLETE.on(None, problem=_problem(error, error.filename2 or error.filename))]


def _roll_forward(root: str) -> list[Diagnostic]:
    """Apply the entries of the journal that are not applied yet. The journal may be hostile, so everything in it is checked."""
    diagnostics: list[Diagnostic] = []
    folders: set[str] = set()
    for entry in _entries(root):
        path = entry["path"]
        full = f"{root}/{path}"
        current = _hash(_content(full)) if not os.path.isdir(full) else "folder"
        if current != entry["new"] and current != entry["old"]:
            diagnostics.append(EDITED_AFTER_CRASH.on(None, path=path))
        elif current != entry["new"]:
            _move(entry, root, full)
            folders.add(os.path.dirname(full))
    for folder in folders:
        _sync_folder(folder)
    os.unlink(f"{root}/{JOURNAL}")
    _forget(f"{root}/{TXN}")
    return diagnostics


def _move(entry: dict[str, Any], root: str, full: str) -> None:
    if entry.get("backup") and not os.path.lexists(f"{full}.orig"):
        os.link(full, f"{full}.orig")
    if entry["new"] is None:
        os.unlink(full)
        with suppress(OSError):  # only folders that are empty now are removed
            os.removedirs(os.path.dirname(full)) if os.path.dirname(full) != root else None
    else:
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.replace(f"{root}/{TXN}/{entry['staged']}", full)


def _entries(root: str) -> Iterator[dict[str, Any]]:
    """The entries of the journal that may be carried out. A journal that came with the repository, such as a committed one, has
    none: it does not know the number that the file system gave to the transaction folder."""
    top = way_up(folder_in_git(root))
    try:
        journal = json.loads(_content(f"{root}/{JOURNAL}") or b"")
        entries = journal["entries"] if journal["folder"] == os.stat(f"{root}/{TXN}").st_ino else ()
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not isinstance(path := entry.get("path"), str):
            continue
        if (
            not safe(path, top)
            or _crosses_link(path, root)
            or not all(_is_hash(entry.get(key)) for key in ("old", "new"))
        ):
            continue
        if entry["new"] is None and not entry.get("backup") and not is_marked(path, _content(f"{root}/{path}") or b""):
            continue
        if entry["new"] is not None:  # a file that is no longer staged was moved before the interruption
            staged = entry.get("staged")
            content = _content(f"{root}/{TXN}/{staged}") if re.fullmatch("[0-9]{1,9}", str(staged)) else None
            if _hash(content) != entry["new"]:
                continue
        yield entry


def _is_hash(value: object) -> bool:
    return value is None or (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None)


@contextmanager
def _build_lock(root: str, patience: float) -> Iterator[Diagnostic | None]:
    """Hold the build lock of the repository; yields a diagnostic if another build holds it too long."""
    state = f"{root}/{STATE}"
    for path in (TXN, JOURNAL, BUILD_LOCK):
        if _crosses_link(path, root):
            yield STATE_ELSEWHERE.on(None, path=path, state=STATE)
            return
    os.makedirs(state, exist_ok=True)
    lock = os.open(f"{root}/{BUILD_LOCK}", os.O_WRONLY | os.O_CREAT | NO_BLOCK, 0o666)  # a pipe fails at once
    with open(lock, "w") as file:
        if not _locked(file.fileno(), patience):
            yield OTHER_BUILD.on(None)
            return
        if not os.path.lexists(f"{state}/.gitignore"):
            with open(f"{state}/.gitignore", "w") as ignore:
                ignore.write("*\n")
        yield None


@contextmanager
def _shared_lock(plan: Plan, root: str, patience: float) -> Iterator[Diagnostic | None]:
    """Hold a lock on the root of the Git repository while files there are written, which several projects write."""
    git_root = find_git_root(os.path.realpath(root))
    if git_root is None or not any(change.path.startswith("../") for change in plan.writes):
        yield None
        return
    folder = os.open(git_root, os.O_RDONLY)
    try:
        yield None if _locked(folder, patience) else OTHER_BUILD.on(None)
    finally:
        os.close(folder)


def _locked(descriptor: int, patience: float) -> bool:
    """Lock an open file or folder until it is closed; False if another process holds it too long."""
    deadline = time.monotonic() + patience
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
