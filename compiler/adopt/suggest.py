"""`mlopsc tidy --suggest`: undeclared code, params that nothing reads, and stages that DVC never restores."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from ..build import Compiled
from ..checks.code import CodeDeps
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..read.params import lookup
from ..resolve.code.graph import CodeGraph
from .edit import stage_path, with_items

UNUSED_PARAM = Code(
    "MLC711",
    "warning",
    "`{stage}` tracks the param `{param}`, but none of its code mentions it",
    help="remove it from `params`, so that changing it no longer runs the stage again",
)
NEVER_RESTORED = Code(
    "MLC712",
    "warning",
    "DVC never restores `{stage}` from the run cache: {reason}",
    help="change that if other machines should restore its results instead of running it",
)

FROM_CHECK = frozenset(["MLC413", "MLC414", "MLC417"])
"""Diagnostics of `mlopsc check` that are suggestions too."""


def suggestions(run: Compiled, snapshot: Snapshot) -> list[Diagnostic]:
    """All suggestions, grouped by kind, in the order of the stages."""
    diagnostics = [diagnostic for diagnostic in run.report if diagnostic.code in FROM_CHECK]
    if run.project is not None:
        diagnostics += _unused_params(run, run.project, snapshot)
        diagnostics += _never_restored(run.project)
    return diagnostics


def undeclared(project: Project, snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The code files that stages run or import but do not depend on, by entry of `stages`; paths from the root."""
    code = CodeDeps(project, snapshot)
    files: dict[str, tuple[str, ...]] = {}
    for stage in project:
        if missing := code.undeclared(stage):
            files[stage.entry] = tuple(dict.fromkeys((*files.get(stage.entry, ()), *missing)))
    return files


def _code(stage: Stage, graph: CodeGraph) -> tuple[str, ...]:
    commands = [graph.command(command.text, stage.wdir) for command in stage.code_commands]
    return tuple(dict.fromkeys(file for loaded in commands for file in loaded.files))


def _unused_params(run: Compiled, project: Project, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Params that no code of the stage mentions. A mention of any key of a section counts as a mention of the section."""
    graph = CodeGraph(snapshot, project.code_roots)
    reported: set[tuple[str, str]] = set()
    for stage in project:
        files = _code(stage, graph)
        if not files or not all(file.endswith(".py") for file in files):
            continue
        text = "\n".join([(snapshot.read(file) or b"").decode("utf-8", "replace") for file in files])
        text += _declaration(project, stage)
        for param in stage.params:
            if param.key is None or (stage.entry, param.key) in reported:
                continue
            value = lookup(run.params.load(param.file), param.key) if run.params is not None else None
            words = [param.key.rpartition(".")[2], *(value if isinstance(value, dict) else ())]
            if not any(re.search(rf"\b{re.escape(str(word))}\b", text) for word in words):
                reported.add((stage.entry, param.key))
                yield UNUSED_PARAM.on(stage.at, stage=stage.entry, param=param.key)


def _declaration(project: Project, stage: Stage) -> str:
    """The commands of a stage, and its entry without `params`: a template in it uses the param."""
    entry = project.dvc.get("stages", {}).get(stage.entry, {})
    body = {key: value for key, value in {**entry, **entry.get("do", {})}.items() if key not in ("params", "do")}
    return "\n".join([json.dumps(body, default=str), *(command.text for command in stage.commands)])


def _never_restored(project: Project) -> Iterator[Diagnostic]:
    """Stages that DVC never restores from the run cache. Source: DVC 3.67, `dvc/stage/cache.py`."""
    reported: set[str] = set()
    for stage in project:
        persisted = [out.path for out in stage.outs if out.flags.get("persist")]
        reason = (
            "`always_changed` is set" if stage.always_changed
            else "it has no outs" if not stage.outs
            else f"`{persisted[0]}` has `persist`" if persisted
            else ""
        )  # fmt: skip
        if reason and stage.entry not in reported:
            reported.add(stage.entry)
            yield NEVER_RESTORED.on(stage.at, stage=stage.entry, reason=reason)


def with_code(text: str, run: Compiled, snapshot: Snapshot) -> tuple[str, dict[str, tuple[str, ...]], list[str]]:
    """Add missing code to `deps`: the new text, the added files by entry, and the entries whose text cannot be edited."""
    project = run.project
    added: dict[str, tuple[str, ...]] = {}
    skipped: list[str] = []
    missing = undeclared(project, snapshot) if project is not None else {}
    for entry, files in missing.items():
        stage = next(stage for stage in project or () if stage.entry == entry)
        paths = [posixpath.relpath(file, stage.wdir) for file in files]
        data = run.document.data if run.document is not None else {}
        new = None if "${" in stage.wdir else with_items(text, (*stage_path(data, entry), "deps"), paths)
        if new is None:
            skipped.append(entry)
        else:
            text, added[entry] = new, files
    return text, added, skipped
