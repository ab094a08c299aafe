"""The feature store as the project's code library: where the package that `stack.features` names lies, and what it holds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ..model.snapshot import Snapshot
from .code.graph import default_roots


def library(said: str, snapshot: Snapshot, roots: tuple[str, ...] = ()) -> str | None:
    """The folder of the package, which is named as a path or as Python imports it; None where there is none."""
    return next((path for path in places(said, snapshot, roots) if snapshot.kind(path) == "dir"), None)


def places(said: str, snapshot: Snapshot, roots: tuple[str, ...] = ()) -> Iterator[str]:
    """Where a path, or a module as Python imports it, may lie."""
    yield posixpath.normpath(said)
    for root in roots or default_roots(snapshot):
        base = posixpath.normpath(posixpath.join(root, said.replace(".", "/")))
        yield from (f"{base}.py", base)


def holds_tests(folder: str, snapshot: Snapshot) -> bool:
    """Whether a package holds tests beside its code, by the names that PyTest goes by."""
    for name in snapshot.list(folder):
        path = f"{folder}/{name}"
        if name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")):
            return True
        if snapshot.kind(path) == "dir" and holds_tests(path, snapshot):
            return True
    return False
