"""From plan to disk: the only writer. All files of a build or none, whatever happens on the way.

New contents are written beside the old in `.mlops/state/txn`, and synced. Then the journal is put in its place by one
rename: that is the moment at which the build has happened. Only then are the files moved where they belong; whoever is
killed in between is completed by `recover`, which every command runs first.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..model.diagnostic import Diagnostic
from .lock import safe, sha256
from .plan import Change, Plan
from .unchanged import STATE

TXN = f"{STATE}/txn"
JOURNAL = f"{STATE}/journal.json"
ALONE = f"{STATE}/lock"
PATIENCE = 30.0
"""Seconds to wait for another build in the same repository."""


def apply(plan: Plan, root: str, patience: float = PATIENCE) -> list[Diagnostic]:
    """Make the disk what the plan says. Either all of it is done and the list is empty, or nothing has changed."""
    if any(change.action == "conflict" for change in plan.changes):
        return [Diagnostic("MLC609", "a plan with conflicts cannot be carried out", help="resolve them first")]
    if not plan.writes:
        return []
    try:
        with _alone(root, patience) as busy:
            return [busy] if busy is not None else _apply(plan, root)
    except OSError as error:
        return [_failed(error)]


def _failed(error: OSError) -> Diagnostic:
    where = f": `{error.filename}`" if error.filename else ""
    what = f"the files cannot be written: {error.strerror or error}{where}; nothing was changed"
    return Diagnostic("MLC612", what, help="make room, or correct the permissions, and build again")


def _cut_off(error: OSError) -> Diagnostic:
    where = f": `{error.filename2 or error.filename}`" if error.filename else ""
    what = f"the build could not be completed: {error.strerror or error}{where}; the next one goes on from there"
    return Diagnostic("MLC612", what, help="correct that and build again")


def _apply(plan: Plan, root: str) -> list[Diagnostic]:
    for change in plan.writes:
        if (problem := _obstacle(change, root)) is not None:
            return [problem]
    txn = f"{root}/{TXN}"
    _forget(txn)
    try:
        os.mkdir(txn)
        entries = [_stage(change, index, root) for index, change in enumerate(plan.writes)]
        for change in plan.writes:
            os.makedirs(os.path.dirname(f"{root}/{change.path}"), exist_ok=True)
        _sync_folder(txn)
        journal = json.dumps({"version": 1, "entries": entries}).encode()
        _write_synced(f"{txn}/journal", journal, 0o600)
        os.replace(f"{txn}/journal", f"{root}/{JOURNAL}")  # from here on the build has happened
    except OSError as error:
        _forget(txn)
        return [_failed(error)]
    _sync_folder(f"{root}/{STATE}")
    return _completed(root)


def _obstacle(change: Change, root: str) -> Diagnostic | None:
    """Why a change cannot be made after all: the disk is not what the plan saw, or it must not be touched."""
    if not safe(change.path) or _crosses_link(change.path, root):
        return Diagnostic("MLC605", f"`{change.path}` is no place that may be written", help="move the link away")
    full = f"{root}/{change.path}"
    if _content(full) not in (change.old, change.new):  # another build may have been here with the same outcome
        what = f"`{change.path}` changed while the build was at work; nothing was changed"
        return Diagnostic("MLC611", what, help="build again")
    if change.old is not None and os.path.exists(full) and not os.stat(full).st_mode & stat.S_IWUSR:
        what = f"`{change.path}` is read-only; nothing was changed"
        return Diagnostic("MLC612", what, help=f"chmod u+w {change.path}")
    if change.backup and os.path.lexists(f"{full}.orig"):
        what = f"`{change.path}.orig` is there already, from an earlier time"
        return Diagnostic("MLC613", what, help="move it away, so that it is not lost")
    parent = os.path.dirname(full)
    while not os.path.lexists(parent):
        parent = os.path.dirname(parent)
    if not os.access(parent, os.W_OK | os.X_OK):
        return Diagnostic("MLC612", f"`{os.path.relpath(parent, root)}` cannot be written to", help="correct its mode")
    return None


def _crosses_link(path: str, root: str) -> bool:
    parts = path.split("/")
    return any(os.path.islink(f"{root}/{'/'.join(parts[:depth])}") for depth in range(1, len(parts) + 1))


def _content(full: str) -> bytes | None:
    try:
        with open(full, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _stage(change: Change, index: int, root: str) -> dict[str, Any]:
    """Write the new content aside; the journal's entry for it."""
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
    descriptor = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _forget(txn: str) -> None:
    """Remove the folder of staged contents; what cannot go now goes next time."""
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
    """Complete a build that was cut off after it had happened; forget one that was cut off before."""
    if not os.path.isdir(f"{root}/{STATE}") or not (
        os.path.lexists(f"{root}/{JOURNAL}") or os.path.lexists(f"{root}/{TXN}")
    ):
        return []
    try:
        with _alone(root, patience) as busy:
            if busy is not None:
                return [busy]
            if os.path.lexists(f"{root}/{JOURNAL}"):
                return _completed(root)
            _forget(f"{root}/{TXN}")
            return []
    except OSError as error:
        return [_failed(error)]


def _completed(root: str) -> list[Diagnostic]:
    try:
        return _roll_forward(root)
    except OSError as error:
        return [_cut_off(error)]


def _roll_forward(root: str) -> list[Diagnostic]:
    """Do what the journal says and is not done yet. It may be hostile: nothing in it is believed."""
    found: list[Diagnostic] = []
    folders: set[str] = set()
    for entry in _entries(root):
        path = entry["path"]
        full = f"{root}/{path}"
        there = _hash(_content(full)) if not os.path.isdir(full) else "folder"
        if there != entry["new"] and there != entry["old"]:
            what = f"`{path}` was edited while a build was cut off; it is left as it is"
            found.append(Diagnostic("MLC611", what, help="build again", severity="warning"))
        elif there != entry["new"]:
            _move(entry, root, full)
            folders.add(os.path.dirname(full))
    for folder in folders:
        _sync_folder(folder)
    os.unlink(f"{root}/{JOURNAL}")
    _forget(f"{root}/{TXN}")
    return found


def _move(entry: dict[str, Any], root: str, full: str) -> None:
    if entry.get("backup") and not os.path.lexists(f"{full}.orig"):
        os.link(full, f"{full}.orig")
    if entry["new"] is None:
        os.unlink(full)
        with suppress(OSError):  # only a folder that is empty now goes with its last file
            os.removedirs(os.path.dirname(full)) if os.path.dirname(full) != root else None
    else:
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.replace(f"{root}/{TXN}/{entry['staged']}", full)


def _entries(root: str) -> Iterator[dict[str, Any]]:
    try:
        with open(f"{root}/{JOURNAL}", "rb") as file:
            entries = json.loads(file.read())["entries"]
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not isinstance(path := entry.get("path"), str):
            continue
        if not safe(path) or _crosses_link(path, root) or not all(_is_hash(entry.get(key)) for key in ("old", "new")):
            continue
        if entry["new"] is not None:  # what is no longer staged was moved before the build was cut off
            staged = entry.get("staged")
            content = _content(f"{root}/{TXN}/{staged}") if re.fullmatch("[0-9]{1,9}", str(staged)) else None
            if _hash(content) != entry["new"]:
                continue
        yield entry


def _is_hash(value: object) -> bool:
    return value is None or (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None)


@contextmanager
def _alone(root: str, patience: float) -> Iterator[Diagnostic | None]:
    """Hold the repository's lock; gives a diagnostic instead where another build keeps it too long."""
    state = f"{root}/{STATE}"
    for path in (TXN, JOURNAL, ALONE):
        if _crosses_link(path, root):
            what = f"`{path}` leads elsewhere by a link"
            yield Diagnostic("MLC605", what, help=f"remove the link; mlopsc makes `{STATE}` itself")
            return
    os.makedirs(state, exist_ok=True)
    with open(f"{root}/{ALONE}", "a") as file:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    yield Diagnostic("MLC610", "another build is at work in this repository", help="wait for it to end")
                    return
                time.sleep(0.02)
        if not os.path.lexists(f"{state}/.gitignore"):
            with open(f"{state}/.gitignore", "w") as ignore:
                ignore.write("*\n")
        yield None
