"""The worker: one POSIX script, the same for every engine, that runs one stage of a pipeline in a clone of its own.

The script ends in a Python program for the interpreter that has DVC: one process starts DVC once, and DVC's commands cannot do
what is needed. `dvc repro --pull STAGE` silently runs an upstream stage again if its result is missing, and
`dvc fetch --run-cache` copies the run cache of every stage that ever ran.
docs/engines/worker.md says what it promises, docs/decisions/0016-one-process-worker.md why it is built this way.
"""

from __future__ import annotations

from functools import cache

from ...compiler import programs
from ...compiler.emit.templates import render
from ...compiler.model.target import File

PATH = f"{programs.FOLDER}/worker.sh"
"""Where the script is in a repository that has an engine among its targets."""

BOOTSTRAP = (
    'set -e; d=$(mktemp -d); git clone -q -- "$MLOPS_REPO" "$d"; cd "$d"; case $MLOPS_REV in -*) exit 2;; esac; git checkout -q "$MLOPS_REV"; '
    f'cd "./${{MLOPS_SUBDIR:-}}"; unset MLOPS_REPO MLOPS_SUBDIR; exec sh {PATH} "$@"'
)
"""Runs the script of the repository, for engines that limit the length of a command (SageMaker: 256)."""


@cache
def text() -> str:
    """The whole script: `programs/worker.sh.j2` around `programs/worker.py`."""
    return render(programs.__name__, "worker.sh.j2", program=programs.program("worker.py").text.rstrip("\n"))


def file() -> File:
    """The script as a file of the repository: ``sh .mlops/scripts/worker.sh STAGE``."""
    return File(PATH, text())


def bootstrap(stage: str) -> list[str]:
    """The arguments that run one stage in a bare container with Git, DVC and what the stage needs.

    `file` has to be in the repository at that commit. Run-time parameters (``KEY=VALUE`` of params.yaml, or
    ``FILE:KEY=VALUE``) may be appended.
    """
    return ["sh", "-c", BOOTSTRAP, "worker", stage]
