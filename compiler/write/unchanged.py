"""The record of the last build, by which a build with nothing to do ends without compiling. Imports almost nothing.

The record, `.mlops/state/seen.json`, is a cache that Git ignores: the file status of every path that the build looked at or
wrote. If an input changed during the build, or within one tick of the file system's clock before it, the build may have read
the old content; then no record is written, and the next build runs in full.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

STATE = ".mlops/state"
SEEN = f"{STATE}/seen.json"
_TICK_NS = 20_000_000
"""Longer than one step of the file clocks of Linux and macOS."""
_LOCK = ".mlops/lock.json"
_MAX_SEEN = 256 << 20
"""Bytes of a record that is read."""


def record(root: str, asked: Iterable[str], outputs: Iterable[str], key: str, started: int) -> None:
    """Record the state of the repository after a build; ``started`` is its start time in nanoseconds.

    A failure to do so only makes the next build slower.
    """
    import json

    if elsewhere(root):
        return
    written = {*outputs, _LOCK}
    seen = {path: _status(root, path) for path in sorted({*asked, *written}) if not path.startswith(STATE)}
    inputs = (entry for path, entry in seen.items() if entry and path not in written)
    if max((entry[1] for entry in inputs), default=0) > started - _TICK_NS:
        return
    keep(root, SEEN, json.dumps({"key": key, "seen": seen}))


def keep(root: str, path: str, text: str) -> None:
    """Write a file of `STATE`, which Git ignores; failing to do so costs the next build some time, and nothing else."""
    if elsewhere(root):
        return
    full = f"{root}/{path}"
    try:
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if not os.path.lexists(ignore := f"{os.path.dirname(full)}/.gitignore"):
            with open(ignore, "w") as file:
                file.write("*\n")
        new = os.open(
            f"{full}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o666
        )
        with open(new, "w") as file:
            file.write(text)
        os.replace(f"{full}.{os.getpid()}", full)
    except OSError:
        pass


def elsewhere(root: str) -> bool:
    """Whether our own folder is a link, so that nothing may be written or removed there."""
    return os.path.islink(f"{root}/.mlops") or os.path.islink(f"{root}/{STATE}")


def unchanged(root: str, key: str) -> bool:
    """Whether everything that the last build read or wrote is unchanged; False in doubt."""
    try:
        status = os.stat(f"{root}/{SEEN}")
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_SEEN:
            return False
        with open(f"{root}/{SEEN}", "rb") as file:
            raw = file.read()
        if os.path.lexists(f"{root}/{STATE}/journal.json"):
            return False
        import json

        data = json.loads(raw)
        seen = data["seen"]
        return data["key"] == key and "mlops.yaml" in seen and all(_status(root, path) == seen[path] for path in seen)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _status(root: str, path: str) -> list[int] | None:
    """Mode, time of change, size and inode; for a folder the hash of its names."""
    full = f"{root}/{path}" if path else root
    try:
        status = os.stat(full)
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return [status.st_mode, 0, 0, _names(full)]
    return [status.st_mode, max(status.st_mtime_ns, status.st_ctime_ns), status.st_size, status.st_ino]


def _names(full: str) -> int:
    from zlib import crc32

    return crc32("\0".join(sorted(os.listdir(full))).encode("utf-8", "surrogateescape"))
