"""`mlopsc update`: a later version of the template, merged in a clone; the repository itself is touched at the very end.

In the clone there is nothing but what is committed, so that no file that Git does not know can be overwritten, and an
update that fails half-way leaves no trace. What is written in the end replaces committed content alone: Git has it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..write.signals import interruptible, scratch, undisturbed
from .fill import ANSWERS
from .fill import update as merge
from .library import SCHEME, Library
from .refusal import Refusal
from .run import git

MARK = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
"""The first and last line of a conflict, as Git marks it."""


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did: the versions, the files it changed, and those in which it left conflicts."""

    before: str
    after: str
    changed: list[str]
    conflicts: list[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs in the clone. ``content`` is None where the template removed it."""

    path: str
    added: bool
    content: bytes | None
    mode: int


def update(root: str, answers: Mapping[str, Any], library: Library | None = None, ref: str | None = None) -> Updated:
    """Bring the newest version (or ``ref``) of its template into the repository. Raises `Refusal`; then nothing changed."""
    library = library or Library()
    source, before = _origin(root, library)
    top = git("rev-parse", "--show-toplevel", cwd=root).rstrip("\n")
    _clean(top)
    below = os.path.relpath(os.path.realpath(root), os.path.realpath(top))
    with interruptible(), scratch("mlopsc-update-") as place:
        clone = f"{place}/clone"
        git("clone", "--quiet", "--shared", "--", top, clone, cwd=place)
        merge(os.path.normpath(f"{clone}/{below}"), source, answers, library, ref)
        _, after = _origin(os.path.normpath(f"{clone}/{below}"), library)
        unmerged = git("ls-files", "--unmerged", "-z", cwd=clone)
        changes = list(_changes(clone))
        for change in changes:
            _possible(change, top)
        conflicts = sorted({entry.partition("\t")[2] for entry in unmerged.split("\0") if entry})
        conflicts += [
            each.path for each in changes if each.content and MARK.search(each.content) and each.path not in conflicts
        ]
        with undisturbed():  # the few files are written, all of them
            for change in changes:
                _write(change, top)
            _mark(unmerged, clone, top)
    return Updated(before, after, [each.path for each in changes], conflicts)


def _origin(root: str, library: Library) -> tuple[str, str]:
    """The address and version that the answers file tells."""
    import yaml

    try:
        with open(f"{root}/{ANSWERS}", encoding="utf-8") as file:
            told = yaml.safe_load(file)
    except FileNotFoundError:
        raise Refusal(
            f"there is no {ANSWERS} here, so it is not known which template this repository was made from",
            "`mlopsc new` makes one that can be updated; `mlopsc init` completes one that is there",
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise Refusal(f"{ANSWERS} cannot be read: {why}", "take the last good one from Git", misuse=False) from error
    source, version = (told.get("_src_path"), told.get("_commit")) if isinstance(told, dict) else (None, None)
    if not isinstance(source, str) or not isinstance(version, str):
        raise Refusal(
            f"{ANSWERS} does not tell the template's address and version (`_src_path` and `_commit`)",
            "only a template in a Git repository can be updated from", misuse=False,
        )  # fmt: skip
    number = version.removeprefix("v")
    if source.startswith(SCHEME) and number.isdigit() and int(number) > library.version:
        raise Refusal(
            f"the repository is at version {number} of its template, and this mlopsc knows {library.version}",
            "install a newer mlopsc", misuse=False,
        )  # fmt: skip
    return source, version


def _clean(top: str) -> None:
    if git("status", "--porcelain", "--untracked-files=no", cwd=top).strip():
        raise Refusal("there are changes that are not committed", "commit or stash them first, then update")
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD", cwd=top)
    except Refusal:
        raise Refusal("nothing is committed yet", "git add --all && git commit -m 'Begin'") from None


def _changes(clone: str) -> Iterator[Change]:
    git("add", "--all", "--force", cwd=clone)
    words = git("diff", "--cached", "--name-status", "--no-renames", "-z", "HEAD", cwd=clone).split("\0")
    for status, path in zip(words[::2], words[1::2], strict=False):
        full = f"{clone}/{path}"
        if os.path.islink(full):
            yield Change(path, status == "A", os.fsencode(os.readlink(full)), 0o120000)
        elif os.path.isfile(full):
            with open(full, "rb") as file:
                yield Change(path, status == "A", file.read(), os.stat(full).st_mode & 0o777)
        else:
            yield Change(path, False, None, 0)


def _possible(change: Change, top: str) -> None:
    """Refuse where a file of the user that Git does not know stands in the way, or a link leads elsewhere."""
    from ..model.snapshot import inside

    if change.added and os.path.lexists(f"{top}/{change.path}"):
        raise Refusal(
            f"`{change.path}` is new in the template, and here is a file of that name that Git does not know",
            "commit it or move it away, then update", misuse=False,
        )  # fmt: skip
    folder = os.path.dirname(f"{top}/{change.path}")
    if not os.path.realpath(folder).startswith(os.path.realpath(top)):
        raise Refusal(f"`{change.path}` would be written through a link that leads out of here", misuse=False)
    if change.mode == 0o120000 and change.content is not None:
        target = os.fsdecode(change.content)
        if os.path.isabs(target) or not inside(os.path.join(os.path.dirname(change.path), target)):
            raise Refusal(f"the template has a link that leads out of it: `{change.path}`", misuse=False)


def _write(change: Change, top: str) -> None:
    full = f"{top}/{change.path}"
    if change.content is None:
        os.unlink(full)
        return
    os.makedirs(os.path.dirname(full), exist_ok=True)
    beside = f"{full}.mlopsc-update"
    if change.mode == 0o120000:
        os.symlink(os.fsdecode(change.content), beside)
    else:
        with open(beside, "wb") as file:
            file.write(change.content)
        os.chmod(beside, change.mode)
    os.replace(beside, full)


def _mark(unmerged: str, clone: str, top: str) -> None:
    """Tell Git itself of the conflicts, so that `git status` shows them and `git commit` waits for them."""
    entries = [entry for entry in unmerged.split("\0") if entry]
    for entry in entries:
        blob = git("cat-file", "blob", entry.split()[1], cwd=clone).encode(errors="surrogateescape")
        git("hash-object", "-w", "--stdin", cwd=top, data=blob)
    paths = {entry.partition("\t")[2] for entry in entries}
    removed = "".join(f"0 {'0' * 40}\t{path}\0" for path in sorted(paths))
    if entries:
        data = (removed + "".join(f"{entry}\0" for entry in entries)).encode(errors="surrogateescape")
        git("update-index", "-z", "--index-info", cwd=top, data=data)
