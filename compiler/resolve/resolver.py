"""The spec with nothing left out: every stage in DVC's words, and where each value came from."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...schemas.common import seconds
from ...schemas.spec import DVC_SECTIONS, Spec
from ...schemas.stage import Foreach, Infer, Stage
from ..model.diagnostic import Diagnostic
from ..model.project import Kind, Script
from ..model.snapshot import Snapshot
from ..model.source import At, Path
from ..programs import program
from .code.graph import CodeGraph, command_files
from .commands import RUN, RUN_TEXT, script_file, wrapped
from .conventions import GROUPS, RULES, CodeFiles, Draft, Group, kind_of, paths_of, shell_word
from .gates import PREFIX, gate_body, monitor_stage

_ORDER = (
    "matrix", "desc", "cmd", "wdir", "vars", "deps", "params", "outs", "metrics", "plots",
    "frozen", "always_changed", "meta",
)  # fmt: skip
_EMPTY_STAGE = Stage()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a rule or an import, in words; what has none stands in the spec."""

    rule: str
    why: str


@dataclass(slots=True)
class Entry:
    """One entry of `stages`: its body in DVC's words, templates intact, and what is mlopsc's own of it.

    ``at`` is the path of the body in the spec. ``filled`` has the origin of each value that the spec does not
    state, by key, or by key and item.
    """

    name: str
    at: Path
    body: dict[str, Any]
    own: Stage
    kind: Kind
    foreach: Any = None
    code_file: str | None = None
    command: str | list[str] = ""
    judges: str | None = None
    filled: dict[tuple[str, ...], Origin] = field(default_factory=dict)

    @property
    def dvc(self) -> dict[str, Any]:
        """The entry as it stands in dvc.yaml."""
        return self.body if self.foreach is None else {"foreach": self.foreach, "do": self.body}


@dataclass(slots=True)
class Resolved:
    """All entries, and the files that their commands need."""

    spec: Spec
    entries: dict[str, Entry]
    sections: dict[str, Any]
    scripts: tuple[Script, ...] = ()
    monitors: dict[str, Entry] = field(default_factory=dict)


def resolve(
    spec: Spec, data: Mapping[str, Any], snapshot: Snapshot, params: Mapping[str, Any]
) -> tuple[Resolved, list[Diagnostic]]:
    """Fill what was left out. ``data`` is what ``spec`` was made of, ``params`` the content of params.yaml."""
    return _Resolver(spec, data, snapshot, params).run()


class _Resolver:
    """The state of one pass over the stages: what the one above left, and what has been found so far."""

    def __init__(self, spec: Spec, data: Mapping[str, Any], snapshot: Snapshot, params: Mapping[str, Any]) -> None:
        self.spec, self.data, self.snapshot = spec, data, snapshot
        self.sections = frozenset(key for key in params if isinstance(key, str))
        package = (spec.project or "").replace("-", "_")
        self.files = CodeFiles(snapshot, package)
        self.files.runners.update(spec.code.runners or {})
        self.code = CodeGraph(snapshot, tuple(spec.code.roots or ()))
        self.found: list[Diagnostic] = []
        self.scripts: dict[str, Script] = {}
        self.above: Entry | None = None
        self.orders: dict[tuple[str, ...], list[str]] = {}

    def run(self) -> tuple[Resolved, list[Diagnostic]]:
        entries: dict[str, Entry] = {}
        raw_stages = self.data.get("stages") or {}
        for name, typed in self.spec.stages.items():
            entry = self._entry(name, raw_stages.get(name) or {}, typed)
            if entry is not None:
                entries[name] = entry
                self.above = entry
                if entry.own.gates:
                    self._gate(entry, entries)
        sections = {key: self.data[key] for key in DVC_SECTIONS if key in self.data}
        monitors = self._monitors()
        return Resolved(self.spec, entries, sections, tuple(self.scripts.values()), monitors), self.found

    def _monitors(self) -> dict[str, Entry]:
        """Each monitor as a stage, filled by the same conventions as a stage of its name."""
        self.above = None
        monitors: dict[str, Entry] = {}
        for name, monitor in (self.spec.monitor or {}).items():
            raw = monitor_stage(name, monitor)
            own = Stage.model_validate({**raw, "timeout": monitor.timeout, "kind": "monitor", "infer": "all"})
            entry = self._entry(name, raw, own, ("monitor", name))
            if entry is not None:
                monitors[name] = entry
        return monitors

    def _entry(self, name: str, raw: dict[str, Any], typed: Foreach | Stage | None, at: Path = ()) -> Entry | None:
        foreach: Any = None
        at = at or ("stages", name)
        own: Stage
        if "foreach" in raw:
            foreach, at = raw["foreach"], ("stages", name, "do")
            raw, own = raw.get("do") or {}, typed.do  # type: ignore[union-attr]  # a Foreach, by its key
        else:
            own = typed or _EMPTY_STAGE  # type: ignore[assignment]
        groups = _groups(own.infer, self.spec.infer, ours=own.cmd is None)
        if own.cmd is not None and not groups and not (own.env or own.timeout or own.retries or own.args):
            body = {key: raw[key] for key in self._order(tuple(raw))}
            return Entry(name, at, body, own, own.kind or kind_of(name), foreach, None, raw["cmd"])
        entry = Entry(name, at, dict(raw), own, own.kind or kind_of(name), foreach)
        if not self._fill(entry, groups):
            return None
        entry.body = {key: entry.body[key] for key in _ORDER if entry.body.get(key) not in (None, [])}
        return entry

    def _order(self, keys: tuple[str, ...]) -> list[str]:
        """DVC's keys among these, in the order in which they are written; most stages have the same."""
        if (order := self.orders.get(keys)) is None:
            order = self.orders[keys] = [key for key in _ORDER if key in keys]
        return order

    def _fill(self, entry: Entry, groups: frozenset[Group]) -> bool:
        """Fill one entry in place; False where it cannot become a stage."""
        own, wdir = entry.own, entry.own.wdir or "."
        if "${" in wdir and (groups or own.cmd is None):
            self._report("MLC303", "the conventions cannot see through a `wdir` that is a template", (*entry.at, "wdir"),
                         "state `cmd`, `deps` and `outs` yourself, with `infer: none`")  # fmt: skip
            groups = frozenset()
        if "kind" not in entry.body:
            entry.filled["kind",] = Origin("kind", "its name")
        if own.cmd is None and not self._command(entry, wdir):
            return False
        self._paths(entry, groups, wdir)
        if "code" in groups:
            self._code_deps(entry, wdir)
        self._arguments(entry)
        if own.timeout or own.retries:
            self.scripts[RUN] = Script(RUN, RUN_TEXT)
        entry.command = entry.body["cmd"]
        entry.body["cmd"] = wrapped(entry.command, own.env or {}, seconds(own.timeout), own.retries or 0, wdir)
        return True

    def _command(self, entry: Entry, wdir: str) -> bool:
        """Give the entry its `cmd` and its code file; False where there is none to be found."""
        if entry.own.script is not None:
            script, command, _ = script_file(entry.name, entry.own.script, wdir)
            self.scripts[script.path] = script
            entry.body["cmd"], entry.code_file = command, script.path
            entry.filled["cmd",] = Origin("script", "runs the stage's script")
            return True
        code_file = self.files.of(entry.name)
        if code_file is None:
            self._report("MLC301", f"`{entry.name}` has neither a `cmd` nor a code file", entry.at,
                         f"state `cmd`, or write one of {self.files.tried(entry.name)}")  # fmt: skip
            return False
        entry.code_file = code_file
        entry.body["cmd"] = self.files.run(_from(wdir, code_file))
        entry.filled["cmd",] = Origin("cmd", f"runs `{code_file}`, the code file of the stage's name")
        return True

    def _paths(self, entry: Entry, groups: frozenset[Group], wdir: str) -> None:
        """Apply the rows of the table that are switched on and whose key the stage leaves out."""
        above = self._left_by(self.above) if self.above is not None else ()
        draft = Draft(entry.name, entry.kind, entry.code_file, above, _each(entry), self.sections,
                      frozenset(key for key, value in entry.body.items() if value is not None))  # fmt: skip
        for rule in RULES:
            if rule.group not in groups or entry.body.get(rule.key) is not None:
                continue
            if (value := rule.value(draft)) is None:
                continue
            entry.body[rule.key] = value if rule.key == "params" else [_moved(wdir, item) for item in value]
            entry.filled[rule.key,] = Origin(rule.key, rule.why)

    def _code_deps(self, entry: Entry, wdir: str) -> None:
        """Put the code that the stage runs, and all that it imports, before its other deps."""
        stated = list(entry.body.get("deps") or ())
        known = {posixpath.normpath(posixpath.join(wdir, path)) for path in stated}
        code: list[str] = []
        for start in self._started(entry, wdir):
            files, problems = self.code.closure(start)
            self.found.extend(problems)
            for path in (start, *(file for file in files if file != start)):
                if path in known:
                    continue
                known.add(path)
                code.append(_from(wdir, path))
                why = "the stage's code" if path == start else f"`{start}` imports it"
                entry.filled["deps", code[-1]] = Origin("imports", why)
        if code:
            entry.body["deps"] = [*code, *stated]
            whole = entry.filled.pop(("deps",), None)
            for path in stated if whole else ():
                entry.filled["deps", path] = whole  # type: ignore[assignment]

    def _started(self, entry: Entry, wdir: str) -> list[str]:
        """The repository files that the entry's command runs."""
        starts = [entry.code_file] if entry.code_file else []
        if entry.own.script is not None:
            lines = entry.own.script.splitlines()
        else:
            cmd = entry.own.cmd
            lines = cmd.splitlines() if isinstance(cmd, str) else list(cmd or ())
        for line in lines:
            starts += [path for path in command_files(line, self.snapshot, wdir) if path not in starts]
        return starts

    def _arguments(self, entry: Entry) -> None:
        args = entry.own.args
        if not args:
            return
        if entry.own.cmd is not None:
            self._report("MLC304", "`args` stands beside `cmd`", (*entry.at, "args"),
                         "put the arguments into `cmd`, or leave `cmd` to the conventions")  # fmt: skip
            return
        if args == "paths":
            code = {key[1] for key in entry.filled if len(key) == 2 and entry.filled[key].rule == "imports"}
            deps = [path for path in paths_of(entry.body.get("deps")) if path not in code]
            writes = [path for key in ("outs", "metrics", "plots") for path in paths_of(entry.body.get(key))]
            words = " ".join(shell_word(path) for path in (*deps, *writes))
        else:
            words = args if isinstance(args, str) else " ".join(shell_word(word) for word in args)
        entry.body["cmd"] = f"{entry.body['cmd']} {words}".rstrip()

    def _left_by(self, entry: Entry) -> tuple[str, ...]:
        """What the stage below may read: the outs, or their parent folder where an entry makes several."""
        wdir = entry.own.wdir or "."
        outs = [posixpath.normpath(posixpath.join(wdir, path)) for path in paths_of(entry.body.get("outs"))]
        if not (entry.foreach is not None or entry.own.matrix is not None):
            return tuple(outs)
        parents = dict.fromkeys(path.split("${")[0].rpartition("/")[0] for path in outs)
        return tuple(parent for parent in parents if parent)

    def _gate(self, judged: Entry, entries: dict[str, Entry]) -> None:
        """Put the gate of an entry behind it."""
        name = PREFIX + judged.name
        if not paths_of(judged.body.get("metrics")):
            self._report("MLC305", f"`{judged.name}` has gates and writes no metrics", (*judged.at, "gates"),
                         "name the file under `metrics` that holds what the gates judge")  # fmt: skip
        elif name in self.spec.stages:
            self._report("MLC306", f"`{name}` is the name of the gate of `{judged.name}`", ("stages", name),
                         "give this stage another name")  # fmt: skip
        else:
            assert judged.own.gates is not None
            program_ = program("gate.py")
            self.scripts[program_.path] = program_
            body = gate_body(judged.name, judged.body, judged.own.gates)
            why = Origin("gate", f"judges the metrics of `{judged.name}`")
            filled: dict[tuple[str, ...], Origin] = {(key,): why for key in body}
            at = (*judged.at, "gates")
            entries[name] = Entry(
                name, at, body, _EMPTY_STAGE, "evaluate", judged.foreach, None, body["cmd"], judged.name, filled
            )

    def _report(self, code: str, message: str, path: Path, help_: str) -> None:
        self.found.append(Diagnostic(code, message, At(path, key=True), help=help_))


def _groups(stage: Infer | None, top: Infer | None, ours: bool) -> frozenset[Group]:
    """The groups of rules that apply. A list at the top adds to DVC's stages and takes nothing from ours."""
    said = stage if stage is not None else top
    if said == "all" or (said is None and ours):
        return frozenset(GROUPS)
    if said is None or said == "none" or isinstance(said, str):
        return frozenset()
    return frozenset(GROUPS) if stage is None and ours else frozenset(said)


def _each(entry: Entry) -> str | None:
    if entry.own.matrix is not None or isinstance(entry.foreach, dict):
        return "${key}"
    return "${item}" if entry.foreach is not None else None


def _from(wdir: str, path: str) -> str:
    """A path of the repository as it is written in a stage that runs in ``wdir``."""
    return path if wdir == "." else posixpath.relpath(path, wdir)


def _moved(wdir: str, item: Any) -> Any:
    if isinstance(item, str):
        return _from(wdir, item)
    return {_from(wdir, path): flags for path, flags in item.items()}
