"""One lock on an open file, on every platform."""

from __future__ import annotations

import os
from collections.abc import Callable

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
NO_BLOCK = getattr(os, "O_NONBLOCK", 0)
BINARY = getattr(os, "O_BINARY", 0)
"""Flags of `os.open` that only some platforms have. Without `O_BINARY`, Windows writes other line endings."""

_lock: Callable[[int], None]

try:
    import fcntl
except ImportError:  # Windows

    def _lock(descriptor: int) -> None:
        import msvcrt

        locking: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined, unused-ignore]
        locking(descriptor, 2, 1)  # LK_NBLCK: https://learn.microsoft.com/cpp/c-runtime-library/reference/locking
else:

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed. Whether no other process holds the lock."""
    try:
        _lock(descriptor)
    except OSError:
        return False
    return True
