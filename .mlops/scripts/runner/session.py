# Made by mlopsc: one run of a pipeline, from start to end. It needs DVC.
"""Opens the repository, runs the pipeline or says what would run, and reports how it went."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import time

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage.cache import RunCacheNotSupported
from runner.cosmetic import CodeVersions
from runner.display import display
from runner.locks import links_open, lock, release_dead, unlock
from runner.pipeline import Pipeline, rehearse
from runner.records import VerifiedStageCache, read_json, replace
from runner.report import progress, report, show_rehearsal, summary, write_report
from runner.stages import Run


class Unsupported(Exception):
    """What the repository asks for is only in `dvc repro`."""


def run(options, launcher, folder: str) -> int:
    """Run the pipeline, or say what would run."""
    logging.getLogger("dvc").setLevel(logging.WARNING)  # no progress bars, no hints
    start = time.monotonic()
    screen = display()
    try:
        repo = Repo()
        if repo.config["core"].get("interactive"):
            raise Unsupported("core.interactive is set")
        repo.stage_cache = VerifiedStageCache(repo)
        lock(repo, screen)
        release_dead(repo)
        if options.pull:
            with contextlib.suppress(RunCacheNotSupported):
                repo.stage_cache.pull(None)
        pipeline = Pipeline(repo, options.targets, options.only)
    except (DvcException, OSError) as error:
        cause = f": {error.__cause__}" if error.__cause__ else ""
        screen.line(f"run.py: {error}{cause}")
        return 2
    try:
        if options.dry_run:
            return show_rehearsal(
                rehearse(repo, pipeline, options, CodeVersions(os.path.dirname(folder))), options, screen
            )
        unlock(repo)
        return work(Run(repo, pipeline, options, launcher, folder, screen), folder, start)
    finally:
        unlock(repo)
        repo.close()


def work(run: Run, folder: str, start: float) -> int:
    """Run with signals handled, and say how it went."""
    handled = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    handlers = {number: signal.signal(number, run.stop) for number in handled}
    error = None
    try:
        with run.repo.scm_context(quiet=True), links_open(run.repo):
            run.screen.show(lambda: progress(run))
            try:
                run.execute()
                run.remember_code()
            except (DvcException, OSError) as caught:
                error = caught
    finally:
        run.screen.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if run.stopped:
        run.launcher.kill()
    with contextlib.suppress(OSError):
        path = os.path.join(folder, "durations.json")
        replace(path, json.dumps({**read_json(path), **run.measured}, indent=0))
    seconds = time.monotonic() - start
    run.journal.end(seconds)
    write_report(run.options, report(run, seconds))
    for line in summary(run, seconds):
        run.screen.line(line)
    if error:
        run.screen.line(f"run.py: {error}")
    if run.stopped:
        return 128 + run.stopped
    return 1 if error or run.failed or run.unwritten else 0
