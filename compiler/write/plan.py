"""What a build would do to the disk, as a value: create, update, keep, delete, or a conflict that stops it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..model.diagnostic import Diagnostic
from ..model.snapshot import Snapshot
from ..model.target import File
from .lock import LOCK, Lock, digest, lock_text, safe

Action = Literal["create", "update", "keep", "delete", "conflict"]

BEGIN = "# >>> mlopsc: made from mlops.yaml, edit that"
END = "# <<< mlopsc"


@dataclass(frozen=True, slots=True)
class Change:
    """One file: what is there (None: nothing), and what is to be there (None: nothing)."""

    path: str
    action: Action
    old: bytes | None
    new: bytes | None
    executable: bool = False
    backup: bool = False
    """Whether what is there is kept as `PATH.orig`."""

    def diff(self) -> str:
        """The change as a unified diff; empty where nothing is."""
        if self.old == self.new or b"\0" in (self.old or b""):
            return ""
        from difflib import unified_diff

        before, after = ((text or b"").decode("utf-8", "replace").splitlines() for text in (self.old, self.new))
        names = (self.path if self.old is not None else "/dev/null", self.path if self.new is not None else "/dev/null")
        return "\n".join(unified_diff(before, after, *names, lineterm="")) + "\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one build, and the lock that goes with them."""

    changes: tuple[Change, ...]
    lock: Lock = field(default_factory=dict)
    lock_change: Change | None = None

    @property
    def pending(self) -> tuple[Change, ...]:
        """What is not as it should be."""
        return tuple(change for change in self.changes if change.action != "keep")

    @property
    def writes(self) -> tuple[Change, ...]:
        """What `write.apply` has to do, the lock last."""
        changed = [change for change in self.changes if change.action in ("create", "update", "delete")]
        return (*changed, self.lock_change) if self.lock_change is not None else tuple(changed)


def plan(
    files: Sequence[File], lock: Lock, snapshot: Snapshot, inputs: Collection[str], overwrite: Collection[str] = ()
) -> tuple[Plan, list[Diagnostic]]:
    """Hold what was emitted against what is there and against what we wrote last."""
    found = list(_impossible(files, inputs))
    if found:
        return Plan(()), found
    changes: list[Change] = []
    new_lock: dict[str, str] = {}
    for file in sorted(files, key=lambda file: file.path):
        change, problem = _planned(file, lock.get(file.path), snapshot, file.path in overwrite)
        changes.append(change)
        found += [problem] if problem is not None else []
        new_lock[file.path] = digest(file.text)
    for path in sorted(lock.keys() - new_lock.keys()):
        gone, problem = _orphan(path, lock[path], snapshot, path in inputs)
        changes += [gone] if gone is not None else []
        found += [problem] if problem is not None else []
    for path in overwrite:
        if path not in new_lock:
            found.append(
                Diagnostic("MLC608", f"`{path}` is not one of the files that are written", help="leave it out")
            )
    return Plan(tuple(changes), new_lock, _lock_change(new_lock, snapshot)), found


def _impossible(files: Iterable[File], inputs: Collection[str]) -> Iterable[Diagnostic]:
    seen: dict[str, str] = {}
    for file in files:
        if not safe(file.path) or file.path == LOCK:
            help_ = "this is a bug of the target that emits it"
            yield Diagnostic("MLC605", f"`{file.path}` is no place that may be written", help=help_)
        other = seen.setdefault(file.path.lower(), file.path)
        if other != file.path:
            what = f"`{other}` and `{file.path}` are one file where case does not count"
            yield Diagnostic("MLC603", what, help="rename one of the stages they are made for")
        if file.path in inputs:
            what = f"`{file.path}` would be overwritten, and it is an input"
            yield Diagnostic("MLC604", what, help="rename it; outputs never overwrite inputs")


def _planned(file: File, locked: str | None, snapshot: Snapshot, force: bool) -> tuple[Change, Diagnostic | None]:
    if (blocked := _blocked(file.path, snapshot)) is not None:
        return Change(file.path, "conflict", None, None), blocked
    old = snapshot.read(file.path)
    if file.block:
        return _planned_block(file, locked, old, force)
    new = file.text.encode("utf-8", "surrogateescape")
    if old is None:
        return Change(file.path, "create", None, new, file.executable), None
    there = digest(old.decode("utf-8", "surrogateescape"))
    if there == digest(file.text):
        return Change(file.path, "keep", old, new, file.executable), None
    if there == locked or force:
        return Change(file.path, "update", old, new, file.executable, backup=there != locked), None
    return Change(file.path, "conflict", old, new), _conflict(file.path, locked is not None)


def _conflict(path: str, ours: bool) -> Diagnostic:
    what = "was edited since it was written" if ours else "is there already, and mlopsc did not write it"
    return Diagnostic(
        "MLC601",
        f"`{path}` {what}",
        help=f"see `mlopsc plan` for the difference; `mlopsc build --overwrite {path}` takes the new one and keeps "
        f"yours as `{path}.orig`; `patches` in mlops.yaml changes what is written",
    )


def _blocked(path: str, snapshot: Snapshot) -> Diagnostic | None:
    """Why a path cannot be written, whatever is in it: a folder in its place, or a link on the way."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        parent = "/".join(parts[:depth])
        kind = snapshot.kind(parent)
        if kind is None:
            return None
        if kind != "dir":
            what = f"`{parent}` is not a folder of this repository, so `{path}` cannot be written"
            return Diagnostic("MLC605", what, help="move it away")
    kind = snapshot.kind(path)
    if kind not in (None, "file"):
        what = {"dir": "a folder", "link": "a link that leads outside"}.get(kind or "", "no regular file")
        return Diagnostic("MLC605", f"`{path}` is {what}, so it cannot be written", help="move it away")
    return None


def _planned_block(file: File, locked: str | None, old: bytes | None, force: bool) -> tuple[Change, Diagnostic | None]:
    text = "" if old is None else old.decode("utf-8", "surrogateescape")
    split = split_block(text)
    block = f"{BEGIN}\n{file.text}{END}\n"
    if split is None:
        what = f"the marks of mlopsc's block in `{file.path}` do not pair up"
        problem = Diagnostic("MLC607", what, help=f"leave one line `{BEGIN}` and below it one `{END}`, or none")
        return Change(file.path, "conflict", old, None), problem
    before, inner, after = split
    if inner is None:
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        new = f"{before}{gap}{block}"
    else:
        new = f"{before}{block}{after}"
    edited = inner is not None and digest(inner) not in (locked, digest(file.text))
    if edited and not force:
        return Change(file.path, "conflict", old, new.encode("utf-8", "surrogateescape")), _conflict(file.path, True)
    if inner is not None and digest(inner) == digest(file.text):
        return Change(file.path, "keep", old, old), None
    encoded = new.encode("utf-8", "surrogateescape")
    return Change(file.path, "create" if old is None else "update", old, encoded, backup=edited), None


def split_block(text: str) -> tuple[str, str | None, str] | None:
    """What stands before our block, in it, and after it; the block is None where there is none. None: marks amiss."""
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
    """What becomes of a file that we wrote once and that the spec no longer calls for."""
    if snapshot.kind(path) is None:
        return None, None
    old = None if is_input or _blocked(path, snapshot) else snapshot.read(path)
    if old is not None:
        text = old.decode("utf-8", "surrogateescape")
        if digest(text) == locked:
            return Change(path, "delete", old, None), None
        split = split_block(text)
        if split is not None and split[1] is not None and digest(split[1]) == locked:
            rest = split[0].removesuffix("\n") + split[2] if split[0].endswith("\n\n") else split[0] + split[2]
            new = rest.encode("utf-8", "surrogateescape") if rest.strip() else None
            return Change(path, "delete" if new is None else "update", old, new), None
    return None, Diagnostic(
        "MLC602",
        f"`{path}` is no longer written, but it was edited since: it is left alone and is yours now",
        help="delete it if you don't need it",
        severity="warning",
    )


def _lock_change(lock: Mapping[str, str], snapshot: Snapshot) -> Change | None:
    old = snapshot.read(LOCK)
    new = lock_text(lock).encode("utf-8", "surrogateescape")
    if old is not None and old.replace(b"\r\n", b"\n") == new:
        return None
    return Change(LOCK, "create" if old is None else "update", old, new)
