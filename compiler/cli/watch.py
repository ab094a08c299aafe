"""`mlopsc build --watch`: build again whenever something that a build looked at is another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from . import DONE

if TYPE_CHECKING:
    from ..model.snapshot import Disk

INTERVAL = 0.05
"""Seconds between two looks."""


def watch(root: str, build: Callable[[], tuple[int, Disk]]) -> int:
    """Build, wait for a change, and so on until interrupted."""
    try:
        while True:
            _, disk = build()
            before = _state(root, disk.asked)
            print("watching; stop with Ctrl-C", flush=True)
            while _state(root, disk.asked) == before:
                time.sleep(INTERVAL)
    except KeyboardInterrupt:
        return DONE


def _state(root: str, paths: Iterable[str]) -> list[tuple[str, int, int]]:
    found = []
    for path in sorted(paths):
        try:
            status = os.stat(f"{root}/{path}")
            found.append((path, status.st_mtime_ns, status.st_size))
        except OSError:
            found.append((path, 0, -1))
    return found
