"""Checks of the code that commands run: whether it exists, can be read, and is among the deps of the stage."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from ..resolve.code.graph import CodeGraph
from ..resolve.code.languages import is_code
from ..resolve.code.problems import DYNAMIC, FOREIGN, UNDECLARED, Loaded
from ..resolve.library import library
from .places import Places

NO_CODE_FILE = Code(
    "MLC410",
    "warning",
    "`{stage}` runs `{path}`, which does not exist",
    help="create it, or correct the command",
    in_check="error",
)
NO_CODE_FILE_SIMILAR = replace(NO_CODE_FILE, help="did you mean `{similar}`?")
CODE_NOT_A_DEP = Code(
    "MLC414",
    "warning",
    "`{stage}` runs {files} without depending on {pronoun}, so its results can become stale unnoticed",
    help="add it to `deps`, or write `infer: [code]`",
)
ADD_THEM = "add them to `deps`, or write `infer: [code]`"
FEATURE_NOT_A_DEP = replace(CODE_NOT_A_DEP, severity="error")

_BARE = r"(?a)[\w./][\w./-]*\Z"
_MAX_SHOWN = 5
_MAX_DEPTH = 3
"""How deep a folder is searched for code."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC310 to MLC313, MLC410 and MLC414."""
    code = CodeDeps(project, snapshot, places.graph)
    told: set[object] = set()
    for stage in project:
        if stage.judges is not None:  # a gate runs a program of mlopsc
            continue
        for key, diagnostic in code.check(stage, places):
            if key not in told:
                told.add(key)
                yield diagnostic


class CodeDeps:
    """The code that the stages of a project run, held against what they depend on."""

    def __init__(self, project: Project, snapshot: Snapshot, graph: CodeGraph | None = None) -> None:
        self.snapshot = snapshot
        scripts = {script.path: script.text for script in project.scripts}
        self.graph = graph if graph is not None else CodeGraph(snapshot, project.code_roots, scripts)
        self.made = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
        self.scripts = frozenset(scripts)
        package = project.feature_package
        self.library = library(package, snapshot, self.graph.roots) if package is not None else None
        self._names: dict[str, frozenset[str]] = {}

    def undeclared(self, stage: Stage) -> list[str]:
        """The files that a stage runs or loads and does not depend on."""
        return self._undeclared(stage, self._loaded(stage))

    def _undeclared(self, stage: Stage, loads: list[Loaded]) -> list[str]:
        missing: dict[str, None] = {}
        for loaded in loads:
            for file in loaded.files:
                if self.names(file).isdisjoint(stage.deps) and not self._covered(file, stage):
                    missing[file] = None
        return list(missing)

    def check(self, stage: Stage, places: Places) -> Iterator[tuple[object, Diagnostic]]:
        """What is wrong with the code that one stage runs, each with a key that is the same for the same thing."""
        loads = self._loaded(stage)
        named = any(loaded.problems for loaded in loads) and self._beyond(stage, loads)
        for loaded in loads:
            for path in loaded.missing:
                if path not in stage.deps and not self._may_come(path):  # MLC411 tells of a dep
                    yield (stage.entry, path), replace(_no_code_file(stage, path, self.snapshot, places), subject=path)
            for problem in loaded.problems:
                if problem.code is UNDECLARED and stage.environment is not None:
                    continue  # its environment has packages of its own
                if named and problem.code in (DYNAMIC, FOREIGN):
                    continue
                if problem.path is None or problem.path in self.scripts:
                    yield (stage.entry, problem.cause), problem.on(_command(stage, places))
                else:
                    yield problem.cause, self.graph.diagnostic(problem)
        if missing := self._undeclared(stage, loads):
            features = self.library is not None and any(file.startswith(f"{self.library}/") for file in missing)
            code = FEATURE_NOT_A_DEP if features else CODE_NOT_A_DEP
            yield (stage.entry, tuple(missing)), _not_a_dep(code, stage, missing, places)

    def _loaded(self, stage: Stage) -> list[Loaded]:
        return [self.graph.command(command.text, stage.wdir) for command in stage.code_commands]

    def names(self, file: str) -> frozenset[str]:
        """The paths that stand for a file among deps: its own and those of the folders above."""
        if file not in self._names:
            self._names[file] = frozenset((file, ".", *parents(file)))
        return self._names[file]

    def _covered(self, file: str, stage: Stage) -> bool:
        """Whether the stage need not depend on a file: the build writes it, the stage makes it, or it is a folder read in part."""
        if file in self.scripts:
            return True
        if not self.names(file).isdisjoint([out.path for out in stage.outs]):
            return True
        if self.graph.is_folder(file):
            inside = f"{file}/"
            return any(path.startswith(inside) for path in (*stage.deps, *(param.file for param in stage.params)))
        return False

    def _beyond(self, stage: Stage, loads: list[Loaded]) -> bool:
        """Whether a stage depends on code that reading does not find: then it names what is only known when it runs."""
        found = {file for loaded in loads for file in loaded.files}
        for dep in stage.deps:
            if dep in found or dep == "." or "://" in dep or not self.made.isdisjoint((dep, *parents(dep))):
                continue
            if self.graph.is_file(dep):
                if is_code(dep):
                    return True
            elif not any(file.startswith(f"{dep}/") for file in found) and self._holds_code(dep):
                return True
        return False

    def _holds_code(self, folder: str, depth: int = 0) -> bool:
        for name in self.snapshot.list(folder):
            path = f"{folder}/{name}"
            if is_code(name) or (depth < _MAX_DEPTH and "." not in name and self._holds_code(path, depth + 1)):
                return True
        return False

    def _may_come(self, path: str) -> bool:
        """Whether something may put a file there that is not there now."""
        if path.startswith(("..", "/")) or path in self.scripts or not self.made.isdisjoint((path, *parents(path))):
            return True
        return any(self.snapshot.kind(f"{place}.dvc") == "file" for place in (path, *parents(path)))


def _command(stage: Stage, places: Places) -> At:
    """Where the command of a stage is written."""
    place = places.value(stage, "cmd")
    return place if not place.key else places.value(stage, "script")


def _no_code_file(stage: Stage, path: str, snapshot: Snapshot, places: Places) -> Diagnostic:
    from difflib import get_close_matches

    place = _command(stage, places)
    folder, _, name = path.rpartition("/")
    if similar := get_close_matches(name, snapshot.list(folder), 1):
        near = f"{folder}/{similar[0]}" if folder else similar[0]
        return NO_CODE_FILE_SIMILAR.on(place, stage=stage.name, path=path, similar=near)
    return NO_CODE_FILE.on(place, stage=stage.name, path=path)


def _not_a_dep(code: Code, stage: Stage, files: list[str], places: Places) -> Diagnostic:
    shown = ", ".join(f"`{file}`" for file in files[:_MAX_SHOWN])
    if files[_MAX_SHOWN:]:
        shown += f" and {len(files) - _MAX_SHOWN:,} more"
    code = replace(code, help=ADD_THEM) if files[1:] else code
    pronoun = "them" if files[1:] else "it"
    diagnostic = code.on(places.key(stage, "deps"), stage=stage.name, files=shown, pronoun=pronoun)
    return replace(diagnostic, fix=_with_deps(stage, files, places))


def _with_deps(stage: Stage, files: list[str], places: Places) -> Fix | None:
    """`deps` with the code added. The stage runs again after that, so the fix is unsafe."""
    stated = places.stated(stage, "deps")
    if not stated or "${" in stage.wdir:
        return None
    place = places.value(stage, "deps")
    code = [file if stage.wdir == "." else posixpath.relpath(file, stage.wdir) for file in files]
    items = ", ".join(item if re.match(_BARE, item) else json.dumps(item) for item in [*code, *map(str, stated)])
    return Fix(At(place.path), f"[{items}]", "unsafe")
