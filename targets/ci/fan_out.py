"""One job for each stage (`ci.fan-out`): its shell, its limit of time, and the shell of the job that comes last.

A job is the worker (docs/engines/worker.md) in the repository that the service has checked out. Imported only where the
spec asks for it.
"""

from __future__ import annotations

from shlex import quote

from ...compiler.lower.fan_out import Fan
from ...compiler.model.project import Project, Stage
from ...compiler.model.target import File
from ..engines import worker as script

GRACE = 60
"""Minutes that a job has beyond the limit of its stage's command, to install what it needs and to move data."""

_RESTORE = """\
SHELL=false dvc repro --pull TARGETS || {
  echo "ERROR:not every result of the jobs is on the DVC remote: see above, and start the job of that stage again"
  exit 1
}
"""
"""DVC runs commands by ``$SHELL``, so that here it can restore results, but make none."""

_LAST = """\
# DVC keeps no results of these in its run cache, so that they run here: STAGES
dvc repro --pull
"""


def worker() -> File:
    """The script that each job runs."""
    return script.file()


def work(stage: Stage) -> str:
    """Run one stage, and nothing else: what it reads comes from the DVC remote, and what it makes goes there."""
    return f"sh {script.PATH} {quote(stage.name)}"


def finish(fan: Fan, error: str = "error: ") -> str:
    """Restore what the jobs have made, without running any of it, then run the stages that have no job.

    ``error`` is how the service marks a line of its log as one.
    """
    targets = " ".join(map(quote, fan.ends)) if fan.last else ""
    lines = _RESTORE.replace("ERROR:", error).replace(" TARGETS", f" {targets}".rstrip()) if fan.jobs else ""
    return lines + (_LAST.replace("STAGES", ", ".join(fan.last)) if fan.last else "")


def limit(project: Project, stage: Stage, tries: int) -> int | None:
    """The limit of a stage's job in minutes, for as many tries as its command makes; None where the spec says none."""
    if stage.timeout is None:
        return project.ci.timeout_minutes
    return -(-stage.timeout * tries // 60) + GRACE
