"""What the compiler makes of a spec, as plain values: the only module of these tests that knows where its parts live.

A repository is a dict from paths to texts. A spec is YAML; `mlops: 1` is put on top where it is missing. When a part of
the compiler moves, this file changes and no test does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlopsc.compiler import installed as registry
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.checks.code import CodeDeps
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import Source
from mlopsc.compiler.model.target import File
from mlopsc.compiler.read.yaml import load
from mlopsc.compiler.show.explain import explain as explain_rows
from mlopsc.compiler.show.explain import touched as touched_rows
from mlopsc.compiler.show.explain import unknown_stage
from mlopsc.compiler.show.reruns import reruns as rerun_stages
from mlopsc.compiler.write.lock import LOCK as LOCK
from mlopsc.compiler.write.lock import read_lock
from mlopsc.compiler.write.plan import BEGIN as BEGIN
from mlopsc.compiler.write.plan import END as END
from mlopsc.compiler.write.plan import plan as plan_files

Files = Mapping[str, str | bytes]
SPEC = "mlops.yaml"


@dataclass(frozen=True)
class Planned:
    """A plan: the action for each path, the contents to write (None: delete), and the codes of its diagnostics."""

    actions: dict[str, str]
    contents: dict[str, str | None] = field(default_factory=dict)
    backups: frozenset[str] = frozenset()
    executables: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    diffs: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    """The actions that change something."""
    writes: dict[str, str] = field(default_factory=dict)
    """The actions that are done, that of the lock among them."""


class Links(Memory):
    """A repository in memory in which some paths are neither files nor folders (``link``, ``other``)."""

    def __init__(self, files: Files, kinds: Mapping[str, str] = {}) -> None:
        super().__init__(files)
        self.kinds = kinds

    def kind(self, path: str) -> Any:
        return self.kinds.get(path) or super().kind(path)


def document(spec: str) -> str:
    """The text of mlops.yaml."""
    return spec if re.search(r"""(?m)^[{"' ]*mlops["']?:""", spec) else f"mlops: 1\n{spec}"


def repository(spec: str, files: Files | None = None) -> dict[str, str | bytes]:
    """The files of a repository whose mlops.yaml is ``spec``."""
    return {**(files or {}), SPEC: document(spec)}


def compiled(spec: str, files: Files | None = None) -> Compiled:
    """Everything the compiler knows after a run."""
    return compile_spec(Memory(repository(spec, files)))


def _project(run: Compiled) -> Any:
    assert run.project is not None, [diagnostic.message for diagnostic in run.report]
    return run.project


def stages(spec: str, files: Files | None = None) -> dict[str, Any]:
    """The expanded stages by name, in order."""
    return dict(_project(compiled(spec, files)).stages)


def upstream(spec: str, files: Files | None = None) -> dict[str, set[str]]:
    """The stages that each stage depends on."""
    return {name: set(above) for name, above in parents(spec, files).items()}


def parents(spec: str, files: Files | None = None) -> dict[str, tuple[str, ...]]:
    """The stages that each stage depends on, in the order of its deps."""
    lowered = project(spec, files)
    return {name: lowered.dag.parents(name) for name in lowered.stages}


def order(spec: str, files: Files | None = None) -> list[str]:
    """The names of the expanded stages in the order in which they may run."""
    return list(stages(spec, files))


def artifacts(spec: str, files: Files | None = None) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """The producer and the consumers of each path."""
    project = _project(compiled(spec, files))
    return {path: (artifact.producer, tuple(artifact.consumers)) for path, artifact in project.artifacts.items()}


def project(spec: str, files: Files | None = None) -> Any:
    """The lowered project."""
    return _project(compiled(spec, files))


def dvc(spec: str, files: Files | None = None) -> Any:
    """The content of dvc.yaml, conventions filled in, whether or not the spec is free of errors."""
    return _project(compiled(spec, files)).dvc


def diagnostics(spec: str, files: Files | None = None) -> list[tuple[str, str, str]]:
    """Code, severity and message of each diagnostic."""
    return [(found.code, found.severity, found.message) for found in compiled(spec, files).report]


def helps(spec: str, files: Files | None = None) -> dict[str, str]:
    """The help of each diagnostic, by code."""
    return {found.code: found.help for found in compiled(spec, files).report}


def paths(spec: str, files: Files | None = None) -> list[tuple[str, Any]]:
    """Code and path in the spec of each diagnostic that has one."""
    return [(found.code, getattr(found.place, "path", None)) for found in compiled(spec, files).report]


def codes(spec: str, files: Files | None = None) -> list[str]:
    """The codes of errors and warnings."""
    return [code for code, severity, _ in diagnostics(spec, files) if severity != "note"]


def errors(spec: str, files: Files | None = None) -> list[str]:
    """The codes of errors."""
    return [code for code, severity, _ in diagnostics(spec, files) if severity == "error"]


def emitted(spec: str, files: Files | None = None) -> dict[str, str]:
    """The text of each file that a build writes, of a part where only a block is ours. The spec has to be valid."""
    run = compiled(spec, files)
    assert not run.report.failed, [found.message for found in run.report if found.severity == "error"]
    return {file.path: file.text for file in run.files}


def emitted_data(spec: str, path: str, files: Files | None = None) -> Any:
    """The content of one emitted YAML file."""
    return load(Source(path, emitted(spec, files)[path]))[0]


def emitted_file(path: str, text: str, block: bool = False, executable: bool = False) -> File:
    """A file as targets emit it."""
    return File(path, text, block, executable)


def planned(
    files: Iterable[File],
    disk: Files,
    lock: Mapping[str, str] | None = None,
    inputs: Collection[str] = (),
    overwrite: Collection[str] = (),
    kinds: Mapping[str, str] | None = None,
) -> Planned:
    """The plan for emitted files. ``lock`` is the content of the lock, by default what the one on disk says."""
    snapshot = Links(disk, kinds or {})
    if lock is None:
        lock, problems = read_lock(snapshot)
        assert not problems
    plan, found = plan_files(list(files), lock, snapshot, inputs, overwrite)
    return Planned(
        {change.path: change.action for change in plan.changes},
        {change.path: None if change.new is None else change.new.decode() for change in plan.writes},
        frozenset(change.path for change in plan.writes if change.backup),
        frozenset(change.path for change in plan.changes if change.executable),
        tuple(diagnostic.code for diagnostic in found),
        tuple(diagnostic.message for diagnostic in found),
        {change.path: change.diff() for change in plan.changes},
        {change.path: change.action for change in plan.pending},
        {change.path: change.action for change in plan.writes},
    )


def digest(text: str) -> str:
    """The hash of a text as the lock has it."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def lock_of(files: Mapping[str, str]) -> dict[str, str]:
    """The lock that a build leaves which wrote these texts."""
    return {path: digest(text) for path, text in files.items()}


def build_plan(spec: str, files: Files | None = None, overwrite: Collection[str] = ()) -> Planned:
    """What a build of this spec would do to this repository."""
    run = compiled(spec, files)
    assert not run.report.failed
    return planned(run.files, repository(spec, files), inputs=run.inputs, overwrite=overwrite)


def built(spec: str, files: Files | None = None) -> dict[str, str | bytes]:
    """The files of the repository after a build."""
    after = repository(spec, files)
    plan = build_plan(spec, files)
    assert not plan.codes, plan.messages
    for path, text in plan.contents.items():
        if text is None:
            del after[path]
        else:
            after[path] = text
    return after


def reruns(spec: str, files: Files | None = None) -> dict[str, list[str]]:
    """The stages that `dvc repro` would run, with the reasons."""
    disk = Memory(repository(spec, files))
    run = compile_spec(disk)
    assert run.params is not None
    return {rerun.stage: list(rerun.reasons) for rerun in rerun_stages(_project(run), disk, run.params)}


def explained(spec: str, files: Files | None = None, stage: str | None = None) -> list[tuple[str, str, str, str]]:
    """Stage, key, value and origin of every value."""
    run = compiled(spec, files)
    assert run.document is not None
    assert run.resolved is not None
    rows = explain_rows(run.resolved, _project(run), run.document, stage)
    return [(row.stage, row.key, row.value, row.origin) for row in rows]


def not_explained(spec: str, files: Files, stage: str) -> str | None:
    """What `explain` says to the name of a stage that is not there."""
    run = compiled(spec, files)
    assert run.resolved is not None
    return unknown_stage(run.resolved, _project(run), stage)


def touched(spec: str, path: str, files: Files | None = None) -> dict[str, str]:
    """The stages that run again when a path changes, and why."""
    run = compiled(spec, files)
    project = _project(run)
    code = CodeDeps(project, Memory(files or {}), run.resolved.code if run.resolved is not None else None)
    return {row.stage: row.origin for row in touched_rows(project, path, code)}


def md5(text: str | bytes) -> str:
    """The hash of a file as dvc.lock has it."""
    content = text.encode() if isinstance(text, str) else text
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def md5_dir(files: Mapping[str, str]) -> str:
    """The hash of a directory as dvc.lock has it, of a dict from paths inside it to texts."""
    entries = [{"md5": md5(text), "relpath": path} for path, text in sorted(files.items())]
    return md5(json.dumps(entries)) + ".dir"


@dataclass(frozen=True)
class Outcome:
    """All that a spec comes to: diagnostics without places, what each target writes, the types that it can reach."""

    diagnostics: list[tuple[str, str, str]]
    files: dict[str, str]
    types: dict[str, str]


def outcome(spec: str, files: Files | None = None) -> Outcome:
    """What a spec comes to, for every installed target (`TARGET/PATH`); nothing is emitted where it is wrong."""
    run = compiled(spec, files)
    told = sorted((found.code, found.severity, found.message) for found in run.report)
    targets, _ = registry.find([(name, ()) for name in registry.installed() if not run.report.failed])
    emitted = {
        f"{target.name}/{item.path}": item.text
        for target in targets
        for item in target.emit(_project(run))
        if isinstance(item, File)
    }
    return Outcome(told, emitted, types_of(_project(run)))


def types_of(value: Any, path: str = "project", depth: int = 0) -> dict[str, str]:
    """The type behind each name that a target can reach from the project, by path; `accept` and the like left out."""
    known = {path: type(value).__name__}
    if depth > 8:
        return known
    if isinstance(value, Mapping):
        parts: Iterable[tuple[str, Any]] = ((f"[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        parts = ((f"[{index}]", item) for index, item in enumerate(value))
    elif type(value).__module__.startswith("mlopsc."):
        names = _fields(type(value)) or getattr(value, "__dict__", ())
        parts = ((f".{name}", getattr(value, name)) for name in sorted(names) if name != "accept")
    else:
        parts = ()
    for name, item in parts:
        known |= types_of(item, path + name, depth + 1)
    return known


def _fields(kind: Any) -> list[str]:
    """The fields of a model, a dataclass or a record."""
    for name in ("model_fields", "__dataclass_fields__", "__match_args__"):
        if fields := getattr(kind, name, None):
            return list(fields)
    return []
