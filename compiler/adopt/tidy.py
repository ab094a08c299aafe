"""A spec made shorter: what conventions would fill in anyway is taken out, one key at a time.

An edit stays only if the compiled pipeline is the same without it; DVC is asked about all of them at the end.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..build import Compiled
from ..imports import CodeGraph, command_files
from ..snapshot import Snapshot
from ..span import Path
from .edit import quoted, stage_path, with_line, without_items, without_key

Compile = Callable[[str], Compiled]
UNORDERED = frozenset(["deps", "outs", "params", "metrics", "plots"])
"""Keys of a stage whose lists mean the same in any order: DVC sorts them itself in dvc.lock."""


@dataclass
class Tidied:
    """The text after, and what was done, a line each."""

    text: str
    done: list[str] = field(default_factory=list)


def tidied(text: str, compile_text: Compile, snapshot: Snapshot) -> Tidied:
    """The shortest text that greedy edits lead to."""
    run = compile_text(text)
    found = Tidied(text)
    if run.project is None or run.report.failed:
        return found
    same = shape(run.project.dvc)

    def taken(new: str | None, what: str) -> bool:
        if new is None:
            return False
        now = compile_text(new)
        if now.project is None or now.report.failed or shape(now.project.dvc) != same:
            return False
        found.text = new
        found.done.append(what)
        return True

    data = run.document.data if run.document is not None else {}
    for stage, body in run.project.dvc.get("stages", {}).items():
        body = body.get("do", body)
        path = stage_path(data, stage)
        if not _by_convention(found, stage, path, body, taken):
            _code(found, stage, path, body, taken, snapshot)
    return found


Taken = Callable[[str | None, str], bool]


def _by_convention(found: Tidied, stage: str, path: Path, body: Mapping[str, Any], taken: Taken) -> bool:
    """Leave the command, and then all else that can be, to the conventions."""
    cmd = body.get("cmd")
    if not isinstance(cmd, str) or "\n" in cmd:
        return False
    for text, what in _commandless(found.text, path, cmd, body, stage):
        if taken(text, what):
            for key in ("deps", "outs", "metrics", "plots", "params"):
                if not taken(without_key(found.text, (*path, key)), f"{stage}: `{key}` is what the conventions give"):
                    _fewer_deps(found, stage, path, key, taken)
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


def _fewer_deps(found: Tidied, stage: str, path: Path, key: str, taken: Taken) -> None:
    if key != "deps":
        return
    index = 0
    while (new := without_items(found.text, (*path, key), {index})) is not None:
        if not taken(new, f"{stage}: one of its `deps` is code that it imports"):
            index += 1


def _code(found: Tidied, stage: str, path: Path, body: Mapping[str, Any], taken: Taken, snapshot: Snapshot) -> None:
    """Keep the command, and leave the list of code files to `infer: [code]`."""
    cmd = body.get("cmd")
    wdir = str(body.get("wdir") or ".")
    if not isinstance(cmd, str) or "infer" in body or wdir != ".":
        return
    graph = CodeGraph(snapshot)
    code = {file for named in command_files(cmd, snapshot) for file in graph.closure(named)[0]}
    stated = body.get("deps") or []
    indexes = {index for index, dep in enumerate(stated) if dep in code}
    if len(indexes) < 2:  # a line more for one less is no gain
        return
    new = without_items(found.text, (*path, "deps"), indexes)
    text = None if new is None else with_line(new, path, "infer: [code]")
    taken(text, f"{stage}: {len(indexes)} of its `deps` are the code that it runs and imports (`infer: [code]`)")


def shape(dvc: Mapping[str, Any]) -> str:
    """A pipeline as text that is the same for pipelines that mean the same."""
    stages = {name: stage_shape(body) for name, body in (dvc.get("stages") or {}).items()}
    return json.dumps({**dvc, "stages": stages}, sort_keys=True, default=str)


def stage_shape(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    plain = {key: _sorted(value) if key in UNORDERED else value for key, value in body.items()}
    return {**plain, "do": stage_shape(plain["do"])} if "do" in plain else plain


def _sorted(value: Any) -> Any:
    return (
        sorted(value, key=lambda item: json.dumps(item, sort_keys=True, default=str))
        if isinstance(value, list)
        else value
    )
