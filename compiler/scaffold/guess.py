"""Guess the first spec of a repository: stages, inputs and outputs, from its scripts, Makefile and CI. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..adopt.observed import PARAMS_FILE
from ..adopt.out_key import out_key
from ..adopt.param_use import used_keys
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .candidates import Script, candidates, executed, step_index
from .names import names
from .refusal import Refusal

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and the reason for it."""

    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class GuessedOut:
    """An out. ``cached`` says whether DVC keeps it."""

    path: str
    cached: bool
    reason: str


@dataclass(slots=True)
class Guess:
    """One stage, with the reason for each of its parts. ``deps`` and ``outs`` map paths from the root to reasons.

    ``unsure`` says what is not known of it, one line each.
    """

    name: str
    script: str
    cmd: str
    reason: str
    wdir: str = "."
    deps: dict[str, str] = field(default_factory=dict)
    outs: dict[str, str] = field(default_factory=dict)
    params: list[Any] = field(default_factory=list)
    params_reason: str = ""
    unsure: list[str] = field(default_factory=list)

    def relative(self, path: str) -> str:
        """A path as the stage states it."""
        return posixpath.relpath(path, self.wdir)

    def outs_by_key(self, tracked: Collection[str]) -> dict[str, list[GuessedOut]]:
        """The outs under `outs`, `metrics` and `plots`; ``tracked`` are the files in Git, which DVC must not cache."""
        groups: dict[str, list[GuessedOut]] = {"outs": [], "metrics": [], "plots": []}
        for path, reason in self.outs.items():
            key = out_key(path)
            groups[key].append(GuessedOut(self.relative(path), key != "metrics" and path not in tracked, reason))
        return {key: outs for key, outs in groups.items() if outs}


@dataclass(slots=True)
class GuessedSpec:
    """The whole guess. ``left_out`` are the scripts that are no stages, each with the reason."""

    project: str
    stack: dict[str, Setting]
    stages: list[Guess] = field(default_factory=list)
    left_out: Sequence[str] = ()

    @property
    def outputs(self) -> dict[str, str]:
        """The script that writes each out."""
        return {path: stage.script for stage in self.stages for path in stage.outs}


def guess(snapshot: Snapshot, folder: str, tracked: Collection[str], params: Collection[str]) -> GuessedSpec:
    """Guess a spec for the repository in ``folder``.

    ``tracked`` are the files in Git, ``params`` the top-level keys of params.yaml.
    """
    found = candidates(snapshot)
    spec = GuessedSpec(_project_name(folder), stack_for(snapshot), left_out=found.left_out)
    written = {path for script in found.scripts for path in script.files.writes}
    for script in _in_order(found.scripts):
        _add_stage(spec, script, snapshot, written, params)
    for stage in spec.stages:
        for path in sorted(stage.outs.keys() & set(tracked)):
            stage.outs[path] += "; it is in Git, so DVC must not cache it"
    return spec


def _add_stage(
    spec: GuessedSpec, script: Script, snapshot: Snapshot, written: Collection[str], params: Collection[str]
) -> None:
    stage = Guess(script.name, script.path, script.command, script.reason, script.wdir)
    for path, place in script.files.reads.items():
        if PARAMS_FILE.match(path) and path not in written and snapshot.kind(path) == "file":
            _add_params(stage, script, path, snapshot)
        elif _overlaps(path, written) or snapshot.kind(path) is not None:
            stage.deps[path] = f"{place} reads it"
        else:
            stage.unsure.append(f"{place} reads `{path}`, which does not exist and which no stage writes: left out")
    outputs = spec.outputs
    for path, place in script.files.writes.items():
        if path in outputs:
            stage.unsure.append(f"`{outputs[path]}` writes `{path}`, too: it is an out of the first")
        elif not _overlaps(path, outputs) and not PARAMS_FILE.match(path):
            stage.outs[path] = f"{place} writes it"
    if script.path.endswith(".ipynb") and script.command.startswith("papermill "):
        stage.outs[executed(script.path)] = "the executed copy"
    for path, place in script.files.updated.items():
        stage.unsure.append(f"{place} overwrites `{path}`, which it reads first: write the result to another file")
    if script.name in params and not stage.params:
        stage.params, stage.params_reason = [script.name], "params.yaml has a section of this name"
    stage.unsure += _doubts(script, stage)
    spec.stages.append(stage)


def _overlaps(path: str, paths: Collection[str]) -> bool:
    return any(path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in paths)


def _add_params(stage: Guess, script: Script, path: str, snapshot: Snapshot) -> None:
    """The keys of a parameter file that the script uses, or the whole file if that is not plain to see."""
    content = ParamFiles(snapshot).load(path)
    shown = stage.relative(path)
    if not isinstance(content, Mapping):
        stage.deps[path] = "a file of settings"
        return
    files = [script.path, *sorted(script.files.modules)]
    codes = [(snapshot.read(file) or b"").decode("utf-8", "replace") for file in files]
    keys = used_keys(content, codes) if script.path.endswith(".py") else None
    if keys is None:
        stage.params.append({shown: None})
    else:
        stage.params += keys if shown == "params.yaml" else [{shown: keys}]
    stage.params_reason = f"{script.files.reads[path]} reads {path}"


def _doubts(script: Script, stage: Guess) -> Iterator[str]:
    if not script.files.is_readable:
        yield f"`{script.path}` cannot be parsed, so its files are not known"
    if script.files.required:
        arguments = ", ".join(f"`{name}`" for name in script.files.required)
        yield f"{arguments}: no value is known; add it to `cmd`"
    if script.files.unknown_reads:
        yield f"what it reads at {_places(script.files.unknown_reads)}: the path is known only when it runs"
    if script.files.unknown_writes:
        yield f"what it writes at {_places(script.files.unknown_writes)}: the path is known only when it runs"
    if not stage.outs and not script.files.unknown_writes:
        yield "which files it writes: none was found"


def _places(places: Sequence[str]) -> str:
    return ", ".join(places[:3]) + (" and elsewhere" if len(places) > 3 else "")


def _in_order(scripts: Sequence[Script]) -> Iterator[Script]:
    """The scripts in order: each after those that write what it reads, otherwise as the wrappers, numbers and names say."""
    waiting = sorted(scripts, key=_rank)
    while waiting:
        ready = (
            script for script in waiting if not any(_feeds(other, script) for other in waiting if other is not script)
        )
        chosen = next(ready, waiting[0])
        waiting.remove(chosen)
        yield chosen


def _feeds(one: Script, other: Script) -> bool:
    """Whether a script writes what another reads; what both write, none of them feeds to the other."""
    return any(_overlaps(path, one.files.writes) for path in other.files.reads)


def _rank(script: Script) -> tuple[int, int, int, str]:
    """The place in a wrapper; without one, the number in the name, the usual place of such a step, the path."""
    if script.number is not None:
        return (script.number, 0, 0, "")
    number = re.match(r"(?:step|stage|s)?[\s._-]*(\d+)", posixpath.basename(script.path).lower())
    index = step_index(script.name)
    return (1_000_000, int(number[1]) if number else 1_000_000, 1_000 if index is None else index, script.path)


def _project_name(folder: str) -> str:
    try:
        return names(folder).slug
    except Refusal:
        return "pipeline"


def stack_for(snapshot: Snapshot) -> dict[str, Setting]:
    """Turn off the files that the user already has."""
    stack: dict[str, Setting] = {}
    if snapshot.kind("GNUmakefile") is None and any(snapshot.kind(name) for name in MAKEFILES):
        stack["build"] = Setting(
            "include", "your Makefile is kept: GNUmakefile has its targets and those of the pipeline"
        )
    elif snapshot.kind("GNUmakefile") is not None:
        stack["orchestrator"] = Setting(["dvc"], "your GNUmakefile is kept:")
        stack["build"] = Setting("none", "remove this line and the one above to have mlopsc generate it")
    ci = [name for name in (".github/workflows", ".gitlab-ci.yml", "Jenkinsfile") if snapshot.kind(name)]
    if ci:
        stack["ci"] = Setting([], f"your {ci[0]} is kept; `ci: github` generates a workflow")
    return stack
