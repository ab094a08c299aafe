"""Checks of the code that commands run: whether it exists, and whether the stage depends on it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from ..resolve.code.graph import CodeGraph, named_files
from ..resolve.commands import RUN, SCRIPTS
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
    "`{stage}` runs {files} without depending on it, so its results can become stale unnoticed",
    help="add it to `deps`, or write `infer: [code]`",
)
FEATURE_NOT_A_DEP = replace(CODE_NOT_A_DEP, severity="error")

_ENDINGS = r"\.(?:py|[Rr]|sh|bash|jl|ipynb|[Rr]md)\b| -m "
_SIMPLE = re.compile(
    r"(?:python3?|Rscript|bash|sh|julia) ((?:\./)?\w(?:[\w-]|[./](?![./]))*\.(?:py|R|r|sh|jl))(?= |\Z)[^;&|()<>`'\"\\]*\Z",
    re.ASCII,
)
"""One program that runs one code file: the most common command, recognised without parsing it."""
_ELSEWHERE = (
    r"\s*(?:sudo\s+|time\s+|env\s+|\w+=\S*\s+)*(?:docker|podman|nerdctl|singularity|apptainer|srun|sbatch|salloc|ssh|kubectl|"
    r"calkit\s+(?:xenv|runenv)|conda\s+run|mamba\s+run|micromamba\s+run|wsl|az|gcloud|aws)(?:-compose)?\s"
)
"""Programs whose command runs in another file system, or may: what a path means there is not known here."""
_BARE = r"(?a)[\w./][\w./-]*\Z"
_MAX_SHOWN = 5


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC410 and MLC414."""
    code = _Code(project, snapshot)
    checked: set[str] = set()
    for stage in project:
        if stage.entry not in checked:
            checked.add(stage.entry)
            yield from code.check(stage, places)


class _Code:
    """The code of the repository during one pass; each file is analysed once.

    ``needs`` maps a code file to the files it needs, each with the paths that cover it as a dep: its own and those of the
    directories above. The value is empty for a file that a stage writes, None for one that does not exist.
    """

    def __init__(self, project: Project, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.graph = CodeGraph(snapshot, project.code_roots)
        self.written = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
        self.scripts = {script.path: script.text for script in project.scripts}
        self.needs: dict[str, dict[str, frozenset[str]] | None] = {}
        package = project.feature_package
        self.library = library(package, snapshot, self.graph.roots) if package is not None else None

    def check(self, stage: Stage, places: Places) -> Iterator[Diagnostic]:
        """The problems with the code that one stage runs."""
        undeclared: dict[str, None] = {}
        for command in stage.commands:
            for path in self._run_by(command.text, stage.wdir):
                needs = self.needs[path] if path in self.needs else self._needs(path)
                if needs is None:
                    if re.match(_ELSEWHERE, command.text) is None:
                        yield replace(_no_code_file(stage, path, self.snapshot, places), subject=path)
                    continue
                for file, covering in needs.items():
                    if covering.isdisjoint(stage.deps):
                        undeclared[file] = None
        if undeclared:
            features = self.library is not None and any(file.startswith(f"{self.library}/") for file in undeclared)
            code = FEATURE_NOT_A_DEP if features else CODE_NOT_A_DEP
            yield _not_a_dep(code, stage, list(undeclared), places)

    def _run_by(self, line: str, wdir: str) -> Sequence[str]:
        """The code files that a command line names, and those named in the script of the stage that it runs."""
        if wdir == "." and (simple := _SIMPLE.match(line)) is not None:
            return (simple.group(1).removeprefix("./"),)
        if re.search(_ENDINGS, line) is None:
            return ()
        paths = [path for path in named_files(line, self.snapshot, wdir) if path not in self.scripts]
        for path in self.scripts if SCRIPTS in line else ():
            if path != RUN and path in line:
                for inner in self.scripts[path].splitlines():
                    paths += named_files(inner, self.snapshot, wdir)
        return paths

    def _needs(self, path: str) -> dict[str, frozenset[str]] | None:
        needs: dict[str, frozenset[str]] | None = {}
        if not path.startswith(("..", "/")) and path not in self.written and self.written.isdisjoint(parents(path)):
            files = self.graph.closure(path)[0] if self.graph.is_file(path) else ()
            needs = {file: frozenset((file, ".", *parents(file))) for file in files} or None
        self.needs[path] = needs
        return needs


def _no_code_file(stage: Stage, path: str, snapshot: Snapshot, places: Places) -> Diagnostic:
    from difflib import get_close_matches

    place = places.value(stage, "cmd")
    place = places.value(stage, "script") if place.key else place
    folder, _, name = path.rpartition("/")
    if similar := get_close_matches(name, snapshot.list(folder), 1):
        near = f"{folder}/{similar[0]}" if folder else similar[0]
        return NO_CODE_FILE_SIMILAR.on(place, stage=stage.name, path=path, similar=near)
    return NO_CODE_FILE.on(place, stage=stage.name, path=path)


def _not_a_dep(code: Code, stage: Stage, files: list[str], places: Places) -> Diagnostic:
    shown = ", ".join(f"`{file}`" for file in files[:_MAX_SHOWN])
    if files[_MAX_SHOWN:]:
        shown += f" and {len(files) - _MAX_SHOWN:,} more"
    diagnostic = code.on(places.key(stage, "deps"), stage=stage.name, files=shown)
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
