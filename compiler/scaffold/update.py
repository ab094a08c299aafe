"""`mlopsc update`: merge a later version of the template in a clone, then copy the result into the repository.

The clone contains only committed files, so untracked files cannot be overwritten, and an update that fails leaves no trace.
Only committed content is replaced, which Git can restore.
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

CONFLICT = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
"""The first and last line of a conflict in a file."""


@dataclass(frozen=True, slots=True)
class Updated:
    """The versions before and after, the changed files, and those with conflicts."""

    before: str
    after: str
    changed: list[str]
    conflicts: list[str]


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs in the clone. ``content`` is None if the template removed it."""

    path: str
    added: bool
    content: bytes | None
    mode: int


def update(root: str, answers: Mapping[str, Any], library: Library | None = None, ref: str | None = None) -> Updated:
    """Merge the newest version (or ``ref``) of its template. If it raises `Refusal`, nothing was changed."""
    library = library or Library()
    source, before = _origin(root, library)
    top = git("rev-parse", "--show-toplevel", cwd=root).rstrip("\n")
    _check_clean(top)
    below = os.path.relpath(os.path.realpath(root), os.path.realpath(top))
    with interruptible(), scratch("mlopsc-update-") as home:
        clone = f"{home}/clone"
        git("clone", "--quiet", "--shared", "--", top, clone, cwd=home)
        merge(os.path.normpath(f"{clone}/{below}"), source, answers, library, ref)
        _, after = _origin(os.path.normpath(f"{clone}/{below}"), library)
        unmerged = git("ls-files", "--unmerged", "-z", cwd=clone)
        changes = list(_changes(clone))
        for change in changes:
            _check_writable(change, top)
        conflicts = sorted({entry.partition("\t")[2] for entry in unmerged.split("\0") if entry})
        conflicts += [change.path for change in changes if _has_conflict(change) and change.path not in conflicts]
        with undisturbed():  # write all of these few files
            for change in changes:
                _write(change, top)
            _mark_conflicts(unmerged, clone, top)
    return Updated(before, after, [change.path for change in changes], conflicts)


def _has_conflict(change: Change) -> bool:
    return change.content is not None and CONFLICT.search(change.content) is not None


def _origin(root: str, library: Library) -> tuple[str, str]:
    """The template's URL and version in the answers file."""
    import yaml

    try:
        with open(f"{root}/{ANSWERS}", encoding="utf-8") as file:
            answers = yaml.safe_load(file)
    except FileNotFoundError:
        raise Refusal(
            f"there is no {ANSWERS}, so mlopsc does not know which template this repository was created from",
            "only repositories created by `mlopsc new` can be updated",
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise Refusal(f"{ANSWERS} cannot be read: {reason}", f"git checkout HEAD -- {ANSWERS}", misuse=False) from error
    source, version = (answers.get("_src_path"), answers.get("_commit")) if isinstance(answers, dict) else (None, None)
    if not isinstance(source, str) or not isinstance(version, str):
        raise Refusal(
            f"{ANSWERS} lacks the URL and version of the template (`_src_path` and `_commit`)",
            "use a template in a Git repository; others have no versions", misuse=False,
        )  # fmt: skip
    number = version.removeprefix("v")
    if source.startswith(SCHEME) and number.isdigit() and int(number) > library.version:
        raise Refusal(
            f"the repository is at version {number} of its template, but this mlopsc has version {library.version}",
            "install a newer mlopsc", misuse=False,
        )  # fmt: skip
    return source, version


def _check_clean(top: str) -> None:
    if git("status", "--porcelain", "--untracked-files=no", cwd=top).strip():
        raise Refusal("some changes are not committed", "commit or stash them, then update")
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD", cwd=top)
    except Refusal:
        raise Refusal("the repository has no commits yet", "git add --all && git commit -m 'Initial commit'") from None


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


def _check_writable(change: Change, top: str) -> None:
    """Refuse to overwrite an untracked file, or to write through a symlink that leads out of the repository."""
    from ..model.snapshot import inside

    if change.added and os.path.lexists(f"{top}/{change.path}"):
        raise Refusal(
            f"the template adds `{change.path}`, but an untracked file of that name exists",
            "commit it or move it away, then update", misuse=False,
        )  # fmt: skip
    folder = os.path.dirname(f"{top}/{change.path}")
    if not os.path.realpath(folder).startswith(os.path.realpath(top)):
        raise Refusal(
            f"`{change.path}` would be written through a symlink that leads out of the repository", misuse=False
        )
    if change.mode == 0o120000 and change.content is not None:
        target = os.fsdecode(change.content)
        if os.path.isabs(target) or not inside(os.path.join(os.path.dirname(change.path), target)):
            raise Refusal(f"the template has a symlink that leads out of the repository: `{change.path}`", misuse=False)


def _write(change: Change, top: str) -> None:
    full = f"{top}/{change.path}"
    if change.content is None:
        os.unlink(full)
        return
    os.makedirs(os.path.dirname(full), exist_ok=True)
    temporary = f"{full}.mlopsc-update"
    if change.mode == 0o120000:
        os.symlink(os.fsdecode(change.content), temporary)
    else:
        with open(temporary, "wb") as file:
            file.write(change.content)
        os.chmod(temporary, change.mode)
    os.replace(temporary, full)


def _mark_conflicts(unmerged: str, clone: str, top: str) -> None:
    """Record the conflicts in Git's index, so that `git status` shows them and `git commit` refuses them."""
    entries = [entry for entry in unmerged.split("\0") if entry]
    for entry in entries:
        blob = git("cat-file", "blob", entry.split()[1], cwd=clone).encode(errors="surrogateescape")
        git("hash-object", "-w", "--stdin", cwd=top, data=blob)
    paths = {entry.partition("\t")[2] for entry in entries}
    removed = "".join(f"0 {'0' * 40}\t{path}\0" for path in sorted(paths))
    if entries:
        data = (removed + "".join(f"{entry}\0" for entry in entries)).encode(errors="surrogateescape")
        git("update-index", "-z", "--index-info", cwd=top, data=data)
