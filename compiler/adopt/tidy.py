"""`mlopsc tidy`: remove from a spec what the conventions fill in anyway, one key at a time.

An edit is kept only if it leaves the pipeline unchanged. All stages are edited at the same time, so that one resolution of the
spec decides about one edit of each; the result is compiled and compared as a whole at the end, and DVC is asked then.
"""

from __future__ import annotations

import json
import posixpath
import shlex
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..build import compile_spec, resolve_spec
from ..lower.project import dvc_document
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..resolve.code.graph import CodeGraph
from .edit import quoted, stage_path, with_line, without_items, without_key
from .parts import Part, Parts, largest, parts_of

SnapshotOf = Callable[[str], Snapshot]
"""The repository with this text as its mlops.yaml."""
Edit = tuple[str, str]
"""The new lines of a part, and a description of the edit."""
Edits = Generator[Edit, bool, None]
"""Edits of a part. Each is sent back whether it was kept."""
Attempt = Generator[Edit, bool, bool]
"""Like `Edits`; returns whether an edit was kept."""

UNORDERED = frozenset(["deps", "outs", "params", "metrics", "plots"])
"""Stage keys whose lists mean the same in any order: DVC sorts them in dvc.lock."""


@dataclass(slots=True)
class Tidied:
    """The new text, and a description of each edit."""

    text: str
    edits: list[str] = field(default_factory=list)


def tidy(text: str, snapshot_of: SnapshotOf, only: Collection[str] | None = None) -> Tidied:
    """Apply every edit that leaves the pipeline unchanged, to all stages or to some."""
    snapshot = snapshot_of(text)
    compiled = compile_spec(snapshot)
    if compiled.project is None or compiled.report.failed:
        return Tidied(text)
    goal = shapes(compiled.project.dvc)
    parts = parts_of(text)
    before = [part.block for part in parts.stages]
    data = compiled.document.data if compiled.document is not None else {}
    stages = compiled.project.dvc.get("stages", {})
    code = CodeGraph(snapshot, compiled.project.code_roots)
    wanted = {name: body for name, body in stages.items() if only is None or name in only}
    _apply_edits(parts, [_edits(part, data, wanted, code) for part in parts.stages], snapshot_of, goal)
    after = [part.block for part in parts.stages]
    changed = [index for index, block in enumerate(after) if block != before[index]]

    def with_edits_of(indexes: Collection[int]) -> str:
        return parts.text([after[index] if index in indexes else block for index, block in enumerate(before)])

    kept = largest(changed, lambda indexes: _compiles_to(with_edits_of(indexes), snapshot_of, goal))
    edits = [edit for index in changed if index in kept for edit in parts.stages[index].edits]
    return Tidied(with_edits_of(kept), edits)


def _apply_edits(parts: Parts, edits: list[Edits], snapshot_of: SnapshotOf, goal: Mapping[str, str]) -> None:
    """Try the next edit of every stage until none is left.

    What a stage may leave out depends on the stage above it, so even and odd stages take turns.
    """
    proposed = {index: edit for index, stage in enumerate(edits) if (edit := next(stage, None)) is not None}
    while proposed:
        kept: set[int] = set()
        for turn in (0, 1):
            blocks = {index: edit[0] for index, edit in proposed.items() if index % 2 == turn}
            kept |= _keep(parts, blocks, snapshot_of, goal)
        for index in kept:
            parts.stages[index].edits.append(proposed[index][1])
        proposed = {index: edit for index in proposed if (edit := _next(edits[index], index in kept)) is not None}


def _next(edits: Edits, kept: bool) -> Edit | None:
    try:
        return edits.send(kept)
    except StopIteration:
        return None


def _keep(parts: Parts, blocks: dict[int, str], snapshot_of: SnapshotOf, goal: Mapping[str, str]) -> set[int]:
    """Replace the lines of some parts where that leaves the pipeline unchanged, and return their indexes."""
    if not blocks:
        return set()
    text = parts.text([blocks.get(index, part.block) for index, part in enumerate(parts.stages)])
    resolved = resolve_spec(snapshot_of(text)).resolved
    shape = {} if resolved is None else shapes(dvc_document(resolved))
    if shape == goal:
        for index, block in blocks.items():
            parts.stages[index].block = block
        return set(blocks)
    good = {index for index in blocks if all(shape.get(name) == goal.get(name) for name in parts.stages[index].stages)}
    if len(blocks) == 1 or (shape and not good):
        return set()
    if good and len(good) < len(blocks):
        return _keep(parts, {index: blocks[index] for index in good}, snapshot_of, goal)
    half = list(blocks)[len(blocks) // 2 :]  # the spec does not resolve, or the difference is in another stage
    first = _keep(parts, {index: block for index, block in blocks.items() if index not in half}, snapshot_of, goal)
    return first | _keep(parts, {index: blocks[index] for index in half}, snapshot_of, goal)


def _compiles_to(text: str, snapshot_of: SnapshotOf, goal: Mapping[str, str]) -> bool:
    compiled = compile_spec(snapshot_of(text))
    return compiled.project is not None and not compiled.report.failed and shapes(compiled.project.dvc) == goal


def _edits(part: Part, data: object, stages: Mapping[str, Any], code: CodeGraph) -> Edits:
    for stage in part.stages:
        if stage not in stages:  # a merge key, `<<`
            continue
        body = stages[stage].get("do", stages[stage])
        path = stage_path(data, stage)
        if not (yield from _by_convention(part, stage, path, body, code)):
            yield from _infer_code(part, stage, path, body, code)


def _try(part: Part, new: str | None, description: str) -> Attempt:
    """Propose an edit, if it changes nothing outside of the part."""
    if new is None or not new.startswith(part.lead):
        return False
    return (yield new[len(part.lead) :], description)


def _by_convention(part: Part, stage: str, path: Path, body: Mapping[str, Any], code: CodeGraph) -> Attempt:
    """Leave the command to the conventions, then every other key that they can fill in."""
    cmd = body.get("cmd")
    if not isinstance(cmd, str) or "\n" in cmd:
        return False
    for text, description in _without_command(part.text, path, cmd, stage):
        if not (yield from _try(part, text, description)):
            continue
        for key in ("deps", "outs", "metrics", "plots", "params"):
            shorter = without_key(part.text, (*path, key))
            kept = yield from _try(part, shorter, f"{stage}: removed `{key}`, which the conventions fill in")
            if key == "deps" and not kept:
                yield from _without_code(part, stage, path, body, code)
        return True
    return False


def _without_command(text: str, path: Path, cmd: str, stage: str) -> Iterator[tuple[str | None, str]]:
    """Texts without `cmd`: with the words after the code file as `args`, and also without `deps`, `infer`, or both."""
    for keys in ((), ("deps",), ("infer",), ("infer", "deps")):
        bare = _without_keys(text, path, ("cmd", *keys))
        if bare is None:
            continue
        for args in dict.fromkeys(("", _arguments(cmd))):
            new = bare if not args else with_line(bare, path, f"args: {_scalar(args)}")
            change = f"{stage}: replaced `cmd` by `args`" if args else f"{stage}: removed `cmd`"
            removed = f" and removed {' and '.join(f'`{key}`' for key in keys)}" if keys else ""
            yield (
                new,
                f"{change}{removed}; the conventions fill in {'both' if len(keys) == 1 else 'all' if keys else 'the command'}",
            )


def _without_keys(text: str, path: Path, keys: Collection[str]) -> str | None:
    shorter: str | None = text
    for key in keys:
        shorter = None if shorter is None else without_key(shorter, (*path, key))
    return shorter


def _arguments(cmd: str) -> str:
    """The words after the code file in a command such as `python src/train.py --fast`."""
    words = cmd.split(None, 2)
    return words[2] if len(words) == 3 and not words[1].startswith("-") else ""


def _scalar(text: str) -> str:
    try:
        plain = len(shlex.split(text)) > 1 and not set(text) & set("#:{}[]'\"&*!|>%@`,")
    except ValueError:
        plain = False
    return text if plain else quoted(text)


def _without_code(part: Part, stage: str, path: Path, body: Mapping[str, Any], code: CodeGraph) -> Edits:
    indexes = _code_among(body, code)
    if not indexes:
        return
    description = f"{stage}: removed {len(indexes)} `deps` that are the code it runs and imports"
    yield from _try(part, without_items(part.text, (*path, "deps"), indexes), description)


def _infer_code(part: Part, stage: str, path: Path, body: Mapping[str, Any], code: CodeGraph) -> Edits:
    """Keep the command, and replace the list of code files by `infer: [code]`."""
    indexes = _code_among(body, code)
    if "infer" in body or body.get("wdir", ".") != "." or len(indexes) < 2:  # one line for another saves nothing
        return
    new = without_items(part.text, (*path, "deps"), indexes)
    text = None if new is None else with_line(new, path, "infer: [code]")
    description = f"{stage}: replaced {len(indexes)} `deps`, the code it runs and imports, by `infer: [code]`"
    yield from _try(part, text, description)


def inferred(text: str, entries: Collection[str], snapshot_of: SnapshotOf) -> tuple[str, list[str]]:
    """The text with `infer: [code]` instead of a list of code files, where that means the same, and the stages so changed."""
    compiled = compile_spec(snapshot_of(text))
    if compiled.project is None or compiled.document is None:
        return text, []
    goal, stages = shapes(compiled.project.dvc), compiled.project.dvc.get("stages", {})
    code = CodeGraph(snapshot_of(text), compiled.project.code_roots)
    changed = []
    for entry in entries:
        path, body = stage_path(compiled.document.data, entry), stages.get(entry, {})
        body = body.get("do", body)
        if (indexes := _code_among(body, code)) and "infer" not in _declared(compiled.document.data, path):
            shorter = without_items(text, (*path, "deps"), indexes)
            shorter = None if shorter is None else with_line(shorter, path, "infer: [code]")
            if shorter is not None and _compiles_to(shorter, snapshot_of, goal):
                text = shorter
                changed.append(entry)
    return text, changed


def _declared(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _code_among(body: Mapping[str, Any], code: CodeGraph) -> set[int]:
    """The indexes of the deps that are code which the command runs or imports."""
    cmd, wdir = body.get("cmd"), str(body.get("wdir") or ".")
    if not isinstance(cmd, str):
        return set()
    files = {file for line in cmd.splitlines() for file in code.command(line, wdir).files}
    deps = [posixpath.normpath(posixpath.join(wdir, str(dep))) for dep in body.get("deps") or ()]
    return {index for index, dep in enumerate(deps) if dep in files}


def shapes(dvc: Mapping[str, Any]) -> dict[str, str]:
    """A normalized text of each stage, and of everything else under `""`: equal texts mean equal pipelines."""
    stages = dvc.get("stages") or {}
    rest = {key: value for key, value in dvc.items() if key != "stages"}
    return {"": _text(rest)} | {name: _text(stage_shape(body)) for name, body in stages.items()}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def stage_shape(body: Any) -> Any:
    """A stage with its unordered lists sorted."""
    if not isinstance(body, dict):
        return body
    plain = {key: _sorted(value) if key in UNORDERED else value for key, value in body.items()}
    return {**plain, "do": stage_shape(plain["do"])} if "do" in plain else plain


def _sorted(value: Any) -> Any:
    return sorted(value, key=_text) if isinstance(value, list) else value
