"""The code that hand-written commands run: whether it is there, and whether the stage depends on it."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostic import Diagnostic
from ..graph import Project, Stage
from ..imports import CodeGraph, named_files
from ..lower import parents
from ..snapshot import Snapshot
from .order import at

_ENDINGS = (".py", ".R", ".r", ".sh", ".jl", ".ipynb", " -m ")


def check(project: Project, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """MLC410 and MLC414."""
    graph: CodeGraph | None = None
    made = {out.path for stage in project for out in stage.outs} | {script.path for script in project.scripts}
    done: set[str] = set()
    for stage in project:
        if stage.entry in done or not any(ending in c.text for c in stage.commands for ending in _ENDINGS):
            continue
        done.add(stage.entry)
        graph = graph or CodeGraph(snapshot, tuple(project.spec.code.roots or ()))
        for command in stage.commands:
            for path in named_files(command.text, snapshot, stage.wdir):
                if path in made or path.startswith(("..", "/", ".mlops/")) or not made.isdisjoint(parents(path)):
                    continue
                if not graph.is_file(path):
                    yield _absent(stage, path, snapshot)
                else:
                    yield from _undeclared(stage, path, graph)


def _absent(stage: Stage, path: str, snapshot: Snapshot) -> Diagnostic:
    from difflib import get_close_matches

    folder, _, name = path.rpartition("/")
    close = get_close_matches(name, snapshot.list(folder), 1)
    help_ = (
        f"did you mean `{folder + '/' if folder else ''}{close[0]}`?" if close else "write it, or correct the command"
    )
    return Diagnostic("MLC410", f"`{stage.name}` runs `{path}`, which is not there", at(stage, "cmd"), help=help_)


def _undeclared(stage: Stage, path: str, graph: CodeGraph) -> Iterator[Diagnostic]:
    deps = set(stage.deps)
    needed, _ = graph.closure(path)
    missing = [file for file in needed if file not in deps and deps.isdisjoint(parents(file))]
    if missing and "." not in deps:
        shown = ", ".join(f"`{file}`" for file in missing[:5]) + (
            f" and {len(missing) - 5} more" if missing[5:] else ""
        )
        yield Diagnostic(
            "MLC414", f"`{stage.name}` runs {shown} but does not depend on it: its results go stale in silence",
            at(stage, "deps") if deps else stage.at, help="add it to `deps`, or `infer: [code]`", severity="warning",
        )  # fmt: skip
