"""The feature store as a package of the project: the folder of the package that `stack.features` names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ..model.snapshot import Snapshot
from .code.graph import default_roots


def library(package: str, snapshot: Snapshot, roots: tuple[str, ...] = ()) -> str | None:
    """The folder of a package, given as a path or as an import name; None if it does not exist."""
    return next((path for path in places(package, snapshot, roots) if snapshot.kind(path) == "dir"), None)


def places(name: str, snapshot: Snapshot, roots: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths that a path or an import name may refer to."""
    yield posixpath.normpath(name)
    for root in roots or default_roots(snapshot):
        base = posixpath.normpath(posixpath.join(root, name.replace(".", "/")))
        yield from (f"{base}.py", base)


def holds_tests(folder: str, snapshot: Snapshot) -> bool:
    """Whether a package contains tests, by the file names that pytest collects."""
    for name in snapshot.list(folder):
        path = f"{folder}/{name}"
        if name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")):
            return True
        if snapshot.kind(path) == "dir" and holds_tests(path, snapshot):
            return True
    return False
