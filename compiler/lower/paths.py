"""Paths relative to the root of the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import lru_cache


@lru_cache(maxsize=10_000)  # most paths are there several times: an out, and the deps on it
def rooted(wdir: str, path: str, here: str = "") -> str:
    """A path relative to ``wdir``, made relative to the root; URLs and absolute paths stay unchanged.

    ``here`` is the path of the root within the repository (`Snapshot.here`): `../HERE/x`, which leaves the root and returns
    to it, becomes `x`.
    """
    if "://" in path or path.startswith("/"):
        return path
    path = posixpath.normpath(f"{wdir}/{path}")
    return posixpath.relpath(f"/{here}/{path}", f"/{here}") if path.startswith("..") and here else path


def height(path: str) -> int | None:
    """How many directories a path leads up, if it does nothing else: 0 for `.`, 2 for `../..`; None for any other path."""
    parts = [] if path == "." else path.split("/")
    return len(parts) if all(part == ".." for part in parts) else None


def parents(path: str) -> Iterator[str]:
    """The directories above a path, nearest first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path
