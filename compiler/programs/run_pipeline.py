# Made by mlopsc: the pipeline of the runner. It needs DVC.
"""Loads a DVC pipeline, decides what must run, and runs it. Only the main thread touches DVC."""

from __future__ import annotations

import contextlib
import glob
import heapq
import json
import logging
import os
import queue
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

import dvc.rwlock
import psutil
from dvc.dependency.db import AbstractDependency
from dvc.dependency.repo import RepoDependency
from dvc.dvcfile import LOCK_FILE, PROJECT_FILE
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage import PipelineStage
from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported, _can_hash
from dvc.stage.run import _enforce_cmd_list, _make_cmd, _pull_missing_deps, get_executable, prepare_kwargs
from dvc.utils import parse_target
from run_display import StageOutput, display, span
from run_records import IgnoredOuts, LockFile, VerifiedStageCache, damaged, discard, mend, replace, write_single

CALLS_DVC = re.compile(r"\b(dvc|make|run\.py)\b")
"""A command that may want DVC's lock on the repository: nothing else is recorded while it runs."""


class Unsupported(Exception):
    """What the repository asks for is only in `dvc repro`."""


@dataclass
class Outcome:
    """What became of a stage; the report lists these."""

    stage: str
    status: str = "not started"
    reason: str = ""
    seconds: float = 0.0
    saved_seconds: float = 0.0
    log: str = ""


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


class Pipeline:
    """The stages to bring up to date, in DVC's order of execution, and what depends on what."""

    def __init__(self, repo: Repo, targets: list) -> None:
        graph = load_graph(repo)
        active = get_active_graph(graph)  # without the edges from frozen stages to their deps
        self.stages = plan(active, select(repo, targets))
        self.place = {stage: place for place, stage in enumerate(self.stages)}
        self.upstream = {stage: list(active.successors(stage)) for stage in self.stages}
        self.downstream = {
            stage: [down for down in active.predecessors(stage) if down in self.place] for stage in self.stages
        }
        # A frozen stage reads its deps all the same, so it waits while an upstream stage writes them.
        self.waits_for = {stage: {up for up in graph.successors(stage) if up in self.place} for stage in self.stages}
        self.waited_for_by: dict = {stage: [] for stage in self.stages}
        for stage, ups in self.waits_for.items():
            for up in ups:
                self.waited_for_by[up].append(stage)

    def longest_paths(self, durations: dict) -> dict:
        """Seconds from the start of each stage to the end of the last one that depends on it."""
        known = list(durations.values())
        default = sum(known) / len(known) if known else 1.0
        paths: dict = {}
        for stage in reversed(self.stages):
            below = max((paths.get(down, 0.0) for down in self.waited_for_by[stage]), default=0.0)
            paths[stage] = below + (durations.get(stage.addressing, default) if stage.cmd else 0.0)
        return paths

    def below(self, stage) -> set:
        """All stages that need what a stage makes."""
        found, todo = set(), [stage]
        while todo:
            for down in self.downstream[todo.pop()]:
                if down not in found:
                    found.add(down)
                    todo.append(down)
        return found


def load_graph(repo: Repo):
    """DVC's graph of all stages. A dvc.lock whose writer was killed is mended first."""
    while True:
        try:
            return repo.index.graph
        except DvcException as error:
            path = os.path.abspath(getattr(error, "path", None) or os.curdir)
            message = mend(path) if os.path.basename(path) == LOCK_FILE else None
            if message is None:
                raise
            print(message, flush=True)
            repo._reset()


def select(repo: Repo, targets: list) -> list:
    """The stages that targets name. DVC would read dvc.yaml and dvc.lock once more for each."""
    stages: dict = {}
    for target in targets or [PROJECT_FILE]:
        path, name = parse_target(target)
        path = os.path.abspath(path or PROJECT_FILE)
        there = [stage for stage in repo.index.stages if stage.path == path]
        if name:
            named = [stage for stage in there if getattr(stage, "name", None) == name]
            there = named or [stage for stage in there if f"{stage.raw_data.generated_from}" == name]
        stages.update(dict.fromkeys(there or collect_stages(repo, [target])))
    return list(stages)


def plan(graph, targets: list) -> list:
    """DVC's order of execution. For a few targets DVC's own is another one each time, by the order of a set."""
    ordered = graph.__class__()
    wanted = set(plan_repro(graph, targets))
    ordered.add_nodes_from(stage for stage in graph if stage in wanted)
    ordered.add_edges_from(edge for edge in graph.edges if edge[0] in wanted)
    return plan_repro(ordered)


def change(stage, upstream: list, allow_missing: bool = False) -> str:
    """Why a stage is not up to date, or the empty string: `stage.changed`, with a reason and without DVC's rwlock."""
    if stage.changed_stage():
        return "its command changed"
    if stage.is_callback or stage.always_changed:
        return "it runs always"
    for dep in stage.deps:
        for path, status in dep.status().items():
            if allow_missing and status == "deleted" and not _moved_on(dep, upstream):
                continue
            if not is_cosmetic(stage, dep):
                return _reason(path, status)
    for out in stage.outs:
        for path, status in out.status().items():
            if not (allow_missing and status in ("not in cache", "deleted")):
                return _reason(path, status)
    return ""


def is_cosmetic(stage, dep) -> bool:
    """Whether a dep that changed still means the same to a stage. Nothing is known to, so far."""
    return False


def _moved_on(dep, upstream: list) -> bool:
    """Whether an upstream stage has made another version of a dep that is not here."""
    outs = (out for stage in upstream for out in stage.outs)
    return any(out.fs_path == dep.fs_path and out.hash_info != dep.hash_info for out in outs)


def _reason(path: str, status) -> str:
    if isinstance(status, dict):  # params: {name: status}
        return f"{path}: " + ", ".join(f"{name} {state}" for name, state in status.items())
    return f"{path} is {status}"


class Machine:
    """The processors, memory and GPUs that running stages share."""

    def __init__(self, resources: dict) -> None:
        self._resources = resources
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            self.gpus = sorted(re.sub(r"\D", "", path) for path in glob.glob("/dev/nvidia[0-9]*"))
        else:
            self.gpus = [gpu for gpu in visible.split(",") if gpu.strip()]
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # A stage that asks for a GPU where none is to be seen gets what there is, alone.
        self.all = {"cpu": processors, "memory": psutil.virtual_memory().total, "gpu": len(self.gpus) or 1}
        self.free = dict(self.all)

    def needs(self, stage) -> dict:
        """What a stage asks for; of a thing that this machine has less of, all."""
        names = [stage.addressing, getattr(stage, "name", None), stage.raw_data.generated_from]
        asked = next((self._resources[name] for name in names if name in self._resources), {})
        return {key: min(quantity(asked[key]), self.all[key]) for key in self.all if key in asked}

    def fits(self, needs: dict) -> bool:
        return all(self.free[key] >= amount for key, amount in needs.items())

    def take(self, needs: dict) -> list:
        """Take resources away from the others; the GPUs that were taken."""
        for key, amount in needs.items():
            self.free[key] -= amount
        count = int(needs.get("gpu", 0)) if self.gpus else 0
        taken, self.gpus = self.gpus[:count], self.gpus[count:]
        return taken

    def give_back(self, needs: dict, gpus: list) -> None:
        for key, amount in needs.items():
            self.free[key] += amount
        self.gpus = sorted([*self.gpus, *gpus])


def quantity(value) -> float:
    """A Kubernetes quantity as a number: 2, "500m", "8Gi"."""
    scales = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    number, scale = re.fullmatch(r"([\d.]+)\s*([a-zA-Z]*)", str(value)).groups()
    return float(number) * scales.get(scale, 1)


def read_json(path: str) -> dict:
    """A JSON file of ours; empty if it is not there or was cut off."""
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


class Run:
    """One run of a pipeline."""

    def __init__(self, repo: Repo, pipeline: Pipeline, options, launcher, folder: str, screen) -> None:
        self.repo, self.pipeline, self.options = repo, pipeline, options
        self.launcher, self.screen = launcher, screen
        self.logs = os.path.join(folder, "logs")
        self.durations = read_json(os.path.join(folder, "durations.json"))
        self.machine = Machine(read_json(os.path.join(os.path.dirname(folder), "run.json")).get("resources", {}))
        self.outcomes = {stage: Outcome(stage.addressing) for stage in pipeline.stages}
        self.running: dict = {}
        self.lockfiles: dict = {}
        self.ignored = IgnoredOuts()
        self.flushed, self.flush_seconds = 0.0, 0.0
        self.stopped = 0  # the signal that ended the run
        self.failed: list = []
        self.unwritten: OSError | None = None  # why dvc.lock could not be written
        self.left = {stage: len(ups) for stage, ups in pipeline.waits_for.items()}
        self.paths = pipeline.longest_paths(self.durations)
        self.ready: list = []
        for stage in pipeline.stages:
            if not self.left[stage]:
                self._make_ready(stage)

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

    # Which stage is next

    def _make_ready(self, stage) -> None:
        place = self.pipeline.place[stage]
        if self.options.jobs == 1:
            key = (place,)  # DVC's order
        elif runs_inline(stage):
            key = (float("-inf"), place)
        else:
            key = (-self.paths[stage], place)
        heapq.heappush(self.ready, (key, place, stage))

    def _next(self):
        """The first ready stage that the machine has room for, if there is one."""
        passed_over, chosen = [], None
        while self.ready and chosen is None:
            item = heapq.heappop(self.ready)
            if self.machine.fits(self.machine.needs(item[2])):
                chosen = item[2]
            else:
                passed_over.append(item)
        for item in passed_over:
            heapq.heappush(self.ready, item)
        return chosen

    def _begin_stages(self) -> None:
        while len(self.running) < self.options.jobs and not self._is_ending():
            stage = self._next()
            if stage is None:
                return
            try:
                self._begin(stage)
            except Exception as error:
                self._fail(stage, error)
            if self.running:
                if any(run_calls_dvc(run) for run in self.running.values()):
                    return
                while not self.launcher.exits.empty():
                    self._end(self.launcher.exits.get())

    def _is_ending(self) -> bool:
        return bool(self.stopped or self.unwritten or (self.failed and not self.options.keep_going))

    # One stage

    def _begin(self, stage) -> None:
        """Do without running a stage's command if that can be; start it otherwise."""
        self._mend_cache(stage)
        upstream = self.pipeline.upstream[stage]
        if runs_inline(stage):
            return self._reproduce_inline(stage, upstream)
        reason = "forced" if self.options.force else change(stage, upstream)
        if not reason:
            return self._settle(stage, "unchanged", saved=True)
        outcome = self.outcomes[stage]
        outcome.reason = reason
        if self.options.pull and not self.options.force and not change(stage, upstream, allow_missing=True):
            self.screen.line("pulling what is missing", stage.addressing)
            with contextlib.suppress(CheckoutError):
                self.repo.pull(stage.addressing)
                stage.checkout()
                return self._settle(stage, "pulled", saved=True)
        with contextlib.ExitStack() as hold:
            self._until_free(lambda: hold.enter_context(self._paths_held(stage)))
            for out in stage.outs:
                if out.persist:
                    out.unprotect()
                else:
                    out.remove(ignore_remove=False)
            if not self.options.force:
                if self._restore(stage):
                    return self._settle(stage, "restored", saved=True)
                stage.save_deps()
            return self._start(stage, hold.pop_all())

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
                self._save(stage)
        except Exception as error:
            return self._fail(stage, error)
        self.durations[stage.addressing] = round(self.outcomes[stage].seconds, 3)
        return self._settle(stage, "ran")

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
        self.lockfiles.setdefault(path, LockFile(path)).record(stage, self.pipeline.place[stage])
        return None

    def _fail(self, stage, error: Exception) -> None:
        outcome = self.outcomes[stage]
        outcome.status = "interrupted" if self.stopped else "failed"
        outcome.reason = (
            str(error) if isinstance(error, (DvcException, OSError)) else f"{type(error).__name__}: {error}"
        )
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
        self._release(stage)

    def _settle(self, stage, status: str, saved: bool = False) -> None:
        self.outcomes[stage].status = status
        if saved:
            self.outcomes[stage].saved_seconds = self.durations.get(stage.addressing, 0.0)
        self._release(stage)

    def _release(self, stage) -> None:
        """Count a stage as dealt with, and make ready what waited for it alone."""
        todo = [stage]
        while todo:
            for down in self.pipeline.waited_for_by[todo.pop()]:
                self.left[down] -= 1
                if not self.left[down]:
                    if self.outcomes[down].status == "blocked":
                        todo.append(down)
                    else:
                        self._make_ready(down)

    def _mend_cache(self, stage) -> None:
        """Find damaged objects of a stage's outs, and make them again from the workspace if they are whole there."""
        for out in stage.outs:
            paths = damaged(out)
            if not paths:
                continue
            discard(paths)
            whole = not out.workspace_status()
            if whole:
                out.commit()
            more = "made again" if whole else "removed"
            self.screen.line(f"{out} was damaged in the cache: {more}", stage.addressing)

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

    def _paths_held(self, stage):
        """DVC's lock on what a stage reads and writes, under the stage's own name."""
        reads = [dep.fs_path for dep in stage.deps if not isinstance(dep, (RepoDependency, AbstractDependency))]
        writes = [out.fs_path for out in stage.outs]
        hardlink = self.repo.config["core"].get("hardlink_lock", False)
        return dvc.rwlock.rwlock(self.repo.tmp_dir, self.repo.fs, acting_as(stage), reads, writes, hardlink)

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
                if exits[-1] is None or not any(run_calls_dvc(run) for run in running.values()):
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
        """Handle a signal: pass it on to the commands, and end once they have. The second one ends us at once."""
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = signum
        self.launcher.stop(signum)

    # What to show

    def progress(self) -> tuple:
        """For the live view, which another thread draws: counts, running stages, seconds left."""
        counts = Counter(outcome.status for outcome in list(self.outcomes.values()))
        counts["waiting"] = counts.pop("not started", 0)
        runs = list(self.running.values())
        now = time.monotonic()
        if not self.durations:
            return counts, [(run.stage.addressing, run.started) for run in runs], 0.0
        waiting = [stage for stage, outcome in list(self.outcomes.items()) if outcome.status == "not started"]
        spent = sum(min(now - run.started, self.durations.get(run.stage.addressing, 0.0)) for run in runs)
        work = (
            sum(self.durations.get(stage.addressing, 0.0) for stage in [*waiting, *(run.stage for run in runs)]) - spent
        )
        path = max((self.paths[run.stage] - (now - run.started) for run in runs), default=0.0)
        left = max(work / self.options.jobs, path)
        return counts, [(run.stage.addressing, run.started) for run in runs], left

    def report(self, seconds: float) -> dict:
        """What was done, as data."""
        outcomes = [asdict(outcome) for outcome in self.outcomes.values()]
        return {
            "jobs": self.options.jobs,
            "seconds": round(seconds, 3),
            "saved_seconds": round(sum(outcome["saved_seconds"] for outcome in outcomes), 3),
            "counts": dict(Counter(outcome["status"] for outcome in outcomes)),
            "signal": self.stopped or None,
            "stages": [{**outcome, "seconds": round(outcome["seconds"], 3)} for outcome in outcomes],
        }

    def summary(self, seconds: float) -> list:
        """The last lines: what was done, and what went wrong at the very end."""
        counts = Counter(outcome.status for outcome in self.outcomes.values())
        done = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no stages"
        saved = sum(outcome.saved_seconds for outcome in self.outcomes.values())
        lines = [f"{done} in {span(seconds)}" + (f", {span(saved)} saved" if saved >= 1 else "")]
        if self.unwritten:
            lines.append(
                f"dvc.lock could not be written ({self.unwritten}): run again, and what is cached is not run again"
            )
        if self.stopped:
            lines.append(f"stopped by {signal.Signals(self.stopped).name}: run again to go on from here")
        for stage in self.failed:
            outcome = self.outcomes[stage]
            where = f": its output is in {outcome.log}" if outcome.log else ""
            lines.append(f"failed: {outcome.stage}: {outcome.reason}{where}")
        return lines


def acting_as(stage) -> str:
    """Who holds the paths of a running stage, for DVC's rwlock."""
    return f"{' '.join(sys.argv)} [{stage.addressing}]"


@contextlib.contextmanager
def acting_for(stage):
    """Let DVC lock paths for a stage that holds them already: its rwlock asks who we are, by `sys.argv`."""
    arguments = sys.argv
    sys.argv = [acting_as(stage)]
    try:
        yield
    finally:
        sys.argv = arguments


@contextlib.contextmanager
def links_open(repo: Repo):
    """Keep DVC's database of links open: DVC opens and closes it for each out, which takes longer than the rest."""
    links = getattr(repo.state, "links", None)
    if links is None:
        yield
        return
    links.close = lambda: None
    try:
        yield
    finally:
        del links.close
        links.close()


def runs_inline(stage) -> bool:
    """Whether a stage has no command to run: `.dvc` files, imports, frozen stages."""
    return not stage.cmd or stage.frozen


def run_calls_dvc(run: Running) -> bool:
    return any(CALLS_DVC.search(command) for command in run.commands)


def describe(command: str, returncode: int) -> str:
    """How a command ended, for people."""
    line = command if len(command) <= 80 else f"{command[:77]}..."
    if returncode < 0:
        return f"`{line}` was ended by {signal.Signals(-returncode).name}"
    return f"`{line}` ended with exit status {returncode}"


def lock(repo: Repo, screen) -> None:
    """Take DVC's lock on the repository; another DVC process may hold it for minutes."""
    waiting = False
    while True:
        try:
            repo.lock.lock()
            break
        except LockError:
            if not waiting:
                screen.line("waiting for another DVC process to release its lock on the repository")
            waiting = True
    repo._lock_depth = 1  # so that what is called here does not take it again


def unlock(repo: Repo) -> None:
    repo._lock_depth = 0
    if repo.lock.is_locked:
        repo.lock.unlock()


def release_dead(repo: Repo) -> None:
    """Take processes that are gone out of DVC's rwlock. DVC takes zombies for alive, and a broken file for a reason to fail."""
    path = os.path.join(repo.tmp_dir, dvc.rwlock.RWLOCK_FILE)
    if not os.path.exists(path):
        return
    written = os.path.getmtime(path)
    try:
        with dvc.rwlock._edit_rwlock(repo.tmp_dir, repo.fs, repo.config["core"].get("hardlink_lock", False)) as entries:
            for name, holder in list(entries["write"].items()):
                if is_gone(holder["pid"], written):
                    del entries["write"][name]
            for name, holders in list(entries["read"].items()):
                entries["read"][name] = [holder for holder in holders if not is_gone(holder["pid"], written)]
                if not entries["read"][name]:
                    del entries["read"][name]
    except (dvc.rwlock.RWLockFileCorruptedError, dvc.rwlock.RWLockFileFormatError):
        os.unlink(path)


def is_gone(pid: int, written: float) -> bool:
    """Whether the process that wrote its id into a file has ended; another one may have got its id."""
    try:
        process = psutil.Process(pid)
        return pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE or process.create_time() > written + 1
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def rehearse(repo: Repo, pipeline: Pipeline, options) -> dict:
    """What would become of each stage, as outcomes; nothing is written."""
    outcomes: dict = {}
    for stage in pipeline.stages:
        upstream = pipeline.upstream[stage]
        outcome = outcomes[stage] = Outcome(stage.addressing, "unchanged")
        outcome.reason = "forced" if options.force else change(stage, upstream)
        if outcome.reason:
            outcome.status = "would be committed" if runs_inline(stage) else "would run"
            if not options.force and not runs_inline(stage):
                with contextlib.suppress(DvcException, OSError):
                    if is_in_run_cache(repo, stage):
                        outcome.status = "would be restored"
        elif not runs_inline(stage):
            above = [up.addressing for up in upstream if outcomes[up].status in ("would run", "may run")]
            if above:
                outcome.status, outcome.reason = "may run", f"after {', '.join(above)}"
    return outcomes


def is_in_run_cache(repo: Repo, stage) -> bool:
    """Whether DVC would restore a stage that is not up to date."""
    cache = repo.stage_cache
    if stage.deps_cached():
        try:
            cache.restore(stage, dry=True)
        except RunCacheNotFoundError:
            return False
        return True
    stage.save_deps()
    entry = cache._load(stage) if _can_hash(stage) else None
    return bool(entry) and cache._create_stage(entry, wdir=stage.wdir).outs_cached()


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
        pipeline = Pipeline(repo, options.targets)
    except (DvcException, OSError) as error:
        cause = f": {error.__cause__}" if error.__cause__ else ""
        screen.line(f"run.py: {error}{cause}")
        return 2
    try:
        if options.dry_run:
            return show_rehearsal(rehearse(repo, pipeline, options), options, screen)
        unlock(repo)
        return work(Run(repo, pipeline, options, launcher, folder, screen), folder, start)
    finally:
        unlock(repo)
        repo.close()


def show_rehearsal(outcomes: dict, options, screen) -> int:
    for outcome in outcomes.values():
        if outcome.status != "unchanged":
            screen.line(f"{outcome.status}: {outcome.reason}", outcome.stage)
    counts = Counter(outcome.status for outcome in outcomes.values())
    screen.line(", ".join(f"{count} {status}" for status, count in counts.items()) or "no stages")
    write_report(options, {"counts": dict(counts), "stages": [asdict(outcome) for outcome in outcomes.values()]})
    return 0


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
            run.screen.show(run.progress)
            try:
                run.execute()
            except (DvcException, OSError) as caught:
                error = caught
    finally:
        run.screen.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if run.stopped:
        run.launcher.kill()
    with contextlib.suppress(OSError):
        replace(os.path.join(folder, "durations.json"), json.dumps(run.durations, indent=0))
    seconds = time.monotonic() - start
    write_report(run.options, run.report(seconds))
    for line in run.summary(seconds):
        run.screen.line(line)
    if error:
        run.screen.line(f"run.py: {error}")
    if run.stopped:
        return 128 + run.stopped
    return 1 if error or run.failed or run.unwritten else 0


def write_report(options, report: dict) -> None:
    if options.json:
        with contextlib.suppress(OSError), open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
            file.write("\n")
