"""The folder of a project."""

from __future__ import annotations

import os


def find_root(start: str) -> str:
    """The directory of mlops.yaml: ``start`` or the nearest one above it, up to the root of the Git repository."""
    first = directory = os.path.realpath(start)
    while not os.path.isfile(f"{directory}/mlops.yaml"):
        parent = os.path.dirname(directory)
        if parent == directory or os.path.exists(f"{directory}/.git"):
            return first
        directory = parent
    return directory
