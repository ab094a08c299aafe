"""`mlopsc build --watch`: build again whenever an input changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from . import DONE

if TYPE_CHECKING:
    from ..model.snapshot import Disk

INTERVAL = 0.05
"""Seconds between two checks."""


def watch(root: str, build: Callable[[], tuple[int, Disk]]) -> int:
    """Build after every change until interrupted."""
    try:
        while True:
            _, disk = build()
            before = statuses(root, disk.asked)
            print("watching; stop with Ctrl-C", flush=True)
            while statuses(root, disk.asked) == before:
                time.sleep(INTERVAL)
    except KeyboardInterrupt:
        return DONE


def statuses(root: str, paths: Iterable[str]) -> list[tuple[str, int, int]]:
    """What tells whether one of the paths has changed."""
    found = []
    for path in sorted(paths):
        try:
            status = os.stat(f"{root}/{path}")
            found.append((path, status.st_mtime_ns, status.st_size))
        except OSError:
            found.append((path, 0, -1))
    return found
