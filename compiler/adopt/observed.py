"""What the traced runs of a pipeline say about each stage: deps, outs and params that it does not declare."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.project import Stage
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from ..resolve.code.graph import CodeGraph
from .backup import ENVIRONMENT_MARKS
from .out_key import out_key
from .param_use import used_keys
from .trace import Traced, covered

FEW = 8
"""More files than this in a folder that one stage fills, or reads completely, are declared as the folder."""

PARAMS_FILE = re.compile(
    r"(?:(?:^|.*/)(?:params|parameters|hparams|hyperparameters|config|conf|settings)|(?:^|.*/)(?:conf|configs?)/.+)"
    r"\.(?:ya?ml|json|toml)$"
)
CODE = (".py", ".r", ".R", ".jl", ".sh", ".ipynb", ".sql")
SETTINGS = re.compile(
    r"(?:pyproject\.toml|setup\.(?:cfg|py)|tox\.ini|uv\.lock|poetry\.lock|mlops\.yaml|dvc\.yaml|dvc\.lock|.*\.dvc)$"
)
LOG = re.compile(r"(?:^|/)(?:mlruns|wandb|lightning_logs|logs?|tmp|temp)/|\.(?:log|tmp)$")
HIDDEN = re.compile(r"(?:^|/)\.[^/]")


@dataclass(slots=True)
class Observation:
    """What to declare for a stage. Paths are from the root; ``notes`` say what was seen but cannot be declared."""

    stage: Stage
    deps: list[str] = field(default_factory=list)
    outs: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Paths by key (`outs`, `metrics`, `plots`), and whether DVC caches each."""
    params: list[Any] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    """Declared outs that the run did not write."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the stage declares all that was seen."""
        return not (self.deps or self.outs or self.params or self.unwritten)


@dataclass(frozen=True, slots=True)
class Runs:
    """The traced runs in order, with what is needed to judge them. ``tracked`` are the files in Git."""

    traced: Mapping[str, Traced]
    stages: Mapping[str, Stage]
    snapshot: Snapshot
    code: CodeGraph
    params: ParamFiles
    tracked: Collection[str]

    def observe(self, name: str) -> Observation:
        """What the run of a stage says about it."""
        seen = Observation(self.stages[name])
        self._observe_outs(seen, self.traced[name])
        self._observe_reads(seen, self.traced[name])
        return seen

    def _observe_outs(self, seen: Observation, traced: Traced) -> None:
        declared = [out.path for out in seen.stage.outs]
        seen.unwritten = [
            path for path in declared if "://" not in path and not any(covered(file, [path]) for file in traced.written)
            and self.snapshot.kind(path) is None
        ]  # fmt: skip
        groups: dict[str, list[str]] = {}
        for path in traced.written:
            if covered(path, declared) or self._is_environment(path):
                continue
            if reason := self._unsuitable(seen.stage, path, traced):
                seen.notes.append(f"writes `{path}`, {reason}")
            else:
                groups.setdefault(out_key(path), []).append(path)
        for key, paths in groups.items():
            seen.outs[key] = {
                path: key != "metrics" and path not in self.tracked for path in self._folded(seen.stage, paths)
            }

    def _unsuitable(self, stage: Stage, path: str, traced: Traced) -> str:
        """Why a file that a stage writes cannot be an out; empty if it can."""
        others = [
            name for name, other in self.traced.items()
            if name != stage.name and (path in other.written or covered(path, [out.path for out in self.stages[name].outs]))
        ]  # fmt: skip
        if others:
            return f"which `{others[0]}` writes too: let each write its own file"
        if path in traced.read:
            return "which it reads first: write the result to another file"
        if HIDDEN.search(path) or LOG.search(path):
            return "which looks like a log or a temporary file: left out"
        if path.endswith(CODE) and path in self.tracked:
            return "which is code in Git: left out"
        return ""

    def _folded(self, stage: Stage, paths: list[str]) -> list[str]:
        """The paths, with the highest folder that the stage fills alone in place of many files."""
        folded: list[str] = []
        for path in paths:
            if not covered(path, folded):
                folded.append(next((up for up in _folders(path) if self._fills(stage, up, paths)), path))
        return folded

    def _fills(self, stage: Stage, folder: str, paths: Collection[str]) -> bool:
        files = _below(self.snapshot, folder)
        return (
            len(files) > FEW
            and set(files) <= set(paths)
            and not any(covered(file, [folder]) for file in self.tracked)
            and not any(
                covered(out.path, [folder])
                for other in self.stages.values()
                if other.name != stage.name
                for out in other.outs
            )
        )

    def _observe_reads(self, seen: Observation, traced: Traced) -> None:
        stage = seen.stage
        outs = [out.path for out in stage.outs]
        declared = [*stage.deps, *outs]
        files = [
            path for path in traced.read
            if not covered(path, declared) and path not in traced.written and not SETTINGS.search(path)
            and not self._is_environment(path)
        ]  # fmt: skip
        data: list[str] = []
        for path in files:
            if self._is_params(path):
                self._observe_params(seen, path)
            elif HIDDEN.search(path):
                seen.notes.append(f"reads `{path}`, a hidden file: left out")
            else:
                data.append(path)
        for folder in self._listed(stage, data, traced):
            data = [*(path for path in data if not covered(path, [folder])), folder]
        for path in data:
            if not covered(path, seen.deps):
                folders = (up for up in _folders(path) if self._is_read(stage, up, data))
                seen.deps.append(next(folders, path))

    def _listed(self, stage: Stage, data: Collection[str], traced: Traced) -> list[str]:
        """The folders of data that the stage listed to read what is in them: a new file in one changes the result."""
        return [
            folder
            for folder in traced.listed
            if any(posixpath.dirname(path) == folder for path in data) and self._may_be_dep(stage, folder)
        ]

    def _is_read(self, stage: Stage, folder: str, data: Collection[str]) -> bool:
        files = _below(self.snapshot, folder)
        return len(files) > FEW and set(files) <= set(data) and self._may_be_dep(stage, folder)

    def _may_be_dep(self, stage: Stage, folder: str) -> bool:
        """Whether a folder holds data only, and nothing that this stage or a later one writes."""
        names = list(self.traced)
        later = {path for name in names[names.index(stage.name) :] for path in self.traced[name].written}
        later |= {out.path for name in names[names.index(stage.name) :] for out in self.stages[name].outs}
        return not any(covered(path, [folder]) for path in later) and not any(
            file.endswith(CODE) for file in _below(self.snapshot, folder)
        )

    def _is_params(self, path: str) -> bool:
        return bool(PARAMS_FILE.match(path)) and isinstance(self.params.load(path), Mapping) and not any(
            path in traced.written for traced in self.traced.values()
        )  # fmt: skip

    def _observe_params(self, seen: Observation, path: str) -> None:
        stage = seen.stage
        keys = {param.key for param in stage.params if param.file == path}
        if None in keys:
            return
        used = self._used(stage, path)
        shown = posixpath.relpath(path, stage.wdir)
        if used is None and keys:
            seen.notes.append(f"may use any key of `{path}`, not only those that it declares")
            return
        if used is None:
            seen.params.append({shown: None})
            return
        new = [key for key in used if not any(old == key or str(old).startswith(f"{key}.") for old in keys)]
        if new:
            seen.params += new if shown == "params.yaml" else [{shown: new}]

    def _used(self, stage: Stage, path: str) -> list[str] | None:
        commands = [self.code.command(command.text, stage.wdir) for command in stage.code_commands]
        files = [file for command in commands for file in command.files]
        if not files or not all(file.endswith(".py") for file in files):
            return None
        codes = [(self.snapshot.read(file) or b"").decode("utf-8", "replace") for file in files]
        params = self.params.load(path)
        return used_keys(params if isinstance(params, Mapping) else {}, codes)

    def _is_environment(self, path: str) -> bool:
        return any(
            self.snapshot.kind(f"{folder}/{mark}") is not None
            for folder in _folders(path)
            for mark in ENVIRONMENT_MARKS
        )


def _folders(path: str) -> Iterable[str]:
    """The folders above a path, the highest first, without the root."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _below(snapshot: Snapshot, folder: str) -> list[str]:
    """The files below a folder, without hidden ones."""
    files: list[str] = []
    for name in snapshot.list(folder):
        path = os.path.join(folder, name)
        if name.startswith(".") or name == "__pycache__":
            continue
        files += _below(snapshot, path) if snapshot.kind(path) == "dir" else [path]
    return files
