# Made by mlopsc: runs the stages of a pipeline. It needs DVC.
"""Runs what must run of a DVC pipeline. Only the main thread touches DVC; commands are child processes."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import time
from dataclasses import dataclass

from dvc.dvcfile import LOCK_FILE
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.run import _enforce_cmd_list, _make_cmd, _pull_missing_deps, get_executable, prepare_kwargs
from runner.cosmetic import CodeVersions
from runner.display import StageOutput
from runner.journal import Journal, NoJournal
from runner.locks import acting_for, calls_dvc, lock, paths_held, unlock
from runner.machine import Machine
from runner.pipeline import Pipeline, change, cosmetic, runs_inline
from runner.records import (
    IgnoredOuts,
    LockFile,
    damaged,
    discard,
    mend_cache,
    read_json,
    write_single,
)
from runner.report import Outcome, describe
from runner.schedule import Schedule


@dataclass
class Running:
    """A stage whose commands run."""

    stage: object
    commands: list
    started: float
    output: StageOutput
    needs: dict
    gpus: list
    hold: contextlib.ExitStack


class Run:
    """One run of a pipeline."""

    def __init__(self, repo: Repo, pipeline: Pipeline, options, launcher, folder: str, screen) -> None:
        self.repo, self.pipeline, self.options = repo, pipeline, options
        self.launcher, self.screen = launcher, screen
        self.logs = os.path.join(folder, "logs")
        self.journal = NoJournal() if options.nested or options.only else Journal(folder)
        self.durations = read_json(os.path.join(folder, "durations.json"))
        self.measured: dict = {}  # the durations of this run
        self.machine = Machine(read_json(os.path.join(os.path.dirname(folder), "run.json")).get("resources", {}))
        self.code = CodeVersions(os.path.dirname(folder))
        self.outcomes = {stage: Outcome(stage.addressing) for stage in pipeline.stages}
        self.running: dict = {}
        self.lockfiles: dict = {}
        self.ignored = IgnoredOuts()
        self.flushed, self.flush_seconds = 0.0, 0.0
        self.stopped, self.stopped_at = 0, 0.0  # the signal that ended the run
        self.failed: list = []
        self.unwritten: OSError | None = None  # why dvc.lock could not be written
        self.schedule = Schedule(pipeline, options.jobs, self.machine, self.durations)

    def execute(self) -> None:
        """Bring all stages up to date, as far as they do not fail."""
        self._lock()
        try:
            while True:
                self._begin_stages()
                if not self.running:
                    break
                self._wait()
        finally:
            for run in self.running.values():
                run.hold.close()
            self._flush()
            self._unlock()

    def _begin_stages(self) -> None:
        while len(self.running) < self.options.jobs and not self._is_ending():
            stage = self.schedule.next()
            if stage is None:
                return
            try:
                self._begin(stage)
            except Exception as error:
                self._fail(stage, error)
            if self.running:
                if any(calls_dvc(run.commands) for run in self.running.values()):
                    return
                while not self.launcher.exits.empty():
                    self._end(self.launcher.exits.get())

    def _is_ending(self) -> bool:
        return bool(self.stopped or self.unwritten or (self.failed and not self.options.keep_going))

    # One stage

    def _begin(self, stage) -> None:
        """Do without running a stage's command if that can be; start it otherwise."""
        if self.options.only and (unready := self.pipeline.unready_above(stage, self.code)):
            raise DvcException(unready)
        for message in mend_cache(stage):
            self.screen.line(message, stage.addressing)
        upstream = self.pipeline.upstream[stage]
        if runs_inline(stage):
            return self._reproduce_inline(stage, upstream)
        reason = "forced" if self.options.force else change(stage, upstream, self.code)
        if not reason:
            if edits := self.code.accepted.get(stage):
                return self._accept(stage, list(edits))
            return self._settle(stage, "unchanged", saved=True)
        outcome = self.outcomes[stage]
        outcome.reason = reason
        if self.options.pull and not self.options.force and not change(stage, upstream, self.code, allow_missing=True):
            self.screen.line("pulling what is missing", stage.addressing)
            with contextlib.suppress(CheckoutError):
                self.repo.pull(stage.addressing)
                stage.checkout()
                if stage in self.code.accepted:
                    self.code.accept(stage)
                    self._record(stage)
                return self._settle(stage, "pulled", saved=True)
        with contextlib.ExitStack() as hold:
            self._until_free(lambda: hold.enter_context(paths_held(self.repo, stage)))
            for out in stage.outs:
                if out.persist:
                    out.unprotect()
                else:
                    out.remove(ignore_remove=False)
            if not self.options.force:
                if self._restore(stage):
                    return self._settle(stage, "restored", saved=True)
            if self.options.only or not self.options.force:
                stage.save_deps()
            return self._start(stage, hold.pop_all())

    def _accept(self, stage, paths: list) -> None:
        """Record the new hashes of code that means what it meant, as `dvc commit` would. The run cache is left as it is."""
        self.screen.line(cosmetic(paths), stage.addressing)
        self.code.accept(stage)
        self._record(stage)
        self._settle(stage, "cosmetic", saved=True)

    def remember_code(self) -> None:
        """Keep what the code means that the stages ran with; nothing where it is unknown what dvc.lock has."""
        if self.failed or self.stopped or self.unwritten:
            return
        if self.options.only:
            self._lock()  # others work at the same time
            try:
                changed = self.code.add(list(self.outcomes))
            finally:
                self._unlock()
        else:
            others = [stage for stage in self.repo.index.stages if stage not in self.outcomes]
            changed = self.code.remember(list(self.outcomes), others)
        if changed:
            self.repo.scm_context.track_file(os.path.relpath(self.code.path))

    def _restore(self, stage) -> bool:
        """Take a stage's outs out of the run cache, if they are there."""
        if self.options.pull:
            _pull_missing_deps(stage)
        try:
            with acting_for(stage):
                self.repo.stage_cache.restore(stage, pull=self.options.pull)
        except RunCacheNotFoundError:
            return False
        self._save(stage)
        self.screen.line("restored from the run cache", stage.addressing)
        return True

    def _reproduce_inline(self, stage, upstream: list) -> None:
        """A `.dvc` file, an import or a frozen stage: nothing runs, and DVC does it all."""
        if stage.frozen and not stage.is_import:
            self.screen.line("frozen: its deps are not brought up to date", stage.addressing)
        options = {"force": self.options.force, "pull": self.options.pull, "run_cache": True}
        if self._until_free(lambda: stage.reproduce(upstream=upstream, interactive=False, **options)):
            self._record(stage)
            return self._settle(stage, "committed")
        return self._settle(stage, "unchanged")

    def _start(self, stage, hold: contextlib.ExitStack) -> None:
        name = stage.addressing
        commands = _enforce_cmd_list(stage.cmd)
        output = StageOutput(name, self.logs, self.screen)
        needs = self.machine.needs(stage)
        run = Running(stage, commands, time.monotonic(), output, needs, self.machine.take(needs), hold)
        place = self.pipeline.place[stage]
        self.running[place] = run
        self.outcomes[stage].status, self.outcomes[stage].log = "running", os.path.relpath(output.path)
        self.journal.note(self.outcomes[stage])
        for command in commands:
            output(f"> {command}\n".encode())
        settings = prepare_kwargs(stage)
        if run.gpus and self.options.jobs > 1:
            settings["env"]["CUDA_VISIBLE_DEVICES"] = ",".join(run.gpus)
        words = [_make_cmd(get_executable(), command) for command in commands]
        stdin = self.options.jobs == 1 and not (sys.stdin is None or sys.stdin.closed or sys.stdin.isatty())
        self.launcher.start(place, words, settings["cwd"], settings["env"], stdin, output)

    def _end(self, exit_) -> None:
        """Record what a stage made whose commands have ended."""
        if exit_ is None:
            raise DvcException("the process that starts the commands was killed")
        run = self.running.pop(exit_.job)
        stage = run.stage
        self.machine.give_back(run.needs, run.gpus)
        self.outcomes[stage].seconds = time.monotonic() - run.started
        try:
            with run.hold:
                if exit_.returncode:
                    raise DvcException(describe(run.commands[exit_.place], exit_.returncode))
                if self.options.only:
                    self._keep_deps(stage)
                self._save(stage)
        except Exception as error:
            return self._fail(stage, error)
        self.measured[stage.addressing] = round(self.outcomes[stage].seconds, 3)
        return self._settle(stage, "ran")

    def _keep_deps(self, stage) -> None:
        """Record the files and params that a stage has read as they were when it began: a job may run for days.

        Folders are hashed again, as by DVC: commands leave files in them, of compiled code for one.
        """
        for dep in stage.deps:
            if str(dep.hash_info.value).endswith(".dir"):  # of params, the value is a mapping
                dep.save()
            elif dep.status():
                self.screen.line(f"{dep} was edited while the stage ran: the next run runs it again", stage.addressing)
        stage.save_deps = lambda allow_missing=False: None

    def _save(self, stage) -> None:
        """Hash what a stage made, put it into the cache, and record it."""
        ignored = self.repo.scm_context.ignored_paths
        before = len(ignored)
        try:
            uncached = any(not out.use_cache for out in stage.outs if not (out.is_metric or out.is_plot))
            stage.save(run_cache=not uncached)
            for out in stage.outs:
                discard(damaged(out))  # DVC would take it for there and not put it there
                out.commit()
        except BaseException:
            for path in ignored[before:]:
                self.repo.scm_context.ignore_remove(path)
            raise
        self.ignored.sort(ignored[before:], self.pipeline.place[stage])
        self._record(stage)

    def _record(self, stage) -> None:
        if not isinstance(stage, PipelineStage):
            return write_single(stage)
        path = os.path.splitext(stage.path)[0] + os.path.splitext(LOCK_FILE)[1]
        if path not in self.lockfiles:
            order = [other.name for other in self.pipeline.order if other.path == stage.path]
            self.lockfiles[path] = LockFile(path, order if self.options.only else [])
        self.lockfiles[path].record(stage, self.pipeline.place[stage])
        return None

    def _fail(self, stage, error: Exception) -> None:
        outcome = self.outcomes[stage]
        outcome.status = "interrupted" if self.stopped else "failed"
        outcome.reason = (
            str(error) if isinstance(error, (DvcException, OSError)) else f"{type(error).__name__}: {error}"
        )
        self.journal.note(outcome)
        if self.stopped:
            return
        self.failed.append(stage)
        self.screen.line(f"failed: {outcome.reason}", outcome.stage)
        if os.environ.get("MLOPS_DEBUG"):
            import traceback

            self.screen.line("".join(traceback.format_exception(type(error), error, error.__traceback__)))
        for down in self.pipeline.below(stage):
            self.outcomes[down].status = "blocked"
            self.outcomes[down].reason = f"{outcome.stage} failed"
            self.journal.note(self.outcomes[down])
        self.schedule.release(stage, self._is_blocked)

    def _is_blocked(self, stage) -> bool:
        return self.outcomes[stage].status == "blocked"

    def _settle(self, stage, status: str, saved: bool = False) -> None:
        self.outcomes[stage].status = status
        if saved:
            self.outcomes[stage].saved_seconds = self.durations.get(stage.addressing, 0.0)
        self.journal.note(self.outcomes[stage])
        self.schedule.release(stage, self._is_blocked)

    # Locks

    def _lock(self) -> None:
        lock(self.repo, self.screen)
        self.repo.scm._reset()  # a stage may have written .gitignore

    def _unlock(self) -> None:
        unlock(self.repo)

    def _until_free(self, action):
        """Do what needs paths that another DVC process may be using. `dvc repro` fails then; this waits."""
        waiting = False
        while True:
            try:
                return action()
            except LockError as error:
                if self.stopped or self.options.nested:  # the stage that started us may be what holds the path
                    raise
                if not waiting:
                    self.screen.line(f"waiting: {' '.join(str(error).partition('If there are no')[0].split())}")
                waiting = True
            self._unlock()
            time.sleep(0.5)
            self._lock()

    # Waiting

    def _wait(self) -> None:
        """Wait for a command to end, with the repository's lock released as DVC does while a command runs."""
        exits = []
        timeout = self._flush_when_due()
        self._unlock()
        try:
            running = dict(self.running)
            with contextlib.suppress(queue.Empty):
                exits.append(self.launcher.exits.get(timeout=timeout))
            while exits:
                # A stage that calls dvc wants the lock for itself.
                if exits[-1] is not None:
                    running.pop(exits[-1].job)
                if exits[-1] is None or not any(calls_dvc(run.commands) for run in running.values()):
                    break
                exits.append(self.launcher.exits.get())
        finally:
            self._lock()
        for exit_ in exits:
            self._end(exit_)

    def _flush_when_due(self):
        """Write what is recorded, but spend no more than a tenth of the time on it; the seconds to the next time."""
        pending = any(lockfile.pending for lockfile in self.lockfiles.values())
        due = self.flushed + 10 * self.flush_seconds - time.monotonic()
        if pending and due > 0:
            return due
        self._flush()
        return None

    def _flush(self) -> None:
        start = time.monotonic()
        try:
            for lockfile in self.lockfiles.values():
                if lockfile.write():
                    self.repo.scm_context.track_file(os.path.relpath(lockfile.path))
            self.unwritten = None
        except OSError as error:  # no space: what is there stays as it was, and the last flush tries again
            self.unwritten = error
        self.flushed = time.monotonic()
        self.flush_seconds = self.flushed - start

    def stop(self, signum: int, frame) -> None:
        """Handle a signal: pass it on to the commands, and end once they have. A later Ctrl-C ends us at once."""
        if not self.stopped:
            self.stopped, self.stopped_at = signum, time.monotonic()
            with contextlib.suppress(OSError):
                self.launcher.stop(signum)
        elif signum == signal.SIGINT and time.monotonic() > self.stopped_at + 1:  # make sends what it gets once more
            raise KeyboardInterrupt
