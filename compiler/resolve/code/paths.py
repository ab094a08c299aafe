"""Paths as code files and commands write them, from the repository's root."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from ..command import ROOT, Word, located
from .record import FILE, UNKNOWN


def inner(folder: str, name: str) -> str:
    """The path of a name in a folder; the root is either "" or "."."""
    return posixpath.normpath(posixpath.join(folder or ".", name))


def import_root(folder: str | None) -> list[str]:
    """A folder as an entry of a search path, where the root is ""; nothing for an unknown folder."""
    if folder is None:
        return []
    return ["" if folder == "." else folder]


def python_path(env: Mapping[str, Word], folder: str | None) -> list[str]:
    """The folders of the repository on `PYTHONPATH`, for a program that runs in ``folder``."""
    variable = env.get("PYTHONPATH")
    roots: list[str] = []
    for part in variable.text.split(":") if variable is not None else ():
        path = located(folder, part) if part and "$" not in part else None
        roots += import_root(path)
    return roots


def exact(place: str, path: str | None, folder: str | None) -> str | None:
    """The path that a record names; None if it is outside the repository, or beside a file that has no path.

    ``path`` is the file that the record is of, and ``folder`` the one that its program runs in.
    """
    if place.startswith(FILE):
        if path is None:
            return None
        return posixpath.normpath(path + place[len(FILE) :])
    return located(folder, place)


def rooted(text: str, path: str | None) -> str:
    """The text of a command, with the paths beside the file ``path`` made absolute."""
    if FILE not in text:
        return text
    return text.replace(FILE, f"{ROOT}/{path}") if path is not None else text.replace(FILE, UNKNOWN)
