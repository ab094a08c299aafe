"""Checks of packages: whether stages can track the versions of those that their code loads."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..programs.packages import PATH as PACKAGES
from ..programs.packages import PYTHON
from ..read.params import UNREADABLE_PACKAGES, ParamFiles
from .places import Places

NOT_LOCKED = Code(
    "MLC314",
    "warning",
    "the versions of {packages} are not locked: a new version runs no stage again, and old results stay beside it",
    help="lock them: `uv lock` for pyproject.toml, or `uv pip compile requirements.txt -o requirements.lock`; install from the lock",
)
NO_GRAPH = Code(
    "MLC316",
    "note",
    "`{lock}` does not say which package needs which: stages track what they import, and of what that needs only what is well known",
    help="use uv.lock, poetry.lock, or requirements with `# via` comments, as `uv pip compile` writes them",
)
_MAX_SHOWN = 4


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC314 and MLC316, each once: at the first stage that it is about."""
    yield from _without_graph(project, params)
    stages = [stage for stage in project if stage.unlocked]
    if not stages or any(problem.code == UNREADABLE_PACKAGES.number for problem in params.diagnostics):
        return
    names = sorted({name for stage in stages for name in stage.unlocked})
    shown = ", ".join(f"`{name}`" for name in names[:_MAX_SHOWN])
    if names[_MAX_SHOWN:]:
        shown += f" and {len(names) - _MAX_SHOWN:,} more"
    yield NOT_LOCKED.on(stages[0].at, packages=shown)


def _without_graph(project: Project, params: ParamFiles) -> Iterator[Diagnostic]:
    for stage in project:
        named = {param.key for param in stage.params if param.file == PACKAGES}
        if named - {None, PYTHON}:
            if params.packages is not None and not params.packages.has_graph:
                yield NO_GRAPH.on(stage.at, lock=params.packages.source)
            return
