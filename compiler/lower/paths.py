"""Paths of stages, from the root of the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator


def rooted(wdir: str, path: str) -> str:
    """A path as a stage that runs in ``wdir`` writes it, from the root; URLs and absolute paths stay as they are."""
    if "://" in path or path.startswith("/"):
        return path
    return posixpath.normpath(posixpath.join(wdir, path))


def parents(path: str) -> Iterator[str]:
    """The directories above a path, nearest first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path
