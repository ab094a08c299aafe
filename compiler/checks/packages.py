"""Checks of packages: whether stages can track the versions of those that their code loads."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import UNREADABLE_PACKAGES, ParamFiles
from .places import Places

NOT_LOCKED = Code(
    "MLC314",
    "warning",
    "the versions of {packages} are not locked: a new version runs no stage again, and old results stay beside it",
    help="lock them: `uv lock` for pyproject.toml, or `uv pip compile requirements.txt -o requirements.lock`; install from the lock",
)
_MAX_SHOWN = 4


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC314, once: at the first stage that loads such a package."""
    stages = [stage for stage in project if stage.unlocked]
    if not stages or any(problem.code == UNREADABLE_PACKAGES.number for problem in params.diagnostics):
        return
    names = sorted({name for stage in stages for name in stage.unlocked})
    shown = ", ".join(f"`{name}`" for name in names[:_MAX_SHOWN])
    if names[_MAX_SHOWN:]:
        shown += f" and {len(names) - _MAX_SHOWN:,} more"
    yield NOT_LOCKED.on(stages[0].at, packages=shown)
