"""Write what traced runs showed into mlops.yaml: the edits of its text, each verified by compiling the result."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..build import Compiled, compile_spec
from ..model.diagnostic import Diagnostic
from ..model.snapshot import Snapshot
from ..model.source import Path
from .edit import stage_path
from .observed import Observation
from .splice import REMOVED, with_value

UNSURE = re.compile(r"[ \t]*# unsure: .*\r?\n")
"""What `mlopsc init` was not sure of: a traced run answers it."""

SnapshotOf = Callable[[str], Snapshot]


@dataclass(slots=True)
class Recorded:
    """The new text of the spec, a line for each change, and a line for each thing that could not be written."""

    text: str
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """The entries of `stages` that now declare what was seen."""


def record(text: str, compiled: Compiled, observations: Sequence[Observation], snapshot_of: SnapshotOf) -> Recorded:
    """Add what was observed to the entries of the stages. An edit that makes the spec wrong is left out and reported."""
    recorded = Recorded(text)
    for observation in observations:
        _record_stage(recorded, compiled, observation, snapshot_of)
    recorded.text = _without_doubts(recorded.text, recorded.answered)
    return recorded


def _record_stage(recorded: Recorded, before: Compiled, seen: Observation, snapshot_of: SnapshotOf) -> None:
    stage = seen.stage
    recorded.notes += [f"{stage.name}: {note}" for note in seen.notes]
    if seen.is_empty:
        recorded.answered.append(stage.entry)
    if seen.is_empty or before.document is None or before.project is None:
        return
    if obstacle := _obstacle(before, seen):
        recorded.notes.append(f"{stage.name}: {obstacle}: {_summary(seen)}")
        return
    body = _at(before.document.data, stage_path(before.document.data, stage.entry))
    edited = _edited(recorded.text, before, seen, body)
    problem = "its entry cannot be edited as it is written"
    if edited is not None:
        compiled = compile_spec(snapshot_of(edited))
        edited = _with_lost(edited, before, compiled, seen)
        compiled = compile_spec(snapshot_of(edited))
        problem = _new_error(before, compiled)
        if not problem:
            recorded.text = edited
            recorded.changes.append(f"{stage.name}: {_summary(seen)}")
            recorded.answered.append(stage.entry)
            return
    recorded.notes.append(f"{stage.name}: not written, because {problem}: {_summary(seen)}")


def _obstacle(before: Compiled, seen: Observation) -> str:
    """Why the entry of a stage cannot state what one run did."""
    assert before.project is not None
    if sum(stage.entry == seen.stage.entry for stage in before.project) > 1:
        return f"`{seen.stage.entry}` defines several stages, so declare it by hand"
    if before.document is not None and before.document.owners:
        return "the spec extends another one, so declare it by hand"
    return ""


def _edited(text: str, before: Compiled, seen: Observation, body: Mapping[str, Any]) -> str | None:
    """The text with all additions of one stage, and without outs that the run did not write."""
    assert before.document is not None
    where = stage_path(before.document.data, seen.stage.entry)
    edited: str | None = text
    for key, items in _items(seen).items():
        declared = body.get(key)
        if declared is not None and not isinstance(declared, list):
            return None
        kept = [item for item in declared or () if not _is_unwritten(item, key, seen)]
        if [*kept, *items] == (declared or []):
            continue
        value = [*kept, *items] or (REMOVED if declared else None)
        if value is not None and edited is not None:
            edited = with_value(edited, (*where, key), value)
    return edited


def _items(seen: Observation) -> dict[str, list[Any]]:
    wdir = seen.stage.wdir
    outs = {
        key: [
            _relative(path, wdir) if cached else {_relative(path, wdir): {"cache": False}}
            for path, cached in seen.outs.get(key, {}).items()
        ]
        for key in ("outs", "metrics", "plots")
    }
    return {"deps": [_relative(path, wdir) for path in seen.deps], "params": seen.params, **outs}


def _is_unwritten(item: Any, key: str, seen: Observation) -> bool:
    if key not in ("outs", "metrics", "plots"):
        return False
    path = next(iter(item)) if isinstance(item, dict) and item else item
    return posixpath.normpath(posixpath.join(seen.stage.wdir, str(path))) in seen.unwritten


def _with_lost(text: str, before: Compiled, after: Compiled, seen: Observation) -> str:
    """State what the conventions filled in before a key was added: a list that is stated replaces the inferred one."""
    if before.project is None or after.project is None or after.document is None:
        return text
    old, new = seen.stage, after.project.stages.get(seen.stage.name)
    if new is None:
        return text
    lost = {
        "deps": [dep for dep in old.deps if dep not in new.deps],
        "outs": [
            out.path for out in old.outs
            if out.path not in {other.path for other in new.outs} and out.path not in seen.unwritten
        ],
    }  # fmt: skip
    where = stage_path(after.document.data, seen.stage.entry)
    body = _at(after.document.data, where)
    for key, paths in lost.items():
        if paths:
            items = [*(body.get(key) or ()), *(_relative(path, old.wdir) for path in paths)]
            text = with_value(text, (*where, key), items) or text
    return text


def _new_error(before: Compiled, after: Compiled) -> str:
    known = {(item.code, item.message) for item in _errors(before)}
    new = [item for item in _errors(after) if (item.code, item.message) not in known]
    return f"{new[0].message} ({new[0].code})" if new else ""


def _errors(compiled: Compiled) -> Iterable[Diagnostic]:
    return (item for item in compiled.report if item.severity == "error")


def _summary(seen: Observation) -> str:
    parts = [
        f"deps {', '.join(seen.deps)}" if seen.deps else "",
        *(f"{key} {', '.join(paths)}" for key, paths in seen.outs.items()),
        f"params {', '.join(map(_param, seen.params))}" if seen.params else "",
        f"without {', '.join(seen.unwritten)}, which it does not write" if seen.unwritten else "",
    ]
    return "; ".join(filter(None, parts))


def _param(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    file, keys = next(iter(item.items()))
    return f"all of {file}" if keys is None else f"{file}: {', '.join(keys)}"


def _relative(path: str, wdir: str) -> str:
    return posixpath.relpath(path, wdir)


def _at(data: Any, path: Path) -> dict[str, Any]:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _without_doubts(text: str, entries: Iterable[str]) -> str:
    """The text without the comments in which `mlopsc init` said what it was unsure of in these stages."""
    for entry in entries:
        key = re.search(
            rf"^  (?:{re.escape(entry)}|\"{re.escape(entry)}\"):.*\n(?:(?:    .*|[ \t]*)\r?\n)*", text, re.MULTILINE
        )
        if key is not None:
            text = text[: key.start()] + UNSURE.sub("", key[0]) + text[key.end() :]
    return text
