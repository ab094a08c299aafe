"""The plan of a build as a value: each file is created, updated, kept, deleted, or in conflict."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import Snapshot, way_up
from ..model.target import File
from .include import split_included, with_item, without_block
from .lock import (
    BEGIN,
    END,
    GITLAB_CI,
    LOCK,
    Lock,
    digest,
    is_marked,
    is_of_project,
    lock_text,
    other_project,
    safe,
)

NOT_OURS = Code(
    "MLC601",
    "error",
    "`{path}` already exists, and mlopsc did not write it",
    help="see `mlopsc plan` for the difference; `mlopsc build --overwrite {path}` replaces it and keeps yours as "
    "`{path}.orig`; `patches` in mlops.yaml changes what is written",
)
EDITED = replace(NOT_OURS, message="`{path}` was edited since it was written")
EDITED_ORPHAN = Code(
    "MLC602",
    "warning",
    "`{path}` is no longer emitted, but was edited; it is kept and no longer managed",
    help="delete it if you do not need it",
)
UNMARKED_ORPHAN = replace(
    EDITED_ORPHAN,
    message="`{path}` is no longer emitted, but has no header that shows that mlopsc wrote it; it is kept and no longer managed",
)
CASE_COLLISION = Code(
    "MLC603",
    "error",
    "`{first}` and `{second}` are the same file on file systems that ignore case",
    help="rename one of the stages that they belong to",
)
OVERWRITES_INPUT = Code(
    "MLC604",
    "error",
    "`{path}` is an input and would be overwritten",
    help="rename it; a build never overwrites its inputs",
)
UNSAFE_PATH = Code(
    "MLC605",
    "error",
    "`{path}` is not a path that a build may write",
    help="report this bug of the target that emits it",
)
PARENT_NOT_FOLDER = Code(
    "MLC605",
    "error",
    "`{path}` cannot be written, because `{parent}` is not a folder of this repository",
    help="move `{parent}` away",
)
NOT_A_FILE = Code("MLC605", "error", "`{path}` cannot be written, because it is {kind}", help="move it away")
BROKEN_BLOCK = Code(
    "MLC607",
    "error",
    "the markers of the block of mlopsc in `{path}` do not match",
    help="keep one line `{begin}` and below it one line `{end}`, or neither",
)
OF_OTHER_PROJECT = Code(
    "MLC616",
    "error",
    "`{path}` belongs to the project in `{folder}`",
    help="give one of the two projects another name (`project` in mlops.yaml)",
)
NOT_A_LIST = Code(
    "MLC617",
    "error",
    "`include` in `{path}` is not a list with a line for each item, so the pipeline of this project cannot be added to it",
    help="write each item on a line of its own: `- local: FILE` below `include:`",
)
NOT_EMITTED = Code("MLC608", "error", "`{path}` is not one of the emitted files", help="remove it from `--overwrite`")

Action = Literal["create", "update", "keep", "delete", "conflict"]


@dataclass(frozen=True, slots=True)
class Change:
    """One file: its old and new content, None if there is none. With ``backup`` the old one is kept as `PATH.orig`."""

    path: str
    action: Action
    old: bytes | None
    new: bytes | None
    executable: bool = False
    backup: bool = False

    def diff(self) -> str:
        """The change as a unified diff; empty without a change."""
        if self.old == self.new or b"\0" in (self.old or b""):
            return ""
        from difflib import unified_diff

        before, after = ((text or b"").decode("utf-8", "replace").splitlines() for text in (self.old, self.new))
        names = (self.path if self.old is not None else "/dev/null", self.path if self.new is not None else "/dev/null")
        return "\n".join(unified_diff(before, after, *names, lineterm="")) + "\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one build, and the lock after it."""

    changes: tuple[Change, ...]
    lock: Lock = field(default_factory=dict)
    lock_change: Change | None = None

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that differ from the disk."""
        return tuple(change for change in self.changes if change.action != "keep")

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that `journal.apply` writes, the lock last."""
        changed = [change for change in self.changes if change.action in ("create", "update", "delete")]
        return (*changed, self.lock_change) if self.lock_change is not None else tuple(changed)


def plan(
    files: Sequence[File],
    lock: Lock,
    snapshot: Snapshot,
    inputs: Collection[str],
    overwrite: Collection[str] = (),
    taken: Collection[str] = (),
) -> tuple[Plan, list[Diagnostic]]:
    """Compare the emitted files with the disk and with the lock of the last build.

    The files in ``overwrite`` are replaced and kept as `PATH.orig`; those in ``taken`` are replaced, because their content
    is in the spec.
    """
    top = way_up(snapshot.folder)
    diagnostics = list(_unwritable(files, inputs, top))
    if diagnostics:
        return Plan(()), diagnostics
    changes: list[Change] = []
    new_lock: dict[str, str] = {}
    for file in sorted(files, key=lambda file: file.path):
        change, problem = _planned(file, lock.get(file.path), snapshot, file.path in overwrite, file.path in taken)
        changes.append(change)
        diagnostics += [problem] if problem is not None else []
        new_lock[file.path] = digest(file.text)
    block_needed = _other_pipelines({*lock, *new_lock}, snapshot)
    for path in sorted(lock.keys() - new_lock.keys()):
        if other_project(path, snapshot) is not None or (block_needed and path == posixpath.join(top, GITLAB_CI)):
            continue
        deletion, problem = _orphan(path, lock[path], snapshot, path in inputs)
        changes += [deletion] if deletion is not None else []
        diagnostics += [problem] if problem is not None else []
    diagnostics += [NOT_EMITTED.on(None, path=path) for path in overwrite if path not in new_lock]
    return Plan(tuple(changes), new_lock, _lock_change(new_lock, snapshot)), diagnostics


def _other_pipelines(ours: Collection[str], snapshot: Snapshot) -> bool:
    """Whether GitLab's file has to include the pipelines of other projects of the Git repository."""
    top = way_up(snapshot.folder)
    paths = (posixpath.join(top, ".gitlab", name) for name in snapshot.list(posixpath.join(top, ".gitlab")))
    return any(is_of_project(path.removeprefix(f"{top}/")) and path not in ours for path in paths)


def _unwritable(files: Iterable[File], inputs: Collection[str], top: str) -> Iterable[Diagnostic]:
    seen: dict[str, str] = {}
    for file in files:
        if not safe(file.path, top) or file.path == LOCK:
            yield UNSAFE_PATH.on(None, path=file.path)
        other = seen.setdefault(file.path.lower(), file.path)
        if other != file.path:
            yield CASE_COLLISION.on(None, first=other, second=file.path)
        if file.path in inputs:
            yield OVERWRITES_INPUT.on(None, path=file.path)


def _planned(
    file: File, locked: str | None, snapshot: Snapshot, force: bool, taken: bool
) -> tuple[Change, Diagnostic | None]:
    if (blocked := _blocked(file.path, snapshot)) is not None:
        return Change(file.path, "conflict", None, None), blocked
    if (other := other_project(file.path, snapshot)) is not None:
        return Change(file.path, "conflict", None, None), OF_OTHER_PROJECT.on(
            None, path=file.path, folder=other or "the root of the repository"
        )
    old = snapshot.read(file.path)
    if file.included:
        return _planned_include(file, locked, old, force)
    if file.block:
        return _planned_block(file, locked, old, force)
    if file.path == GITLAB_CI and old is not None and not snapshot.folder and (parts := without_block(old)) is not None:
        return _planned_around(file, locked, old, *parts, force=force)
    new = file.text.encode("utf-8", "surrogateescape")
    if old is None:
        return Change(file.path, "create", None, new, file.executable), None
    current = digest(old.decode("utf-8", "surrogateescape"))
    if current == digest(file.text):
        return Change(file.path, "keep", old, new, file.executable), None
    ours = taken or (file.derived and locked is not None)
    ours = ours or (current == locked and (is_marked(file.path, old) or not is_marked(file.path, new)))
    if ours or force:
        return Change(file.path, "update", old, new, file.executable, backup=not ours), None
    conflict = NOT_OURS if locked in (None, current) else EDITED
    return Change(file.path, "conflict", old, new), conflict.on(None, path=file.path)


def _blocked(path: str, snapshot: Snapshot) -> Diagnostic | None:
    """Why a path cannot be written whatever its content: it is a folder, or a link leads to it."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        parent = "/".join(parts[:depth])
        kind = snapshot.kind(parent)
        if kind is None:
            return None
        if kind != "dir":
            return PARENT_NOT_FOLDER.on(None, path=path, parent=parent)
    kind = snapshot.kind(path)
    if kind is None or kind == "file":
        return None
    words = {"dir": "a folder", "link": "a link to another place"}.get(kind, "not a regular file")
    return NOT_A_FILE.on(None, path=path, kind=words)


def _planned_block(file: File, locked: str | None, old: bytes | None, force: bool) -> tuple[Change, Diagnostic | None]:
    text = "" if old is None else old.decode("utf-8", "surrogateescape")
    split = split_block(text)
    block = f"{BEGIN}\n{file.text}{END}\n"
    if split is None:
        return Change(file.path, "conflict", old, None), BROKEN_BLOCK.on(None, path=file.path, begin=BEGIN, end=END)
    before, inner, after = split
    if inner is None:
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        new = f"{before}{gap}{block}"
    else:
        new = f"{before}{block}{after}"
    edited = inner is not None and digest(inner) not in (locked, digest(file.text))
    if edited and not force:
        return Change(file.path, "conflict", old, new.encode("utf-8", "surrogateescape")), EDITED.on(
            None, path=file.path
        )
    if inner is not None and digest(inner) == digest(file.text):
        return Change(file.path, "keep", old, old), None
    encoded = new.encode("utf-8", "surrogateescape")
    return Change(file.path, "create" if old is None else "update", old, encoded, backup=edited), None


def _planned_include(
    file: File, locked: str | None, old: bytes | None, force: bool
) -> tuple[Change, Diagnostic | None]:
    text = "" if old is None else old.decode("utf-8", "surrogateescape")
    split = split_included(text)
    if split is None:
        return Change(file.path, "conflict", old, None), BROKEN_BLOCK.on(None, path=file.path, begin=BEGIN, end=END)
    before, item, after = split
    new = with_item(before, file.text, after, item is not None)
    if new is None:
        return Change(file.path, "conflict", old, None), NOT_A_LIST.on(None, path=file.path)
    encoded = new.encode("utf-8", "surrogateescape")
    if new == text:
        return Change(file.path, "keep", old, old), None
    edited = item is not None and digest(item) not in (locked, digest(file.text))
    if edited and not force:
        return Change(file.path, "conflict", old, encoded), EDITED.on(None, path=file.path)
    return Change(file.path, "create" if old is None else "update", old, encoded, backup=edited), None


def _planned_around(
    file: File, locked: str | None, old: bytes, team: str, item: str, force: bool
) -> tuple[Change, Diagnostic | None]:
    """GitLab's file of a project at the root, in which projects in folders have their block."""
    new = with_item(file.text, item, "", had_block=False)
    if new is None:
        return Change(file.path, "conflict", old, None), NOT_A_LIST.on(None, path=file.path)
    encoded = new.encode("utf-8", "surrogateescape")
    if digest(team) == digest(file.text):
        return Change(file.path, "keep", old, old), None
    ours = not team.strip() or (
        digest(team) == locked and is_marked(file.path, team.encode("utf-8", "surrogateescape"))
    )
    if ours or force:
        return Change(file.path, "update", old, encoded, backup=not ours), None
    return Change(file.path, "conflict", old, encoded), (EDITED if locked else NOT_OURS).on(None, path=file.path)


def split_block(text: str) -> tuple[str, str | None, str] | None:
    """The text before our block, in it (None without a block), and after it; None if the markers do not match."""
    lines = text.splitlines(keepends=True)
    begins = [index for index, line in enumerate(lines) if line.rstrip("\r\n") == BEGIN]
    ends = [index for index, line in enumerate(lines) if line.rstrip("\r\n") == END]
    if not begins and not ends:
        return text, None, ""
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        return None
    begin, end = begins[0], ends[0]
    return "".join(lines[:begin]), "".join(lines[begin + 1 : end]), "".join(lines[end + 1 :])


def _orphan(path: str, locked: str, snapshot: Snapshot, is_input: bool) -> tuple[Change | None, Diagnostic | None]:
    """The change for a file that an earlier build wrote and this one does not emit."""
    if snapshot.kind(path) is None:
        return None, None
    old = None if is_input or _blocked(path, snapshot) else snapshot.read(path)
    if old is not None:
        text = old.decode("utf-8", "surrogateescape")
        is_gitlabs = path == posixpath.join(way_up(snapshot.folder), GITLAB_CI) and snapshot.folder != ""
        if digest(text) == locked and not is_gitlabs:
            return (
                (Change(path, "delete", old, None), None)
                if is_marked(path, old)
                else (None, UNMARKED_ORPHAN.on(None, path=path))
            )
        split = split_included(text) if is_gitlabs else split_block(text)
        if split is not None and split[1] is not None and digest(split[1]) == locked:
            rest = split[0].removesuffix("\n") + split[2] if split[0].endswith("\n\n") else split[0] + split[2]
            new = rest.encode("utf-8", "surrogateescape") if rest.strip() else None
            return Change(path, "delete" if new is None else "update", old, new), None
    return None, EDITED_ORPHAN.on(None, path=path)


def _lock_change(lock: Mapping[str, str], snapshot: Snapshot) -> Change | None:
    old = snapshot.read(LOCK)
    new = lock_text(lock).encode("utf-8", "surrogateescape")
    if old is not None and old.replace(b"\r\n", b"\n") == new:
        return None
    return Change(LOCK, "create" if old is None else "update", old, new)
