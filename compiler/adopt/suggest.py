"""What is wrong in a pipeline that works: code that nobody declared, parameters nobody reads, results nobody keeps."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ..build import Compiled
from ..model.diagnostic import Diagnostic
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..read.params import lookup
from ..resolve.code.graph import CodeGraph, command_files
from .edit import stage_path, with_items

TOLD = frozenset(["MLC413", "MLC414", "MLC417"])
"""Checks that `mlopsc check` makes anyway and that belong on the list."""


def suggestions(run: Compiled, snapshot: Snapshot) -> list[Diagnostic]:
    """The list, in the order of the stages within each kind."""
    found = [each for each in run.report if each.code in TOLD]
    if run.project is not None:
        found += _unread(run, run.project, snapshot)
        found += _uncached(run.project)
    return found


def undeclared(project: Project, snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """By entry, the code files that its stages run or import and do not depend on, from the root."""
    graph = CodeGraph(snapshot)
    found: dict[str, tuple[str, ...]] = {}
    for stage in project:
        missing = [
            file for file in _code(stage, snapshot, graph)
            if not any(file == dep or dep in (".", "") or file.startswith(f"{dep.rstrip('/')}/") for dep in stage.deps)
        ]  # fmt: skip
        if missing:
            found[stage.entry] = tuple(dict.fromkeys((*found.get(stage.entry, ()), *missing)))
    return found


def _code(stage: Stage, snapshot: Snapshot, graph: CodeGraph) -> tuple[str, ...]:
    named = [path for command in stage.commands for path in command_files(command.text, snapshot, stage.wdir)]
    return tuple(dict.fromkeys(file for path in named for file in graph.closure(path)[0]))


def _unread(run: Compiled, project: Project, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Parameters that no code of the stage names. Code that takes a whole section is given the benefit of the doubt."""
    graph = CodeGraph(snapshot)
    told: set[tuple[str, str]] = set()
    for stage in project:
        files = _code(stage, snapshot, graph)
        if not files or not all(file.endswith(".py") for file in files):
            continue
        text = "\n".join([(snapshot.read(file) or b"").decode("utf-8", "replace") for file in files])
        text += "\n".join(command.text for command in stage.commands)
        for param in stage.params:
            if param.key is None or (stage.entry, param.key) in told:
                continue
            named = lookup(run.params.load(param.file), param.key) if run.params is not None else None
            words = [param.key.rpartition(".")[2], *(named if isinstance(named, dict) else ())]
            if not any(re.search(rf"\b{re.escape(str(word))}\b", text) for word in words):
                told.add((stage.entry, param.key))
                what = f"`{stage.entry}` tracks the parameter `{param.key}`, and none of its code names it"
                help_ = "remove it, and the stage no longer runs again for it"
                yield Diagnostic("MLC711", what, stage.at, help=help_, severity="warning")


def _uncached(project: Project) -> Iterator[Diagnostic]:
    """Stages that DVC never restores from its run cache. Source: DVC 3.67, `dvc/stage/cache.py`."""
    told: set[str] = set()
    for stage in project:
        persisted = [out.path for out in stage.outs if out.flags.get("persist")]
        why = (
            "`always_changed` is set" if stage.always_changed
            else "it has no out" if not stage.outs
            else f"`{persisted[0]}` is persisted" if persisted
            else ""
        )  # fmt: skip
        if why and stage.entry not in told:
            told.add(stage.entry)
            what = f"`{stage.entry}` is never restored from the run cache: {why}"
            help_ = "change that if another machine is to take over its results instead of running it"
            yield Diagnostic("MLC712", what, stage.at, help=help_, severity="warning")


def with_code(text: str, run: Compiled, snapshot: Snapshot) -> tuple[str, dict[str, tuple[str, ...]], list[str]]:
    """The text with the missing code in `deps`; what was added by entry; and the entries that the text does not let."""
    project = run.project
    added: dict[str, tuple[str, ...]] = {}
    left: list[str] = []
    wanted = undeclared(project, snapshot) if project is not None else {}
    for entry, files in wanted.items():
        stage = next(stage for stage in project or () if stage.entry == entry)
        paths = [posixpath.relpath(file, stage.wdir) for file in files]
        data = run.document.data if run.document is not None else {}
        new = None if "${" in stage.wdir else with_items(text, (*stage_path(data, entry), "deps"), paths)
        if new is None:
            left.append(entry)
        else:
            text, added[entry] = new, files
    return text, added, left
