# Made by mlopsc: what the runner says of its work. It needs Python alone.
"""What became of the stages: for the live view, the last lines, and as data."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections import Counter
from dataclasses import asdict, dataclass

from runner.display import span


@dataclass
class Outcome:
    """What became of a stage; the report lists these."""

    stage: str
    status: str = "not started"
    reason: str = ""
    seconds: float = 0.0
    saved_seconds: float = 0.0
    log: str = ""


def progress(run) -> tuple:
    """For the live view, which another thread draws: counts, running stages, seconds left."""
    counts = Counter(outcome.status for outcome in list(run.outcomes.values()))
    counts["waiting"] = counts.pop("not started", 0)
    runs = list(run.running.values())
    now = time.monotonic()
    if not run.durations:
        return counts, [(job.stage.addressing, job.started) for job in runs], 0.0
    waiting = [stage for stage, outcome in list(run.outcomes.items()) if outcome.status == "not started"]
    spent = sum(min(now - job.started, run.durations.get(job.stage.addressing, 0.0)) for job in runs)
    work = sum(run.durations.get(stage.addressing, 0.0) for stage in [*waiting, *(job.stage for job in runs)]) - spent
    path = max((run.schedule.paths[job.stage] - (now - job.started) for job in runs), default=0.0)
    left = max(work / run.options.jobs, path)
    return counts, [(job.stage.addressing, job.started) for job in runs], left


def report(run, seconds: float) -> dict:
    """What was done, as data."""
    outcomes = [asdict(outcome) for outcome in run.outcomes.values()]
    return {
        "jobs": run.options.jobs,
        "seconds": round(seconds, 3),
        "saved_seconds": round(sum(outcome["saved_seconds"] for outcome in outcomes), 3),
        "counts": dict(Counter(outcome["status"] for outcome in outcomes)),
        "signal": run.stopped or None,
        "stages": [{**outcome, "seconds": round(outcome["seconds"], 3)} for outcome in outcomes],
    }


def summary(run, seconds: float) -> list:
    """The last lines: what was done, and what went wrong at the very end."""
    counts = Counter(outcome.status for outcome in run.outcomes.values())
    done = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no stages"
    if counts.keys() <= {"unchanged", "cosmetic"}:
        done = f"nothing to run: {done}"
    saved = sum(outcome.saved_seconds for outcome in run.outcomes.values())
    lines = [f"{done} in {span(seconds)}" + (f", {span(saved)} saved" if saved >= 1 else "")]
    if run.unwritten:
        lines.append(f"dvc.lock could not be written ({run.unwritten}): run again, and what is cached is not run again")
    if run.stopped:
        lines.append(f"stopped by {signal.Signals(run.stopped).name}: run again to go on from here")
    for stage in run.failed:
        outcome = run.outcomes[stage]
        where = f": its output is in {outcome.log}" if outcome.log else ""
        lines.append(f"failed: {outcome.stage}: {outcome.reason}{where}")
    return lines


def describe(command: str, returncode: int) -> str:
    """How a command ended, for people."""
    line = command if len(command) <= 80 else f"{command[:77]}..."
    if returncode < 0:
        return f"`{line}` was ended by {signal.Signals(-returncode).name}"
    return f"`{line}` ended with exit status {returncode}"


def show_rehearsal(outcomes: dict, options, screen) -> int:
    for outcome in outcomes.values():
        if outcome.status != "unchanged":
            screen.line(f"{outcome.status}: {outcome.reason}", outcome.stage)
    counts = Counter(outcome.status for outcome in outcomes.values())
    screen.line(", ".join(f"{count} {status}" for status, count in counts.items()) or "no stages")
    write_report(options, {"counts": dict(counts), "stages": [asdict(outcome) for outcome in outcomes.values()]})
    return 0


def write_report(options, report: dict) -> None:
    if options.json:
        with contextlib.suppress(OSError), open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
            file.write("\n")
