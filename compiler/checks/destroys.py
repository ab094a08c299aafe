"""Checks of outs that would destroy something, or that nobody could keep. DVC removes an out before the stage runs."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from ..lower.paths import parents, rooted
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Out, Project, Stage
from ..model.snapshot import Snapshot
from ..read.git_index import first_under, tracked
from ..read.ignore import DVC, GIT, Ignored
from ..read.listing import Listing
from ..read.params import ParamFiles
from ..read.yaml import decode, load
from ..resolve.code.graph import CodeGraph
from .places import Places

OVERWRITES = Code(
    "MLC406",
    "error",
    "`{stage}` writes `{path}`, which is {what}: DVC would delete it before the command runs",
    help="write to another path",
)
OVERWRITES_INSIDE = replace(
    OVERWRITES,
    message="`{stage}` writes `{path}`, which holds `{inner}`, {what}: DVC would delete it before the command runs",
)
OTHER_CASE = Code(
    "MLC406",
    "warning",
    "`{stage}` writes `{path}`, which is {other}, {what}, on a disk that ignores case",
    help="write to another path",
)
GIT_TRACKS = Code(
    "MLC407",
    "error",
    "`{stage}` writes `{path}`, and Git tracks `{inner}`: DVC fails on it after the command has run",
    help="take it out of Git with `git rm -r --cached {path}`, or let Git keep the out with `cache: false`",
)
HIDDEN = Code(
    "MLC408",
    "error",
    "`{stage}` writes `{path}`, which `{pattern}` hides from DVC",
    help="write to another path, or change that line of `.dvcignore`",
)
HIDDEN_BY_DVC = replace(
    HIDDEN, message="`{stage}` writes `{path}`, where DVC takes no outs", help="write to another path"
)
KEPT_BY_NOBODY = Code(
    "MLC409",
    "warning",
    "`{stage}` writes `{path}` with `cache: false`, and `{pattern}` hides it from Git: nobody keeps it",
    help="remove `cache: false`, or change that line of `.gitignore`",
)
HOLDS_DVCIGNORE = Code(
    "MLC422",
    "error",
    "`{stage}` has the folder `{path}` among its {kind}, which holds a `.dvcignore`: DVC fails on it",
    help="move the lines of `{file}` into the `.dvcignore` of a folder above it",
)

_OF_TOOLS = {".git": "Git's own", ".dvc": "DVC's own", ".mlops": "mlopsc's own"}


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC406 to MLC409, and MLC422."""
    index = tracked(snapshot)
    listing = Listing(snapshot)
    hidden, untracked = Ignored(snapshot, DVC, listing), Ignored(snapshot, GIT, listing)
    inputs = _Inputs(project, listing, params, places.graph)
    for stage in project:
        for out in stage.outs:
            if "://" in out.path or out.path.startswith("/") or out.path == ".":
                continue
            yield from _over_inputs(stage, out, inputs, places)
            yield from _hidden(stage, out, hidden, untracked, places)
            if out.cached and (inner := _in_git(out.path, index, listing)) is not None:
                yield GIT_TRACKS.on(places.out(stage, out.path), stage=stage.name, path=out.path, inner=inner)
        for dep in stage.deps:
            if "://" not in dep and not dep.startswith("/") and DVC in listing.names("" if dep == "." else dep):
                yield HOLDS_DVCIGNORE.on(
                    places.dep(stage, dep), stage=stage.name, path=dep, kind="deps", file=posixpath.join(dep, DVC)
                )


def over_files(project: Project, places: Places, files: Mapping[str, str]) -> Iterator[Diagnostic]:
    """MLC406 for outs over ``files``: paths with what each is, such as those that the build writes."""
    below: dict[str, str] = {}
    for file in files:
        for folder in parents(file):
            below.setdefault(folder, file)
    by_case = {file.casefold(): file for file in files}
    for stage in project:
        for out in stage.outs:
            if out.path in files:
                place = places.out(stage, out.path)
                yield OVERWRITES.on(place, stage=stage.name, path=out.path, what=files[out.path])
            elif (other := by_case.get(out.path.casefold())) is not None:
                place = places.out(stage, out.path)
                yield OTHER_CASE.on(place, stage=stage.name, path=out.path, other=f"`{other}`", what=files[other])
            elif (inner := below.get(out.path)) is not None:
                place = places.out(stage, out.path)
                yield OVERWRITES_INSIDE.on(place, stage=stage.name, path=out.path, inner=inner, what=files[inner])


class _Inputs:
    """Code and parameter files that are here and that no stage has written, as far as dvc.lock tells."""

    def __init__(self, project: Project, listing: Listing, params: ParamFiles, graph: CodeGraph | None) -> None:
        self.listing = listing
        self.graph = graph if graph is not None else CodeGraph(listing.snapshot, project.code_roots)
        self.params = frozenset(params.names)
        self.recorded = _recorded(project, listing.snapshot)

    def params_in(self, stage: Stage, path: str) -> str | None:
        """The parameter file that an out at ``path`` would delete."""
        if path in self.recorded or any(path == param.file for param in stage.params):
            return None  # MLC405 reports what a stage both reads and writes
        return next((file for file in sorted(self.params) if file == path or file.startswith(f"{path}/")), None)

    def code_in(self, stage: Stage, path: str) -> str | None:
        """The code file of the stage itself that its out at ``path`` would delete."""
        files = (
            file for command in stage.code_commands if posixpath.basename(path) in command.text
            for file in self.graph.command(command.text, stage.wdir).files
        )  # fmt: skip
        return next(
            (
                file for file in files
                if (file == path or file.startswith(f"{path}/")) and {file, path}.isdisjoint(stage.deps)
            ), None,
        )  # fmt: skip


def _recorded(project: Project, snapshot: Snapshot) -> Collection[str]:
    """The outs that dvc.lock has."""
    source, problems = decode("dvc.lock", snapshot.read("dvc.lock") or b"")
    data = None if problems else load(source)[0]
    stages = data.get("stages") if isinstance(data, dict) else None
    return {
        rooted(project.stages[name].wdir, str(item.get("path")), snapshot.here)
        for name, stage in (stages.items() if isinstance(stages, dict) else ())
        if name in project.stages and isinstance(stage, dict)
        for item in stage.get("outs") or ()
        if isinstance(item, dict)
    }


def _over_inputs(stage: Stage, out: Out, inputs: _Inputs, places: Places) -> Iterator[Diagnostic]:
    path = out.path
    if not path.startswith(".") and not inputs.listing.exists(path):
        return
    place = places.out(stage, path)
    if (what := _OF_TOOLS.get(path.split("/")[0])) is not None:
        yield OVERWRITES.on(place, stage=stage.name, path=path, what=f"in the folder that is {what}")
        return
    if (what := _OF_TOOLS.get(folder := path.split("/")[0].casefold())) is not None:
        yield OTHER_CASE.on(
            place, stage=stage.name, path=path, other=f"in `{folder}`", what=f"the folder that is {what}"
        )
        return
    for inner, what in (
        (inputs.params_in(stage, path), "a parameter file"),
        (inputs.code_in(stage, path), "the stage's code"),
    ):
        if inner is not None:
            code = OVERWRITES if inner == path else OVERWRITES_INSIDE
            yield code.on(place, stage=stage.name, path=path, inner=inner, what=what)
            return


def _hidden(
    stage: Stage, out: Out, hidden: Ignored, untracked: Ignored, places: Places
) -> Iterator[Diagnostic]:  # fmt: skip
    if out.path.split("/")[0] in _OF_TOOLS:
        return
    is_folder = bool(hidden.listing.names(out.path))
    if (pattern := hidden.hidden_by(out.path, is_folder)) is not None:
        code = HIDDEN_BY_DVC if pattern.startswith("hidden by DVC") else HIDDEN
        yield code.on(places.out(stage, out.path), stage=stage.name, path=out.path, pattern=pattern)
    elif not out.cached and (pattern := untracked.hidden_by(out.path, is_folder)) is not None:
        yield KEPT_BY_NOBODY.on(places.out(stage, out.path), stage=stage.name, path=out.path, pattern=pattern)


def _in_git(path: str, index: list[str], listing: Listing) -> str | None:
    """What Git tracks at or in a path; without an index, a file that is there only for Git to keep the folder."""
    if index:
        return first_under(index, posixpath.normpath(posixpath.join(listing.snapshot.here, path)))
    return next((f"{path}/{name}" for name in (".gitkeep", ".keep") if name in listing.names(path)), None)
