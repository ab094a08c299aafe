"""`mlopsc import --merge`: take into mlops.yaml what was changed in the emitted dvc.yaml, by DVC's tools or by hand.

The smallest edit of the spec is tried first: the key, or the items of the list, that changed. If the spec then compiles to
something else, because its conventions fill in more, the key is stated as dvc.yaml has it, and at last the whole stage.
Nothing is written unless the spec compiles to the changed dvc.yaml, and DVC resolves both to the same stages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..build import Compiled, compile_spec
from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import Disk
from ..model.source import Path, Source
from ..read.document import SPEC_NAME
from ..read.yaml import decode, load
from ..write.lock import Lock, read_lock
from ..write.plan import Change, Plan, plan
from . import oracle
from .dvc_edits import Edit, edits, written
from .edit import stage_path
from .guarantee import REJECTED_AFTER, differences, rejections
from .overlay import Overlay
from .pipeline import DVC_YAML, repository_root
from .rewrite import Rewrite
from .spec_text import BOM
from .splice import REMOVED, applied, same, with_value
from .tidy import stage_shape

NOT_EMITTED = Code(
    "MLC702",
    "error",
    "there is no dvc.yaml that `mlopsc build` wrote",
    help="run `mlopsc build` first; `mlopsc import` imports a dvc.yaml that mlopsc did not write",
)
BOTH_CHANGED = Code(
    "MLC615",
    "error",
    "mlops.yaml and dvc.yaml were both changed since the last build, and {reason}",
    help="undo one of the two changes; `mlopsc plan` shows the difference",
)
NOT_MERGED = Code(
    "MLC615",
    "error",
    "mlops.yaml has no value that gives `{name}` of dvc.yaml",
    help="nothing was written; change what it is made from in mlops.yaml by hand, see `mlopsc explain`, and run "
    "`mlopsc build --overwrite dvc.yaml`",
)

Unit = Path
"""A part of dvc.yaml that is compared as a whole: a stage, or a key at the top."""

MAX_ROUNDS = 3
"""An edit may change what conventions fill in elsewhere; how often such parts are stated, too."""


@dataclass
class Merge:
    """The spec while edits are taken into it. ``goal`` is the data of the dvc.yaml that it has to give."""

    root: str
    compiled: Compiled
    goal: Mapping[str, Any]
    text: str

    @cached_property
    def name(self) -> str:
        """The file of the spec that is edited."""
        return self.compiled.document.main.name if self.compiled.document is not None else SPEC_NAME

    def compile(self, text: str) -> Compiled:
        """What another text of the spec compiles to."""
        return compile_spec(Overlay(self.root, {self.name: text.encode()}))

    def differing(self, compiled: Compiled, loosely: bool = False) -> list[Unit]:
        """The parts of dvc.yaml that are not yet as they should be; all of them if the spec has errors."""
        emitted = emitted_data(compiled)
        if emitted is None:
            return list(units(self.goal))
        pairs = [(unit, value_at(emitted, unit), value_at(self.goal, unit)) for unit in units(emitted, self.goal)]
        if loosely:
            return [unit for unit, one, other in pairs if not same(_shape(unit, one), _shape(unit, other))]
        return [unit for unit, one, other in pairs if not same(one, other)]


def merge(root: str, python: str | None = None) -> Rewrite:
    """Plan the edit of mlops.yaml that gives the dvc.yaml on disk. Writes nothing."""
    disk = Disk(root)
    compiled = compile_spec(disk)
    rewrite = Rewrite(document=compiled.document)
    rewrite.report.add(diagnostic for diagnostic in compiled.report if diagnostic.severity == "error")
    lock, problems = read_lock(disk)
    rewrite.report.add(problems)
    if rewrite.report.failed or compiled.document is None:
        return rewrite
    changes, goal, problems = _changes(compiled, lock, disk)
    rewrite.report.add(problems)
    if rewrite.report.failed or not changes:
        rewrite.summary.append("nothing to merge: dvc.yaml says what mlops.yaml says")
        return rewrite
    merging = Merge(root, compiled, goal, compiled.document.main.text)
    if failed := _take(merging, changes):
        rewrite.report.add(failed)
        return rewrite
    _plan(merging, disk, lock, rewrite)
    if not rewrite.report.failed:
        rewrite.report.add(_verify(merging, rewrite.plan, disk, python))
    rewrite.summary += [f"  {edit}" for edit in changes]
    return rewrite


def _changes(compiled: Compiled, lock: Lock, disk: Disk) -> tuple[list[Edit], Mapping[str, Any], list[Diagnostic]]:
    """What changed in dvc.yaml since it was written, and the dvc.yaml that the spec should give."""
    raw = disk.read(DVC_YAML)
    file = next((file for file in compiled.files if file.path == DVC_YAML), None)
    if raw is None or file is None or DVC_YAML not in lock:
        return [], {}, [NOT_EMITTED.on(None)]
    source, problems = decode(DVC_YAML, raw)
    data, unread = load(source)
    if problems or unread:
        return [], {}, problems or unread
    now = emitted_data(compiled) or {}
    base = written(file, lock, disk.root)
    if base is None:
        lost = [edit for edit in edits(now, data or {}) if edit.old is not REMOVED]
        if lost:
            reason = f"it is not known which of them changed `{'.'.join(map(str, lost[0].path))}`"
            return [], {}, [BOTH_CHANGED.on(None, reason=reason)]
        base = now
    changes = list(edits(base, data or {}))
    goal: Any = now
    for edit in changes:
        here = value_at(now, edit.path)
        if not same(here, edit.old) and not same(here, edit.new):
            reason = f"not to the same value of `{'.'.join(map(str, edit.path))}`"
            return [], {}, [BOTH_CHANGED.on(None, reason=reason)]
        goal = applied(goal, edit.path, edit.new)
    return changes, goal, []


def _take(merging: Merge, changes: Sequence[Edit]) -> list[Diagnostic]:
    """Edit the spec until it gives the goal; the problems if it cannot."""
    for edit in changes:
        merging.text = _with_edit(merging, merging.text, edit) or merging.text
    for _ in range(MAX_ROUNDS):
        compiled = merging.compile(merging.text)
        differing = merging.differing(compiled)
        if not differing:
            return []
        for unit in differing:
            merging.text = _stated(merging, unit) or merging.text
    compiled = merging.compile(merging.text)
    errors = [diagnostic for diagnostic in compiled.report if diagnostic.severity == "error"]
    left = merging.differing(compiled, loosely=True)
    return errors or [NOT_MERGED.on(None, name=".".join(map(str, unit))) for unit in left]


def _with_edit(merging: Merge, text: str, edit: Edit) -> str | None:
    """The spec with an edit of dvc.yaml: of a list, only the items that changed."""
    declared = value_at(load(Source(SPEC_NAME, text))[0] or {}, edit.path)
    if edit.new is REMOVED:
        return with_value(text, edit.path, REMOVED) if declared is not REMOVED else None
    new = edit.new
    if isinstance(new, list) and isinstance(edit.old, list) and not same(declared, edit.old):
        stated = declared if isinstance(declared, list) else []
        new = [item for item in stated if item in edit.new or item not in edit.old]
        new += [item for item in edit.new if item not in edit.old and item not in new]
    return with_value(text, edit.path, new)


def _stated(merging: Merge, unit: Unit) -> str | None:
    """The spec with more of a part stated, so that it gives what it should; the first way that works, or the best."""
    best: str | None = None
    for text in _statements(merging, unit):
        if text is None:
            continue
        compiled = merging.compile(text)
        if unit not in merging.differing(compiled):
            return text
        if unit not in merging.differing(compiled, loosely=True):
            best = best or text
    return best


def _statements(merging: Merge, unit: Unit) -> Iterator[str | None]:
    """The part stated ever more fully: the keys that differ, then all keys of DVC and `infer: none`."""
    goal = value_at(merging.goal, unit)
    if goal is REMOVED or not isinstance(goal, Mapping):
        yield with_value(merging.text, unit, goal)
        return
    emitted = value_at(emitted_data(merging.compile(merging.text)) or {}, unit)
    keys = edits(emitted if isinstance(emitted, Mapping) else {}, goal, unit)
    yield _with_values(merging.text, [(edit.path, edit.new) for edit in keys])
    if unit[0] == "stages":
        whole = [(edit.path, edit.new) for edit in edits({}, goal, unit)]
        body = stage_path(merging.goal, str(unit[1]))
        yield _with_values(merging.text, [*whole, ((*body, "infer"), "none")])
        generating = [((*body, key), REMOVED) for key in ("args", "script")]
        yield _with_values(merging.text, [*generating, *whole, ((*body, "infer"), "none")])


def _with_values(text: str, values: Sequence[tuple[Path, Any]]) -> str | None:
    data = load(Source(SPEC_NAME, text))[0] or {}
    for path, value in values:
        if value is REMOVED and value_at(data, path) is REMOVED:
            continue
        edited = with_value(text, path, value)
        if edited is None:
            return None
        text = edited
    return text


def emitted_data(compiled: Compiled) -> Mapping[str, Any] | None:
    """The data of the dvc.yaml that a spec compiles to."""
    file = next((file for file in compiled.files if file.path == DVC_YAML), None)
    return None if file is None else load(Source(DVC_YAML, file.text))[0] or {}


def value_at(data: Any, path: Path) -> Any:
    """The value at a path of mappings; `REMOVED` if there is none."""
    for part in path:
        if not isinstance(data, Mapping) or part not in data:
            return REMOVED
        data = data[part]
    return data


def units(*dvc: Mapping[str, Any]) -> dict[Unit, None]:
    """The stages and the other keys of some dvc.yaml."""
    found: dict[Unit, None] = {}
    for data in dvc:
        found.update(dict.fromkeys(("stages", name) for name in data.get("stages") or ()))
        found.update(dict.fromkeys((key,) for key in data if key != "stages"))
    return found


def _shape(unit: Unit, value: Any) -> Any:
    return stage_shape(value) if unit[0] == "stages" else value


def _plan(merging: Merge, disk: Disk, lock: Lock, rewrite: Rewrite) -> None:
    compiled = merging.compile(merging.text)
    generated, problems = plan(compiled.files, lock, disk, compiled.inputs, taken=[DVC_YAML])
    rewrite.report.add(problems)
    old = disk.read(merging.name) or b""
    mark = BOM if old.startswith(BOM) else b""
    spec = Change(merging.name, "update", old, mark + merging.text.encode("utf-8"))
    changes = [replace(change, backup=_has_comments(change)) for change in generated.changes]
    generated = replace(generated, changes=tuple(changes))
    if any(change.backup for change in generated.writes):
        rewrite.summary.append("comments of dvc.yaml are not taken over: the old file is kept as dvc.yaml.orig")
    rewrite.plan = Plan((spec, *generated.writes))


def _has_comments(change: Change) -> bool:
    """Whether dvc.yaml has lines with comments that are not written again."""
    if change.path != DVC_YAML or change.action != "update":
        return change.backup
    written = set((change.new or b"").splitlines())
    return any(b"#" in line and line not in written for line in (change.old or b"").splitlines())


def _verify(merging: Merge, planned: Plan, disk: Disk, python: str | None) -> list[Diagnostic]:
    """Ask DVC whether the dvc.yaml on disk and the one to be written are the same pipeline."""
    repository = repository_root(merging.root)[0]
    folder = os.path.relpath(os.path.realpath(merging.root), repository)
    prefix = "" if folder == "." else f"{folder}/"
    write = {prefix + change.path: change.new for change in planned.writes if change.new is not None}
    path = prefix + DVC_YAML
    before, after, problems = oracle.ask(repository, [path], write, python)
    if problems or before is None:
        return problems
    if after is None:
        return list(rejections(before, whole=False))
    on_disk = load(Source(DVC_YAML, (disk.read(DVC_YAML) or b"").decode("utf-8-sig")))[0]
    if same(on_disk, merging.goal):
        return differences(before, after)
    return [REJECTED_AFTER.on(None, path=path, reason=after.problems[path])] if path in after.problems else []
