"""Programs that a build writes into the repository, word for word: they run there without mlopsc, on Python 3.9 or newer."""

from __future__ import annotations

import os

from ..model.project import Script

FOLDER = ".mlops/scripts"


def program(name: str) -> Script:
    """The program of that file name, as the build writes it."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8", newline="") as file:
        return Script(f"{FOLDER}/{name}", file.read())
