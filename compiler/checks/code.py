"""The code that hand-written commands run: whether it is there, and whether the stage depends on it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from ..lower.paths import parents
from ..model.diagnostic import Diagnostic, Fix
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from ..resolve.code.graph import CodeGraph, named_files
from ..resolve.commands import RUN, SCRIPTS
from ..resolve.library import library
from .places import Places

_ENDINGS = r"\.(?:py|[Rr]|sh|bash|jl|ipynb|[Rr]md)\b| -m "
_SIMPLE = re.compile(
    r"(?:python3?|Rscript|bash|sh|julia) ((?:\./)?\w(?:[\w-]|[./](?![./]))*\.(?:py|R|r|sh|jl))(?= |\Z)[^;&|()<>`'\"\\]*\Z",
    re.ASCII,
)
"""One program, run on one code file: the command that most stages have, told without taking it apart."""
_BARE = r"(?a)[\w./][\w./-]*\Z"
_SHOWN = 5


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC410 and MLC414."""
    code = _Code(project, snapshot)
    done: set[str] = set()
    for stage in project:
        if stage.entry not in done:
            done.add(stage.entry)
            yield from code.check(stage, places)


class _Code:
    """The code of the repository while one pass of checks lasts: each file is looked at once.

    ``needs`` has for a code file that is run each file that it needs, with all paths that stand for it among deps: its
    own and those of the directories above; nothing for one that a stage makes, None for one that is not there.
    """

    def __init__(self, project: Project, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.graph = CodeGraph(snapshot, project.code_roots)
        self.made = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
        self.scripts = {script.path: script.text for script in project.scripts}
        self.needs: dict[str, dict[str, frozenset[str]] | None] = {}
        said = project.feature_package
        self.library = library(said, snapshot, self.graph.roots) if said is not None else None

    def check(self, stage: Stage, places: Places) -> list[Diagnostic]:
        """What is wrong with the code that one stage runs."""
        found: list[Diagnostic] = []
        missing: dict[str, None] = {}
        for command in stage.commands:
            for path in self._run_by(command.text, stage.wdir):
                needs = self.needs[path] if path in self.needs else self._needs(path)
                if needs is None:
                    found.append(_absent(stage, path, self.snapshot, places))
                    continue
                for file, names in needs.items():
                    if names.isdisjoint(stage.deps):
                        missing[file] = None
        if missing:
            store = self.library is not None and any(file.startswith(f"{self.library}/") for file in missing)
            found.append(_undeclared(stage, list(missing), places, "error" if store else "warning"))
        return found

    def _run_by(self, line: str, wdir: str) -> Sequence[str]:
        """The code files that a command line names, and those that a stage's script names which it runs."""
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
        if not path.startswith(("..", "/")) and path not in self.made and self.made.isdisjoint(parents(path)):
            files = self.graph.closure(path)[0] if self.graph.is_file(path) else ()
            needs = {file: frozenset((file, ".", *parents(file))) for file in files} or None
        self.needs[path] = needs
        return needs


def _absent(stage: Stage, path: str, snapshot: Snapshot, places: Places) -> Diagnostic:
    from difflib import get_close_matches

    folder, _, name = path.rpartition("/")
    close = get_close_matches(name, snapshot.list(folder), 1)
    near = f"{folder}/{close[0]}" if close and folder else close[0] if close else None
    help_ = f"did you mean `{near}`?" if near else "write it, or correct the command"
    what = f"`{stage.name}` runs `{path}`, which is not there"
    place = places.value(stage, "cmd")
    return Diagnostic("MLC410", what, place if not place.key else places.value(stage, "script"), help=help_)


def _undeclared(stage: Stage, missing: list[str], places: Places, severity: Literal["error", "warning"]) -> Diagnostic:
    """A stage that lacks a module of the feature store is wrong: what it makes is no more what the store says."""
    shown = ", ".join(f"`{file}`" for file in missing[:_SHOWN])
    if missing[_SHOWN:]:
        shown += f" and {len(missing) - _SHOWN:,} more"
    return Diagnostic(
        "MLC414", f"`{stage.name}` runs {shown} and does not depend on it: its results go stale in silence",
        places.key(stage, "deps"), help="add it to `deps`, or write `infer: [code]`",
        fix=_with_deps(stage, missing, places), severity=severity,
    )  # fmt: skip


def _with_deps(stage: Stage, missing: list[str], places: Places) -> Fix | None:
    """`deps` with the code in it. The stage runs again for that, so the fix is not a safe one."""
    stated = places.stated(stage, "deps")
    if not stated or "${" in stage.wdir:
        return None
    place = places.value(stage, "deps")
    code = [file if stage.wdir == "." else posixpath.relpath(file, stage.wdir) for file in missing]
    items = ", ".join(item if re.match(_BARE, item) else json.dumps(item) for item in [*code, *map(str, stated)])
    return Fix(At(place.path), f"[{items}]", "unsafe")
