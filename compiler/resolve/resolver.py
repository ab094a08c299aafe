"""Resolution: the spec with nothing left out, each stage complete in the keys of DVC."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...schemas.spec import DVC_SECTIONS, Spec
from ...schemas.stage import Foreach, Infer, Stage
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Script
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..programs import program
from ..read.params import DEFAULT, ParamFiles
from .code.graph import CodeGraph
from .code.templates import variables
from .conventions import GROUPS, CodeFiles, Group, kind_of, paths_of
from .entry import Entry, Origin, Resolved
from .environments import Environments, environments
from .environments import settings as settings_of
from .filling import KEY_ORDER, Filling, Inside, Repository
from .gates import PREFIX, gate_body, monitor_stage

GATES_WITHOUT_METRICS = Code(
    "MLC305",
    "error",
    "`{stage}` has gates but writes no metrics",
    help="declare the file that the gates judge under `metrics`",
)
GATE_NAME_TAKEN = Code(
    "MLC306", "error", "`{gate}` is the name of the gate of `{stage}`", help="give this stage another name"
)

_EMPTY_STAGE = Stage.model_construct()


def resolve(
    spec: Spec, data: Mapping[str, Any], snapshot: Snapshot, params: ParamFiles
) -> tuple[Resolved, list[Diagnostic]]:
    """Fill in what the spec leaves out. ``data`` is the plain value of ``spec``."""
    content = params.load(DEFAULT)
    defaults = content if isinstance(content, dict) else {}
    repository = Repository(
        snapshot,
        CodeFiles.of_project(snapshot, spec.project or "", spec.code.runners or {}),
        CodeGraph(snapshot, tuple(spec.code.roots or ())),
        frozenset(key for key in defaults if isinstance(key, str)),
        variables(defaults, data.get("vars"), params.load),
        lambda: params.packages,
    )
    declared = environments(spec, snapshot, params)
    resolution = _Resolution(repository, spec.infer, declared, tuple(spec.ci.secrets or ()))
    entries = resolution.stages(spec, data)
    monitors = resolution.monitors(spec)
    sections = {key: data[key] for key in DVC_SECTIONS if key in data}
    scripts = tuple(resolution.scripts.values())
    if (settings := settings_of(declared)) is not None:
        scripts = (*scripts, settings)
    resolved = Resolved(spec, entries, sections, repository.code, scripts, monitors, declared.declared)
    return resolved, [*declared.diagnostics, *resolution.diagnostics]


@dataclass(slots=True)
class _Resolution:
    """One pass over the stages, with the scripts and diagnostics collected on the way."""

    repository: Repository
    infer: Infer | None
    environments: Environments
    secrets: tuple[str, ...]
    scripts: dict[str, Script] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def stages(self, spec: Spec, data: Mapping[str, Any]) -> dict[str, Entry]:
        """The entries of all stages and of their gates, in the order of the spec."""
        entries: dict[str, Entry] = {}
        above: tuple[str, ...] = ()
        bodies = data.get("stages") or {}
        for name, declared in spec.stages.items():
            entry = self._entry(name, ("stages", name), bodies.get(name) or {}, declared, above)
            if entry is None:
                continue
            entries[name] = entry
            above = tuple(_results(entry))
            if entry.declared.gates and (gate := self._gate(entry, spec)) is not None:
                entries[gate.name] = gate
        return entries

    def monitors(self, spec: Spec) -> dict[str, Entry]:
        """Each monitor as a stage, filled in by the same conventions."""
        entries: dict[str, Entry] = {}
        above: tuple[str, ...] = ()
        for name, monitor in (spec.monitor or {}).items():
            body = monitor_stage(name, monitor)
            environment = {} if monitor.environment is None else {"environment": monitor.environment}
            declared = Stage.model_validate(
                {**body, **environment, "timeout": monitor.timeout, "kind": "monitor", "infer": "all"}
            )
            entry = self._entry(name, ("monitor", name), body, declared, above)
            if entry is not None:
                entries[name] = entry
                above = tuple(_results(entry))
        return entries

    def _entry(
        self, name: str, path: Path, body: Mapping[str, Any], declared: Foreach | Stage | None, above: tuple[str, ...]
    ) -> Entry | None:
        """One entry; None if it has no command. ``above`` is what the stage above it leaves."""
        foreach: Any = None
        if isinstance(declared, Foreach):
            foreach, body, path, declared = body["foreach"], body.get("do") or {}, (*path, "do"), declared.do
        stage = declared or _EMPTY_STAGE
        kind = stage.kind or kind_of(name)
        groups = _groups(stage.infer, self.infer, has_cmd=stage.cmd is not None)
        environment = self.environments.of(stage, name, path)
        if stage.infer is None and self.infer is None and environment is not None:
            groups |= {"packages"}  # its lock is a dep also of a stage that states all else
        is_plain = environment is None and not (stage.env or stage.timeout or stage.retries or stage.args)
        if stage.cmd is not None and not groups and is_plain:
            return Entry(name, path, {key: body[key] for key in KEY_ORDER if key in body}, stage, kind, foreach)
        filling = Filling(self.repository, name, path, stage, kind, foreach, dict(body))
        if environment is not None:
            filling.inside = Inside(environment, self.environments.packages.get(environment.name), self.secrets)
        entry = filling.fill(groups, above)
        self.diagnostics += filling.diagnostics
        self.scripts |= {script.path: script for script in filling.scripts}
        return entry

    def _gate(self, judged: Entry, spec: Spec) -> Entry | None:
        """The stage that judges the metrics of an entry."""
        name = PREFIX + judged.name
        if not paths_of(judged.body.get("metrics")):
            self.diagnostics.append(GATES_WITHOUT_METRICS.at_key(*judged.path, "gates", stage=judged.name))
            return None
        if name in spec.stages:
            self.diagnostics.append(GATE_NAME_TAKEN.at_key("stages", name, gate=name, stage=judged.name))
            return None
        script = program("gate.py")
        self.scripts[script.path] = script
        body = gate_body(judged.name, judged.body, judged.declared.gates or {})
        origin = Origin("gate", f"judges the metrics of `{judged.name}`")
        return Entry(
            name=name,
            path=(*judged.path, "gates"),
            body=body,
            declared=_EMPTY_STAGE,
            kind="evaluate",
            foreach=judged.foreach,
            judges=judged.name,
            origins={(key,): origin for key in body},
        )


def _results(entry: Entry) -> Iterator[str]:
    """What the stage below an entry may read: its outs, or their parent folder if the entry defines several stages."""
    wdir = entry.declared.wdir or "."
    outs = [posixpath.normpath(posixpath.join(wdir, path)) for path in paths_of(entry.body.get("outs"))]
    if entry.foreach is None and entry.declared.matrix is None:
        yield from outs
        return
    folders = dict.fromkeys(path.split("${")[0].rpartition("/")[0] for path in outs)
    yield from (folder for folder in folders if folder)


def _groups(stage: Infer | None, top: Infer | None, has_cmd: bool) -> frozenset[Group]:
    """The groups of rules that apply to a stage: those of its own `infer`, or those of the top level.

    A list at the top level adds rules to stages with a `cmd`; all rules apply to those without.
    """
    infer = stage if stage is not None else top
    if infer == "all" or (infer is None and not has_cmd):
        return frozenset(GROUPS)
    if infer is None or isinstance(infer, str):
        return frozenset()
    return frozenset(GROUPS) if stage is None and not has_cmd else frozenset(infer)
