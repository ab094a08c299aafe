"""One job for each stage (`ci.fan-out`): its command, its timeout, and the commands of the job that comes last.

A job runs the worker (docs/engines/worker.md) in the repository that the service has checked out.
"""

from __future__ import annotations

from ...compiler.emit.shell import quote
from ...compiler.emit.templates import render
from ...compiler.lower.fan_out import Fan
from ...compiler.model.project import Project, Stage
from ...compiler.model.target import File
from ...compiler.programs import RUNNER
from ..engines import worker as script
from .facts import GRACE_MINUTES
from .shell import RUNS


def worker() -> File:
    """The script that each job runs."""
    return script.file()


def stage_command(stage: Stage) -> str:
    """Run one stage and nothing else: its inputs come from the DVC remote, and its results go there."""
    inside = f"MLOPS_IMAGE={quote(stage.image)} " if stage.image else ""  # the job's container is the stage's
    return f"{inside}sh {script.PATH} {quote(stage.name)}"


def collect(fan: Fan, error: str = "error: ") -> str:
    """Restore the results of the jobs without running any stage, then run the stages that have no job.

    ``error`` is how the service marks a line of its log as an error.
    """
    restored = fan.ends if fan.last else []  # no stage named: all of them
    filters = {"quote": quote, "one_line": _one_line}
    return render(
        __package__, "results.sh.j2", filters, jobs=fan.jobs, restored=restored, remaining=fan.last, error=error,
        runner=RUNNER, runs=RUNS,
    )  # fmt: skip


def _one_line(text: str) -> str:
    """A text for a comment, which a line break in the name of a stage would end."""
    return " ".join(text.split())


def timeout(project: Project, stage: Stage, attempts: int) -> int | None:
    """The timeout of a stage's job in minutes, for this number of attempts; None if the spec sets none."""
    if stage.timeout is None:
        return project.ci.timeout_minutes
    return -(-stage.timeout * attempts // 60) + GRACE_MINUTES
