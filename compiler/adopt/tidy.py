"""A spec made shorter: what conventions would fill in anyway is taken out, one key at a time.

An edit stays only if the pipeline is the same without it. Stages are edited at the same time, each in lines of its own, and
one reading of the spec tells which edits to keep; the whole is compiled and compared at the end, and DVC is asked then.
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
from ..resolve.code.graph import CodeGraph, command_files
from .edit import quoted, stage_path, with_line, without_items, without_key
from .parts import Part, Parts, most, parts_of

At = Callable[[str], Snapshot]
"""The repository with a text as its spec."""
Attempts = Generator[tuple[str, str], bool, None]
"""Edits of a part, each as its new lines and what was done; it is told whether the edit stays."""
Attempt = Generator[tuple[str, str], bool, bool]

UNORDERED = frozenset(["deps", "outs", "params", "metrics", "plots"])
"""Keys of a stage whose lists mean the same in any order: DVC sorts them itself in dvc.lock."""


@dataclass(slots=True)
class Tidied:
    """The text after, and what was done, a line each."""

    text: str
    done: list[str] = field(default_factory=list)


def tidied(text: str, at: At) -> Tidied:
    """The shortest text that greedy edits lead to."""
    snapshot = at(text)
    run = compile_spec(snapshot)
    if run.project is None or run.report.failed:
        return Tidied(text)
    same = shapes(run.project.dvc)
    parts = parts_of(text)
    before = [part.block for part in parts.stages]
    data = run.document.data if run.document is not None else {}
    stages = run.project.dvc.get("stages", {})
    code = CodeGraph(snapshot, run.project.code_roots)
    edits = [_edits(part, data, stages, code) for part in parts.stages]
    wishes = {index: wish for index, each in enumerate(edits) if (wish := next(each, None)) is not None}
    while wishes:
        taken: set[int] = set()
        for turn in (0, 1):  # what a stage leaves out may depend on the one above it, so never both at once
            taken |= _taken(parts, {index: wish[0] for index, wish in wishes.items() if index % 2 == turn}, at, same)
        for index in taken:
            parts.stages[index].done.append(wishes[index][1])
        wishes = {index: wish for index in wishes if (wish := _next(edits[index], index in taken)) is not None}
    after = [part.block for part in parts.stages]
    changed = [index for index, block in enumerate(after) if block != before[index]]

    def with_(kept: Collection[int]) -> str:
        return parts.text([after[i] if i in kept else block for i, block in enumerate(before)])

    kept = most(changed, lambda some: _compiles_to(with_(some), at, same))
    return Tidied(with_(kept), [line for index in changed if index in kept for line in parts.stages[index].done])


def _next(edits: Attempts, taken: bool) -> tuple[str, str] | None:
    try:
        return edits.send(taken)
    except StopIteration:
        return None


def _taken(parts: Parts, new: dict[int, str], at: At, same: Mapping[str, str]) -> set[int]:
    """Put the new lines of some parts in, those that leave the pipeline as it is; which these are."""
    if not new:
        return set()
    run = resolve_spec(at(parts.text([new.get(i, part.block) for i, part in enumerate(parts.stages)])))
    now = {} if run.resolved is None else shapes(dvc_document(run.resolved))
    if now == same:
        for index, block in new.items():
            parts.stages[index].block = block
        return set(new)
    good = {index for index in new if all(now.get(name) == same.get(name) for name in parts.stages[index].stages)}
    if len(new) == 1 or (now and not good):
        return set()
    if good and len(good) < len(new):
        return _taken(parts, {index: new[index] for index in good}, at, same)
    half = list(new)[len(new) // 2 :]  # it cannot be read, or another stage is what differs
    first = _taken(parts, {index: block for index, block in new.items() if index not in half}, at, same)
    return first | _taken(parts, {index: new[index] for index in half}, at, same)


def _compiles_to(text: str, at: At, same: Mapping[str, str]) -> bool:
    run = compile_spec(at(text))
    return run.project is not None and not run.report.failed and shapes(run.project.dvc) == same


def _edits(part: Part, data: object, stages: Mapping[str, Any], code: CodeGraph) -> Attempts:
    for stage in part.stages:
        if stage not in stages:  # `<<`, a key that stands for others
            continue
        body = stages[stage].get("do", stages[stage])
        path = stage_path(data, stage)
        if not (yield from _by_convention(part, stage, path, body, code)):
            yield from _code(part, stage, path, body, code)


def _try(part: Part, new: str | None, what: str) -> Attempt:
    """One edit; nothing where it cannot be made within the part."""
    if new is None or not new.startswith(part.lead):
        return False
    return (yield new[len(part.lead) :], what)


def _by_convention(part: Part, stage: str, path: Path, body: Mapping[str, Any], code: CodeGraph) -> Attempt:
    """Leave the command, and then all else that can be, to the conventions."""
    cmd = body.get("cmd")
    if not isinstance(cmd, str) or "\n" in cmd:
        return False
    for text, what in _commandless(part.text, path, cmd, body, stage):
        if (yield from _try(part, text, what)):
            for key in ("deps", "outs", "metrics", "plots", "params"):
                gone = without_key(part.text, (*path, key))
                if (
                    not (yield from _try(part, gone, f"{stage}: `{key}` is what the conventions give"))
                    and key == "deps"
                ):
                    yield from _fewer_deps(part, stage, path, body, code)
            return True
    return False


def _commandless(
    text: str, path: Path, cmd: str, body: Mapping[str, Any], stage: str
) -> Iterator[tuple[str | None, str]]:
    """Texts without `cmd`: with what follows the code file as `args`; with the code left out of `deps`."""
    bare = without_key(text, (*path, "cmd"))
    if bare is None:
        return
    tail = _arguments(cmd)
    for args in dict.fromkeys(("", tail)):
        new = bare if not args else with_line(bare, path, f"args: {_scalar(args)}")
        what = f"{stage}: `cmd` is what the conventions give" + (", but for its `args`" if args else "")
        yield new, what
        if new is not None:
            yield without_key(new, (*path, "deps")), what + "; and so are `deps`"


def _arguments(cmd: str) -> str:
    """What stands behind the code file in a command such as `python src/train.py --fast`."""
    parts = cmd.split(None, 2)
    return parts[2] if len(parts) == 3 and not parts[1].startswith("-") else ""


def _scalar(text: str) -> str:
    try:
        plain = len(shlex.split(text)) > 1 and not set(text) & set("#:{}[]'\"&*!|>%@`,")
    except ValueError:
        plain = False
    return text if plain else quoted(text)


def _fewer_deps(part: Part, stage: str, path: Path, body: Mapping[str, Any], code: CodeGraph) -> Attempts:
    indexes = _code_among(body, code)
    if not indexes:
        return
    what = f"{stage}: {len(indexes)} of its `deps` are the code that it runs and imports"
    yield from _try(part, without_items(part.text, (*path, "deps"), indexes), what)


def _code(part: Part, stage: str, path: Path, body: Mapping[str, Any], code: CodeGraph) -> Attempts:
    """Keep the command, and leave the list of code files to `infer: [code]`."""
    indexes = _code_among(body, code)
    if "infer" in body or body.get("wdir", ".") != "." or len(indexes) < 2:  # a line more for one less is no gain
        return
    new = without_items(part.text, (*path, "deps"), indexes)
    text = None if new is None else with_line(new, path, "infer: [code]")
    what = f"{stage}: {len(indexes)} of its `deps` are the code that it runs and imports (`infer: [code]`)"
    yield from _try(part, text, what)


def _code_among(body: Mapping[str, Any], code: CodeGraph) -> set[int]:
    """Which of a stage's deps are code that its command runs and imports."""
    cmd, wdir = body.get("cmd"), str(body.get("wdir") or ".")
    if not isinstance(cmd, str):
        return set()
    files = {file for named in command_files(cmd, code.snapshot, wdir) for file in code.closure(named)[0]}
    deps = [posixpath.normpath(posixpath.join(wdir, str(dep))) for dep in body.get("deps") or ()]
    return {index for index, dep in enumerate(deps) if dep in files}


def shapes(dvc: Mapping[str, Any]) -> dict[str, str]:
    """A pipeline as texts that are the same for pipelines that mean the same: by stage, and of the rest by the empty name."""
    stages = dvc.get("stages") or {}
    rest = {key: value for key, value in dvc.items() if key != "stages"}
    return {"": _text(rest)} | {name: _text(stage_shape(body)) for name, body in stages.items()}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def stage_shape(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    plain = {key: _sorted(value) if key in UNORDERED else value for key, value in body.items()}
    return {**plain, "do": stage_shape(plain["do"])} if "do" in plain else plain


def _sorted(value: Any) -> Any:
    return sorted(value, key=_text) if isinstance(value, list) else value
