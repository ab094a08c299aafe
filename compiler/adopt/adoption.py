"""`mlopsc import`: turn each dvc.yaml into a spec, compile it, ask DVC whether anything changes, and plan the writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from ..build import compile_spec
from ..emit.schema import MODELINE
from ..model.diagnostic import Code, Diagnostic, Report
from ..model.snapshot import MAX_READ, Disk
from ..model.source import At
from ..read.document import SPEC_NAME
from ..write.lock import read_lock
from ..write.plan import Change, Plan, plan
from . import oracle
from .existing import Existing, examine
from .guarantee import REPORT_A_BUG, differences, rejections
from .overlay import Overlay
from .pipeline import DVC_YAML, Pipeline, folders_with_pipeline, nested_repositories
from .spec_text import draft, is_flow, project_name, project_value

NO_PIPELINE = Code(
    "MLC702",
    "error",
    "there is no dvc.yaml in `{folder}`",
    help="name the folder that contains one: `mlopsc import PATH`",
)
ONLY_NESTED = replace(
    NO_PIPELINE,
    message="the pipelines in `{folder}` belong to {count} DVC repositories below it",
    help="import each of them: {commands}",
)
ALREADY_IMPORTED = Code(
    "MLC702",
    "error",
    "`{spec}` already exists, so `{dvc}` is already imported",
    help="run `mlopsc build` in its folder; to import again, move `{spec}` away first",
)
TOO_LARGE_FILE = Code(
    "MLC702",
    "error",
    "`{path}` cannot be imported: it is larger than {limit} MiB",
    help="move data out of it, and import again",
)
UNSUPPORTED = Code(
    "MLC704",
    "error",
    "{location}DVC accepts this, but mlopsc does not: {code}: {reason}",
    help="{advice}",
)

MAX_UNANSWERED = 5
"""How many stages are named whose status was not compared."""


@dataclass(slots=True)
class Adoption:
    """An import: the pipelines, the changes it would make, and the problems it found."""

    root: str
    pipelines: list[Pipeline] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    existing: Existing = field(default_factory=Existing)
    before: oracle.Answer | None = None
    nested: list[str] = field(default_factory=list)
    """Folders below ``root`` that are DVC repositories with pipelines of their own."""

    @property
    def plan(self) -> Plan:
        """All changes of all folders, applied as one."""
        return Plan(tuple(self.changes))

    @property
    def guarantee(self) -> str:
        """What DVC has confirmed."""
        unanswered = self.before.unanswered if self.before is not None else {}
        if not unanswered:
            return "DVC resolves them as before, and `dvc status` prints the same"
        stages = ", ".join(f"`{stage}` ({why})" for stage, why in islice(unanswered.items(), MAX_UNANSWERED))
        more = len(unanswered) - MAX_UNANSWERED
        return (
            f"DVC resolves them as before; the status of {stages}{f' and {more} more' if more > 0 else ''} was not compared, "
            "because DVC would need the network for it; that of all others is the same"
        )

    @property
    def stage_count(self) -> int:
        """How many stages DVC resolves."""
        resolved = self.before.pipelines if self.before is not None else {}
        return sum(len(pipeline["stages"] or ()) for pipeline in resolved.values())


def adopt(root: str, only: Collection[str] = (), take_ci: bool = False, python: str | None = None) -> Adoption:
    """Plan the import of every dvc.yaml below ``root`` (or those in the folders ``only``). Writes nothing.

    With ``take_ci``, a workflow that only calls DVC is replaced by a generated one. ``python`` is the interpreter that has DVC. ``root`` should be the root of the DVC
    repository, because `dvc status` describes the whole of it.
    """
    adoption = Adoption(os.path.realpath(root))
    folders = [folder for folder in folders_with_pipeline(adoption.root) if not only or folder in only]
    adoption.pipelines = [Pipeline(folder) for folder in folders]
    adoption.nested = [] if only else nested_repositories(adoption.root)
    adoption.report.add(_misplaced(adoption))
    if adoption.report.failed:
        return adoption
    adoption.report.add(_too_large(adoption, (DVC_YAML, "dvc.lock")))
    if adoption.report.failed:
        return adoption
    several = bool(only) or all(pipeline.folder for pipeline in adoption.pipelines)
    for pipeline, name in zip(adoption.pipelines, _names(adoption), strict=True):
        _compile(adoption, pipeline, name, take_ci, several or not pipeline.folder)
    adoption.changes = list({change.path: change for change in adoption.changes}.values())
    adoption.report.add(_too_large(adoption, ()))
    if adoption.report.failed:
        adoption.changes.clear()
        return adoption
    _verify(adoption, not only, python)
    return adoption


def _misplaced(adoption: Adoption) -> list[Diagnostic]:
    folder = os.path.basename(adoption.root)
    if not adoption.pipelines and adoption.nested:
        commands = ", ".join(f"`mlopsc import {path}`" for path in adoption.nested)
        return [ONLY_NESTED.on(None, folder=folder, count=len(adoption.nested), commands=commands)]
    if not adoption.pipelines:
        return [NO_PIPELINE.on(None, folder=folder)]
    return [
        ALREADY_IMPORTED.on(None, spec=pipeline.at(SPEC_NAME), dvc=pipeline.at(DVC_YAML))
        for pipeline in adoption.pipelines
        if os.path.lexists(f"{adoption.root}/{pipeline.at(SPEC_NAME)}")
    ]


def _too_large(adoption: Adoption, names: Collection[str]) -> Iterator[Diagnostic]:
    """The files ``names`` beside a dvc.yaml, and the parameter files read so far, that DVC would read whole."""
    for pipeline in adoption.pipelines:
        disk = Disk(os.path.join(adoption.root, pipeline.folder))
        params = pipeline.compiled.params
        for name in (*names, *(params.asked if params is not None else ())):
            if (disk.size(name) or 0) > MAX_READ:
                yield TOO_LARGE_FILE.on(None, path=pipeline.at(name), limit=MAX_READ >> 20)


def _names(adoption: Adoption) -> list[str]:
    """A name for each project: that of its folder, with the folders above where two would have the same."""
    short = [
        project_name(os.path.basename(f"{adoption.root}/{item.folder}".rstrip("/"))) for item in adoption.pipelines
    ]
    long = [project_name(item.folder) for item in adoption.pipelines]
    return [name if short.count(name) == 1 else whole for name, whole in zip(short, long, strict=True)]


def _compile(adoption: Adoption, pipeline: Pipeline, name: str, take_ci: bool, whole: bool) -> None:
    """Turn a dvc.yaml into a spec, compile it and plan its files. ``whole``: not only its dvc.yaml, as for a project."""
    folder = os.path.join(adoption.root, pipeline.folder)
    disk = Disk(folder)
    original = disk.read(DVC_YAML) or b""
    existing = Existing()
    if whole:
        existing = examine(folder, take_ci)
        adoption.existing.taken += [_from_root(pipeline, line) for line in existing.taken]
        adoption.existing.left += [_from_root(pipeline, line) for line in existing.left]
    ci = existing.ci if take_ci else None
    lines = ["mlops: 1", f"project: {project_value(name)}", existing.stack]
    lines += [ci.line] if ci else []
    lines = lines if is_flow(original) else [MODELINE, *lines]
    pipeline.added_lines = len(lines)
    spec = draft(original, lines, lambda text: compile_spec(Overlay(folder, {**existing.moved, SPEC_NAME: text})))
    pipeline.text, pipeline.compiled, pipeline.accepted = spec.text, spec.compiled, spec.accepted
    if pipeline.failed:
        return
    replaced = [ci.path] if ci and any(file.path == ci.path for file in pipeline.compiled.files) else []
    if ci and not replaced:
        adoption.changes.append(Change(ci.path, "delete", disk.read(ci.path), None, backup=True))
    _plan(pipeline, disk, existing.moved, replaced)
    spec_change = Change(SPEC_NAME, "create", None, pipeline.text)
    moved = [Change(path, "create", None, content) for path, content in existing.moved.items()]
    for change in (spec_change, *moved, *pipeline.plan.writes):
        adoption.changes.append(replace(change, path=os.path.normpath(pipeline.at(change.path))))


def _plan(pipeline: Pipeline, disk: Disk, moved: Mapping[str, bytes], replaced: list[str]) -> None:
    """Plan the generated files; the files whose content is taken over count as generated, so they are not conflicts."""
    lock, lock_problems = read_lock(disk)
    taken = [DVC_YAML, *(["Makefile"] if moved else [])]
    compiled = pipeline.compiled
    pipeline.plan, problems = plan(compiled.files, lock, disk, compiled.inputs, replaced, taken)
    compiled.report.add([*lock_problems, *problems])


def _from_root(pipeline: Pipeline, line: str) -> str:
    """A line about a file of a folder, whose path begins the line, with the path from the root of the import."""
    path, colon, rest = line.partition(":")
    return f"{os.path.normpath(pipeline.at(path))}{colon}{rest}" if not line.startswith(" ") else line


def _within(changes: list[Change]) -> dict[str, bytes]:
    """What would be written, without the files at the root of the Git repository, which DVC does not read."""
    return {
        change.path: change.new for change in changes if change.new is not None and not change.path.startswith("../")
    }


def _verify(adoption: Adoption, whole: bool, python: str | None) -> None:
    """Ask DVC before and after; if anything differs, report it and plan nothing."""
    failed = [pipeline for pipeline in adoption.pipelines if pipeline.failed]
    write = {} if failed else _within(adoption.changes)
    paths = [pipeline.at(DVC_YAML) for pipeline in adoption.pipelines]
    adoption.before, after, problems = oracle.ask(adoption.root, paths, write, python)
    if adoption.before is not None:
        problems = list(rejections(adoption.before, whole))
    if not problems:
        problems = [diagnostic for pipeline in failed for diagnostic in _unsupported(pipeline)]
    if not problems and adoption.before is not None and after is not None:
        problems = differences(adoption.before, after)
    adoption.report.add(problems)
    if adoption.report.failed:
        adoption.changes.clear()


def _unsupported(pipeline: Pipeline) -> list[Diagnostic]:
    """What mlopsc does not accept: the first error, at its place in the dvc.yaml, and all errors of the root."""
    errors = [diagnostic for diagnostic in pipeline.compiled.report if diagnostic.severity == "error"]
    first = errors[0]
    summary = UNSUPPORTED.on(
        None,
        location=_location(pipeline, first),
        code=first.code,
        reason=first.message,
        advice=first.help or REPORT_A_BUG,
    )
    return [summary, *([] if pipeline.folder else errors)]


def _location(pipeline: Pipeline, diagnostic: Diagnostic) -> str:
    """The place in the user's dvc.yaml, without the lines that the import adds above it."""
    document = pipeline.compiled.document
    if diagnostic.place is None or document is None:
        return ""
    span = document.span(diagnostic.place) if isinstance(diagnostic.place, At) else diagnostic.place
    is_flow = pipeline.text.lstrip().startswith(b"{")
    added = 0 if is_flow else pipeline.added_lines + bool(pipeline.accepted)
    return f"{pipeline.at(DVC_YAML)}:{max(span.line - added, 1)}: "


def summarize(adoption: Adoption, show: Callable[[str], None]) -> None:
    """Print what was imported, what is generated from now on, and what stays as it is and why."""
    for pipeline in adoption.pipelines:
        project = pipeline.compiled.project
        stages = len(project.dvc.get("stages", ())) if project is not None else 0
        show(f"  {pipeline.at(DVC_YAML)}: {stages} stages in {pipeline.at(SPEC_NAME)}, with its text unchanged")
        for code, count in pipeline.accepted.items():
            show(
                f"    {count} x {code}: already wrong, so only a warning (`accept`); "
                f"remove its place from `accept` once it is fixed; see `mlopsc code {code}`"
            )
    for line in adoption.existing.taken:
        show(f"  {line}")
    for line in adoption.existing.left:
        show(f"  {line}")
    for folder in adoption.nested:
        show(f"  {folder}: a DVC repository of its own; `mlopsc import {folder}` imports it")
