"""Checks of what commands name: outs of other stages that a stage reads and does not depend on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

NAMED_OUT = Code(
    "MLC424",
    "warning",
    "the command of `{stage}` names `{path}`, which `{producer}` writes, and `{stage}` does not depend on it",
    help="add `{path}` to `deps`; until then a change of it does not run `{stage}` again",
)
_WORD = re.compile(r"[^\s'\"=;|&<>()`,]+")


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC424."""
    producers = {path: artifact.producer for path, artifact in project.artifacts.items() if _is_path(path)}
    reported: set[tuple[str, str]] = set()
    for stage in project:
        if stage.judges is not None:
            continue
        for path in _named(stage):
            producer = producers.get(path)
            if producer is None or project.stages[producer].entry == stage.entry or _is_known(stage, path):
                continue
            if (stage.entry, path) not in reported and stage.name not in project.dag.ancestors(producer):
                reported.add((stage.entry, path))
                place = places.value(stage, "cmd")
                yield NAMED_OUT.on(place, stage=stage.entry, path=path, producer=project.stages[producer].entry)


def _is_path(path: str) -> bool:
    """Whether a word that is equal is the path and not a word of the program, such as `train` or `model`."""
    return "/" in path or "." in path


def _named(stage: Stage) -> dict[str, None]:
    words = (word for command in stage.code_commands for word in _WORD.findall(command.text))
    if stage.wdir == ".":
        return dict.fromkeys(word.removeprefix("./") for word in words)
    return dict.fromkeys(posixpath.normpath(posixpath.join(stage.wdir, word)) for word in words if len(word) < 4096)


def _is_known(stage: Stage, path: str) -> bool:
    """Whether the stage states the path, something in it, or a folder above it."""
    stated = {*stage.deps, *(out.path for out in stage.outs), *(param.file for param in stage.params)}
    return not stated.isdisjoint((path, *parents(path))) or any(other.startswith(f"{path}/") for other in stated)
