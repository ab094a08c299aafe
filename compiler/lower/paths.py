"""Paths relative to the root of the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator


def rooted(wdir: str, path: str) -> str:
    """A path relative to ``wdir``, made relative to the root; URLs and absolute paths stay unchanged."""
    if "://" in path or path.startswith("/"):
        return path
    return posixpath.normpath(posixpath.join(wdir, path))


def parents(path: str) -> Iterator[str]:
    """The directories above a path, nearest first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path
