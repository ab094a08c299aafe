"""The road of an import: find, put into words, compile, ask DVC, and a plan; or the reasons why not, and no plan."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, islice

from ..build import Compiled, compile_spec
from ..lower.project import requirements_of
from ..model.diagnostic import Diagnostic, Report
from ..model.snapshot import Disk, Kind, inside
from ..read.document import SPEC_NAME
from ..write.lock import digest, read_lock
from ..write.plan import Change, Plan, plan
from . import makefile, oracle, workflow
from .carry import WORKFLOW, Carried, Stays, carried
from .text import project_name, spec_text
from .tidy import stage_shape

DVC = "dvc.yaml"
MANY = 40
"""Lines of a difference that are shown."""
MISSING = "remove what you have put right, and it is checked again"


class Overlay(Disk):
    """The repository as it would be: files of the disk, and over them those that are to be written."""

    def __init__(self, root: str, over: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self.over = dict(over)

    def kind(self, path: str) -> Kind | None:
        return "file" if path in self.over else super().kind(path)

    def read(self, path: str) -> bytes | None:
        return self.over[path] if path in self.over else super().read(path)


@dataclass(slots=True)
class Folder:
    """One dvc.yaml with what it becomes. ``path`` is its folder, `""` for the root."""

    path: str
    text: bytes = b""
    run: Compiled = field(default_factory=Compiled)
    plan: Plan = field(default_factory=lambda: Plan(()))
    accepted: Mapping[str, int] = field(default_factory=dict)
    head: int = 3
    """How many lines stand before those of dvc.yaml, without `accept`."""

    def at(self, name: str) -> str:
        """A file of this folder, from the root."""
        return f"{self.path}/{name}" if self.path else name


@dataclass(slots=True)
class Adoption:
    """What an import found: the changes it would make, its account of them, and what is wrong."""

    root: str
    folders: list[Folder] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    took: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    before: oracle.Seen | None = None
    take_ci: bool = False
    ci: Carried | None = None
    """The workflow that is, or could be, taken over."""

    @property
    def plan(self) -> Plan:
        """All changes of all folders, to be made as one."""
        return Plan(tuple(self.changes))

    @property
    def stages(self) -> int:
        """How many stages DVC resolves."""
        seen = self.before.pipelines if self.before is not None else {}
        return sum(len(each["stages"] or ()) for each in seen.values())


def adopt(root: str, only: Collection[str] = (), take_ci: bool = False) -> Adoption:
    """Take over every dvc.yaml under ``root`` (or those in the folders ``only``). Nothing is written here.

    With ``take_ci`` also a workflow that does nothing but call DVC, which is kept under another name.

    ``root`` is the root of the DVC repository, where there is one: that is what `dvc status` speaks of.
    """
    found = Adoption(os.path.realpath(root), take_ci=take_ci)
    paths = [path for path in pipelines(found.root) if not only or path in only]
    if not paths:
        help_ = "name the folder that has one: `mlopsc import PATH`"
        found.report.add([Diagnostic("MLC702", f"there is no {DVC} in `{os.path.basename(found.root)}`", help=help_)])
    for path in paths:
        folder = Folder(path)
        if os.path.lexists(f"{found.root}/{folder.at(SPEC_NAME)}"):
            what = f"`{folder.at(SPEC_NAME)}` is there already, so `{folder.at(DVC)}` is imported or half-way"
            help_ = "run `mlopsc build` in its folder; or move it away to import again"
            found.report.add([Diagnostic("MLC702", what, help=help_)])
        found.folders.append(folder)
    if found.report.failed or not paths:
        return found
    for folder in found.folders:
        _compiled(found, folder)
    _guaranteed(found, whole=not only)
    return found


def pipelines(root: str) -> list[str]:
    """The folders under ``root`` with a dvc.yaml, without those of other DVC repositories in it."""
    paths = []
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(
            name for name in inner
            if name not in oracle.LEFT_OUT and name != ".dvc" and not os.path.isdir(f"{folder}/{name}/.dvc")
        )  # fmt: skip
        if DVC in files:
            paths.append("" if folder == root else os.path.relpath(folder, root))
    return paths


def _compiled(found: Adoption, folder: Folder) -> None:
    """Put the folder's dvc.yaml into words and compile them; what checks find wrong was so before, and is accepted."""
    full = os.path.join(found.root, folder.path)
    disk = Disk(full)
    original = disk.read(DVC) or b""
    name = project_name(os.path.basename(full.rstrip("/")))
    stack, over = _stack(found, folder, disk)
    taken = found.ci if found.take_ci and not folder.path else None
    lines = ["mlops: 1", f"project: {name}", stack, *([taken.line] if taken else [])]
    folder.head = len(lines)
    folder.text, folder.run, folder.accepted = worded(
        original, lines, lambda text: compile_spec(Overlay(full, {**over, SPEC_NAME: text}))
    )
    if folder.run.report.failed:
        return
    lock, problems = read_lock(disk)
    ours = {**lock, DVC: digest(original.decode("utf-8", "surrogateescape"))}
    if over:
        ours["Makefile"] = digest((disk.read("Makefile") or b"").decode("utf-8", "surrogateescape"))
    replaced = [taken.path] if taken and any(file.path == taken.path for file in folder.run.files) else []
    if taken and not replaced:
        found.changes.append(Change(taken.path, "delete", disk.read(taken.path), None, backup=True))
    folder.plan, planned = plan(folder.run.files, ours, disk, folder.run.inputs, replaced)
    folder.run.report.add([*problems, *planned])
    _changes(found, folder, over)


def worded(
    original: bytes, lines: Sequence[str], compiled: Callable[[bytes], Compiled]
) -> tuple[bytes, Compiled, Mapping[str, int]]:
    """A dvc.yaml as a spec, what it compiles to, and how often it needs `accept` for which code."""
    text = spec_text(original, lines)
    run = compiled(text)
    wrong = [each for each in run.report if each.severity == "error"]
    if not wrong or not all(each.code.startswith("MLC4") for each in wrong):
        return text, run, {}
    accepted = dict(sorted(Counter(each.code for each in wrong).items()))
    text = spec_text(original, [*lines, f"accept: [{', '.join(accepted)}]"])
    return text, compiled(text), accepted


def _changes(found: Adoption, folder: Folder, over: Mapping[str, bytes]) -> None:
    spec = Change(SPEC_NAME, "create", None, folder.text)
    moved = [Change(path, "create", None, text) for path, text in over.items()]
    for change in (spec, *moved, *folder.plan.writes):
        found.changes.append(replace(change, path=folder.at(change.path)))


def _stack(found: Adoption, folder: Folder, disk: Disk) -> tuple[str, dict[str, bytes]]:
    """The line of the spec that says what is not to be written, and the files that the user's own move to."""
    if folder.path:
        return "stack: {orchestrator: dvc, build: none, ci: []}", {}
    _workflows(found, disk)
    ci = "github" if found.take_ci and found.ci is not None else "[]"
    if (raw := disk.read("Makefile")) is None:
        other = next((name for name in ("GNUmakefile", "makefile", "local.mk") if disk.kind(name)), None)
        if other is None:
            return f"stack: {{ci: {ci}}}", {}
        found.left.append(f"{other}: no Makefile is written beside it")
        return f"stack: {{orchestrator: dvc, build: none, ci: {ci}}}", {}
    text, made = raw.decode("utf-8", "surrogateescape"), _made(found.root)
    parts = makefile.split(text, made)
    in_the_way = (
        "local.mk is there already"
        if disk.kind("local.mk")
        else makefile.obstacle(text, partial(_included, disk), made)
    )
    if parts.clashing:
        in_the_way = f"its own {', '.join(f'`{name}`' for name in parts.clashing)} would clash with those that are made"
    if in_the_way:
        found.left.append(f"Makefile: as it is, and none is made ({in_the_way})")
        return f"stack: {{orchestrator: dvc, build: none, ci: {ci}}}", {}
    found.took += [f"Makefile: `{name}` is one of those that are made" for name in parts.taken]
    found.took.append("Makefile: your own targets are in local.mk, which the made Makefile includes")
    return f"stack: {{ci: {ci}}}", {"local.mk": parts.local.encode("utf-8", "surrogateescape")}


def _workflows(found: Adoption, disk: Disk) -> None:
    """Find the one workflow that can be taken over, and say of each other one why it stays."""
    for path in workflow.files(disk):
        try:
            if path == workflow.GITLAB:
                raise Stays("when it runs and with which secrets is said in GitLab, not in the file")
            this = carried(disk, path, requirements_of(disk))
            if path != WORKFLOW and disk.kind(WORKFLOW) is not None:
                raise Stays(f"`{WORKFLOW}` is there already")
            if disk.kind(f"{path}.orig") is not None:
                raise Stays(f"`{path}.orig` is there already")
            if found.ci is not None:
                raise Stays(f"`{found.ci.path}` is what can be taken over")
        except Stays as stays:
            jobs = ", ".join(f"`{job}`" for job in workflow.wrapping(disk, path))
            found.left.append(f"{path}: as it is: {stays}" + (f" ({jobs} only calls DVC)" if jobs else ""))
            continue
        found.ci = this
        if found.take_ci:
            found.took.append(f"{path}: `{this.line}`; the file is kept as `{path}.orig`, where GitHub does not look")
            found.took += [f"  {each}" for each in this.differs]
        else:
            found.left.append(
                f"{path}: as it is; it only calls DVC: `mlopsc import --take-ci` makes it from `{this.line}`"
            )


def _included(disk: Disk, path: str) -> str | None:
    raw = disk.read(path) if inside(path) else None
    return None if raw is None else raw.decode("utf-8", "surrogateescape")


def _made(root: str) -> frozenset[str]:
    """The targets that the made Makefile would have, stages included."""
    text = spec_text(Disk(root).read(DVC) or b"", ["mlops: 1", "stack: {ci: []}", "accept: []"])
    run = compile_spec(Overlay(root, {SPEC_NAME: text}))
    if run.project is None:
        return frozenset()
    from ..installed import find

    targets, _ = find([("make", ("stack",))])
    files = [item for target in targets for item in target.emit(run.project) if getattr(item, "path", "") == "Makefile"]
    return frozenset(name for file in files for name in makefile.targets_in(getattr(file, "text", "")))


def _guaranteed(found: Adoption, whole: bool) -> None:
    """Ask DVC before and after; where anything differs, or DVC takes the original not, say so and plan nothing."""
    refused = [folder for folder in found.folders if folder.run.report.failed]
    write = {} if refused else {change.path: change.new for change in found.changes if change.new is not None}
    before, after, problems = oracle.ask(found.root, [folder.at(DVC) for folder in found.folders], write)
    found.before = before
    if before is not None:
        problems = list(_refused_by_dvc(before, whole))
    if not problems and refused:
        problems = [_unsaid(folder) for folder in refused]
        for folder in refused:
            problems += [each for each in folder.run.report if each.severity == "error" and folder.path == ""]
    if not problems and before is not None and after is not None:
        problems = list(differences(before, after))
    found.report.add(problems)
    if found.report.failed:
        found.changes.clear()


def _refused_by_dvc(before: oracle.Seen, whole: bool) -> list[Diagnostic]:
    """DVC's reasons. Where only some folders are imported, `dvc status` may fail for another one's sake."""
    help_ = "put it right for DVC first, then import"
    found = [
        Diagnostic("MLC703", f"DVC itself does not take `{path}`: {' '.join(why.split())}", help=help_)
        for path, why in before.problems.items()
    ]
    if not found and before.code and whole:
        found.append(Diagnostic("MLC703", f"`dvc status` fails on it: {' '.join(before.errors.split())}", help=help_))
    return found


def _unsaid(folder: Folder) -> Diagnostic:
    """The construct that mlopsc cannot say, with the place of it in the user's own file."""
    first = next(each for each in folder.run.report if each.severity == "error")
    where = ""
    if first.place is not None and folder.run.document is not None:
        from ..model.source import At

        span = folder.run.document.span(first.place) if isinstance(first.place, At) else first.place
        gone = folder.text.count(b"\n") - _lines_of_original(folder)
        where = f"{folder.at(DVC)}:{max(span.line - gone, 1)}: "
    what = f"{where}DVC takes this and mlopsc does not: {first.code}: {first.message}"
    return Diagnostic("MLC704", what, help=first.help or "leave it to DVC for now, and tell us")


def _lines_of_original(folder: Folder) -> int:
    head = folder.head + bool(folder.accepted)
    return folder.text.count(b"\n") - (0 if folder.text.lstrip().startswith(b"{") else head)


def differences(before: oracle.Seen, after: oracle.Seen) -> Sequence[Diagnostic]:
    """What would not stay as it was: the guarantee, as a function."""
    found: list[Diagnostic] = []
    help_ = "nothing was written; leave this pipeline to DVC for now, and tell us"
    for path, old in before.pipelines.items():
        if path in after.problems:
            found.append(
                Diagnostic("MLC705", f"DVC would not take the new `{path}`: {after.problems[path]}", help=help_)
            )
            continue
        new = after.pipelines[path]
        for part in old.keys() | new.keys():
            names = _changed_names(old.get(part) or {}, new.get(part) or {}) if part == "stages" else [part]
            if part != "stages" and old.get(part) == new.get(part):
                continue
            found += [
                Diagnostic("MLC705", f"`{name}` of `{path}` would not stay the same", help=help_) for name in names
            ]
    if not found and (before.code, _sorted_below(before.status)) != (after.code, _sorted_below(after.status)):
        what = f"`dvc status` would not stay the same:\n{_diff(before.status, after.status + after.errors)}"
        help_ = "a stage depends on a folder that files are written to: let it depend on what it needs in it"
        found.append(Diagnostic("MLC706", what, help=help_))
    return found


def _changed_names(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """The stages that differ. The order of deps, outs and params means nothing to DVC, which sorts them in dvc.lock."""
    return sorted(name for name in old.keys() | new.keys() if stage_shape(old.get(name)) != stage_shape(new.get(name)))


def _sorted_below(status: str) -> list[str]:
    """The lines of `dvc status`, those of what changed in a stage sorted: DVC prints deps as dvc.yaml has them."""
    return [line for _, group in groupby(status.splitlines(), _depth) for line in sorted(group)]


def _depth(line: str) -> int | str:
    """How deep a line stands; one that is no item of a list is a group of its own."""
    return 2 if line.startswith("\t\t") else line


def _diff(before: str, after: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=1)
    return "\n".join(islice(lines, MANY))


Say = Callable[[str], None]


def account(found: Adoption, say: Say) -> None:
    """Tell what was understood, what is left as it is, and why."""
    for folder in found.folders:
        declared = len(folder.run.project.dvc.get("stages", ())) if folder.run.project is not None else 0
        say(f"  {folder.at(DVC)}: {declared} stages in {folder.at(SPEC_NAME)}, text kept as it was")
        for code, count in folder.accepted.items():
            say(f"    {count} x {code}: wrong before, so only a warning (`accept`); {MISSING}; `mlopsc code {code}`")
    for line in found.took:
        say(f"  {line}")
    for line in found.left:
        say(f"  left: {line}")


def top_of(path: str) -> tuple[str, list[str]]:
    """The root of the DVC repository that ``path`` is in, and the pipelines meant: all, or those under ``path``."""
    path = root = os.path.realpath(path)
    while not os.path.isdir(f"{root}/.dvc"):
        parent = os.path.dirname(root)
        if parent == root or os.path.exists(f"{root}/.git"):
            return path, []
        root = parent
    if root == path:
        return root, []
    inside = os.path.relpath(path, root)
    return root, [inside if each == "" else f"{inside}/{each}" for each in pipelines(path)]
