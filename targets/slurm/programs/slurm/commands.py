# Made by mlopsc: the commands of slurm/PROJECT.py. It needs Python alone.
"""slurm/PROJECT.py submit|resume|status|cancel|log: the stages of a pipeline as jobs of SLURM.

    submit      submit the stages that must run, in the order of their dependencies
    resume      the same while some jobs are still in the queue: they stay, and what failed is submitted again
    status      the state of each stage, and why
    cancel      cancel all jobs of this pipeline
    log STAGE   what the last job of a stage printed

Each job runs its stage by `run.py --only STAGE` in this folder, which all nodes must share. DVC's own locks keep the
jobs apart while they record results. Jobs without a dependency are held until all are submitted: a submission is there
as a whole or not at all, and no job ends before another one can depend on it. (SLURM starts a job at once if the one
that it depends on is unknown.)
"""

from __future__ import annotations

import os
import shutil
import sys

from slurm.queue import ENDED, Failure, Pipeline, call
from slurm.submission import submit


def main(project: str, jobs: list, root: str, arguments: list | None = None) -> int:
    """Do what the command line says. Exit status: 0, or 1 with a message on standard error."""
    words = sys.argv[1:] if arguments is None else arguments
    commands = {
        "submit": submit,
        "resume": lambda pipeline: submit(pipeline, again=True),
        "status": status,
        "cancel": cancel,
        "log": lambda pipeline: log(pipeline, words[1]),
    }
    if not words or words[0] not in commands or len(words) != 1 + (words[0] == "log"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        return commands[words[0]](Pipeline(project, jobs, root))
    except Failure as failure:
        print(f"slurm: {failure}", file=sys.stderr)
        return 1


def status(pipeline: Pipeline) -> int:
    """Print the state of each stage."""
    entries = pipeline.entries()
    rows = [(stage, *state(pipeline, entries, stage)) for stage in pipeline.stages]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else [0, 0, 0]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip())
    if any(entry.held for entry in entries.values()):
        print("some jobs are held, because a submission was interrupted or a node failed: `make slurm-resume` goes on")
    return 0


def state(pipeline: Pipeline, entries: dict, stage: str) -> tuple:
    """The job, the state and the details of a stage."""
    job = pipeline.submitted.get(stage)
    if job is None:
        return "-", "", "not submitted: it was up to date"
    entry, result = entries.get(job["id"]), pipeline.result(job["id"], stage)
    if entry and entry.state == "PENDING":
        return job["id"], "PENDING", entry.reason
    if entry and entry.state not in ENDED:
        return job["id"], entry.state, f"{entry.time} on {entry.nodes}"
    log = os.path.relpath(job["log"], pipeline.root)
    if entry is None and not result:
        return job["id"], "ENDED", f"it left no result: see {log}" if os.path.exists(job["log"]) else "it never ran"
    good = result.get("status") in ("ran", "unchanged", "restored", "cosmetic", "committed")
    name = entry.state if entry else "COMPLETED" if good else "FAILED"
    if name == "COMPLETED":
        seconds = f" in {result['seconds']:.0f} s" if result.get("seconds") else ""
        return job["id"], name, f"{result.get('status', '')}{seconds}"
    reason = result.get("reason") or (entry.reason if entry else "")
    return job["id"], name, f"{reason}: see {log}" if os.path.exists(job["log"]) else reason


def cancel(pipeline: Pipeline) -> int:
    """Cancel the jobs that wait or run."""
    queued = [name for name, entry in pipeline.queued().items() if entry.state != "COMPLETING"]
    for start in range(0, len(queued), 100):
        call("scancel", *queued[start : start + 100])
    print(f"cancelled {len(queued)} jobs" if queued else "no job of this pipeline is in the queue")
    return 0


def log(pipeline: Pipeline, stage: str) -> int:
    """Print what the last job of a stage printed."""
    job = pipeline.submitted.get(stage)
    if job is None:
        raise Failure(f"no job was submitted for {stage!r}; the stages are: {', '.join(pipeline.stages)}")
    try:
        with open(job["log"], encoding="utf-8", errors="replace") as file:
            shutil.copyfileobj(file, sys.stdout)
    except FileNotFoundError:
        raise Failure(f"job {job['id']} has not started") from None
    return 0
