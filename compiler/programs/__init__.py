"""Programs that a build writes into the repository, word for word: they run there without mlopsc, on Python 3.9 or newer."""

from __future__ import annotations

import os

from ..model.project import Script

FOLDER = ".mlops/scripts"
RUNNER = f"{FOLDER}/run.py"
"""The program that brings the pipeline up to date, as `dvc repro` does."""


def program(name: str, folder: str = os.path.dirname(__file__)) -> Script:
    """The program of that file name, as the build writes it. ``folder`` holds its source: a target has its own programs."""
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        return Script(f"{FOLDER}/{name}", file.read())
