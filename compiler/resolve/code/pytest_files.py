"""The files that pytest loads without being told their names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from .graph import CodeGraph
from .paths import inner

_MAX_DEPTH = 6
"""Folders within folders that tests are collected from."""


def collected(folder: str, graph: CodeGraph, depth: int = 0) -> Iterator[str]:
    """The test files and conftest.py files in a folder and in the folders below."""
    for name in graph.snapshot.list("" if folder == "." else folder):
        path = inner(folder, name)
        if name == "conftest.py" or (name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))):
            yield path
        elif depth < _MAX_DEPTH and not name.startswith(".") and graph.is_folder(path):
            yield from collected(path, graph, depth + 1)


def conftests(folder: str, graph: CodeGraph) -> list[str]:
    """The conftest.py files of the tests in a folder, from that folder up."""
    return [path for parent in _upwards(folder) if graph.is_file(path := inner(parent, "conftest.py"))]


def import_roots(folder: str, graph: CodeGraph) -> list[str]:
    """The folders that pytest puts on the search path: those without an `__init__.py`, from the tests' folder up."""
    return [parent for parent in _upwards(folder) if not graph.is_file(inner(parent, "__init__.py"))]


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while folder and not folder.startswith(".."):
        folder = posixpath.dirname(folder)
        yield folder
