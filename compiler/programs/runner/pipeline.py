# Made by mlopsc: the pipeline of the runner. It needs DVC.
"""The stages of a DVC pipeline, their order, and what has changed of them."""

from __future__ import annotations

import contextlib
import os

from dvc.dvcfile import LOCK_FILE, PROJECT_FILE
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage.cache import RunCacheNotFoundError, _can_hash
from dvc.utils import parse_target
from runner.cosmetic import CodeVersions
from runner.records import mend
from runner.report import Outcome


class Pipeline:
    """The stages to bring up to date, in DVC's order of execution, and what depends on what.

    With ``only``, these are the targets without the stages that they depend on; ``order`` has all stages.
    """

    def __init__(self, repo: Repo, targets: list, only: bool = False) -> None:
        graph = load_graph(repo)
        active = get_active_graph(graph)  # without the edges from frozen stages to their deps
        selected = select(repo, targets)
        self.order = plan(active, [*selected, *select(repo, [])] if only else selected)
        alone = set(selected)
        self.stages = [stage for stage in self.order if stage in alone] if only else self.order
        self._active = active
        self.place = {stage: place for place, stage in enumerate(self.order) if not only or stage in alone}
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

    def unready_above(self, stage, code) -> str:
        """What a stage depends on, is not run here, and is not up to date; the empty string if there is nothing."""
        for up in self.upstream[stage]:
            if up not in self.place:
                if reason := unready(up, list(self._active.successors(up)), code):
                    return f"{up.addressing} is not up to date ({reason})"
        return ""

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


def change(stage, upstream: list, code: CodeVersions, allow_missing: bool = False) -> str:
    """Why a stage is not up to date, or the empty string: `stage.changed`, with a reason and without DVC's rwlock."""
    if stage.changed_stage():
        return "its command changed"
    if stage.is_callback or stage.always_changed:
        return "it runs always"
    for dep in () if stage.frozen else stage.deps:  # as DVC: what a frozen stage reads is not compared
        for path, status in dep.status().items():
            if allow_missing and status == "deleted" and not _moved_on(dep, upstream):
                continue
            if status != "modified" or not code.is_cosmetic(stage, dep):
                return _reason(path, status)
    for out in stage.outs:
        for path, status in out.status().items():
            if not (allow_missing and status in ("not in cache", "deleted")):
                return _reason(path, status)
    return ""


def unready(stage, upstream: list, code: CodeVersions) -> str:
    """Why what a stage made cannot be read yet, or the empty string.

    Its deps that other stages make are not compared: on another machine each would have to be hashed once more.
    """
    if stage.is_data_source or stage.frozen or stage.is_callback or stage.always_changed:
        deps = []
    elif stage.changed_stage():
        return "its command changed"
    else:
        made = {out.fs_path for up in upstream for out in up.outs}
        deps = [dep for dep in stage.deps if not is_within(getattr(dep, "fs_path", None), made)]
    for dep in deps:
        for path, status in dep.status().items():
            if status != "modified" or not code.is_cosmetic(stage, dep):
                return _reason(path, status)
    for out in stage.outs:
        for path, status in out.status().items():
            return _reason(path, status)
    return ""


def is_within(path, folders: set) -> bool:
    """Whether a path is one of these, or below one of them."""
    while path and path not in folders:
        parent = os.path.dirname(path)
        path = parent if parent != path else None
    return bool(path)


def _moved_on(dep, upstream: list) -> bool:
    """Whether an upstream stage has made another version of a dep that is not here."""
    outs = (out for stage in upstream for out in stage.outs)
    return any(out.fs_path == dep.fs_path and out.hash_info != dep.hash_info for out in outs)


def _reason(path: str, status) -> str:
    if isinstance(status, dict):  # params: {name: status}
        return f"{path}: " + ", ".join(f"{name} {state}" for name, state in status.items())
    return f"{path} is {status}"


def cosmetic(paths: list) -> str:
    """What is said of a stage that need not run although its code was edited."""
    return f"nothing to run: {', '.join(paths)} changed in comments or layout only"


def runs_inline(stage) -> bool:
    """Whether a stage has no command to run: `.dvc` files, imports, frozen stages."""
    return not stage.cmd or stage.frozen


def rehearse(repo: Repo, pipeline: Pipeline, options, code: CodeVersions) -> dict:
    """What would become of each stage, as outcomes; nothing is written."""
    outcomes: dict = {}
    for stage in pipeline.stages:
        upstream = pipeline.upstream[stage]
        outcome = outcomes[stage] = Outcome(stage.addressing, "unchanged")
        outcome.reason = "forced" if options.force else change(stage, upstream, code, allow_missing=options.pull)
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
            elif edits := code.accepted.get(stage):
                outcome.status, outcome.reason = "cosmetic", cosmetic(list(edits))
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
