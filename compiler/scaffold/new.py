"""`mlopsc new`: made whole in a hidden directory beside the place it is for, then moved there by one rename."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..write.signals import interruptible, scratch
from .fill import ANSWERS, copy
from .library import SCHEME, Library
from .names import Names, names
from .refusal import Refusal
from .run import dvc_init, git, git_init


@dataclass(frozen=True, slots=True)
class Made:
    """A repository that is there: where, what was written, and whether DVC itself could be asked."""

    names: Names
    files: list[str]
    by_dvc: bool
    notes: list[str] = field(default_factory=list)


def new(
    typed: str, template: str, answers: Mapping[str, Any], library: Library | None = None, ref: str | None = None
) -> Made:
    """Make the repository. Raises `Refusal`; then, as after any interruption, nothing is left at its place."""
    library = library or Library()
    called = names(typed)
    source = source_of(template, library)
    place = os.path.abspath(called.directory)
    parent = os.path.dirname(place)
    if os.path.lexists(place):
        raise Refusal(f"`{called.directory}` is there already", "give another name, or use `mlopsc init` inside of it")
    if not os.path.isdir(parent):
        raise Refusal(f"there is no directory `{os.path.dirname(called.directory)}`", "make it first")
    data = _told(called, answers)
    with interruptible(), scratch(".mlopsc-new-", parent) as around:
        root = f"{around}/{os.path.basename(place)}"
        os.mkdir(root)
        copy(source, root, data, library, ref)
        _harmless(root)
        git_init(root)
        by_dvc = dvc_init(root)
        notes = _build(root)
        files = _files(root)
        _move(root, place)
    return Made(called, files, by_dvc, notes)


def source_of(template: str, library: Library) -> str:
    """The address of a template: `mlopsc://NAME.git` for a packaged one, otherwise what was given, made absolute."""
    if template in {each.name for each in library.templates}:
        return f"{SCHEME}{template}.git"
    if os.path.isdir(template):
        return os.path.abspath(template)
    if ":" in template or template.endswith(".git") or template.startswith(("~", "/", ".")):
        return template
    library.find(template)
    raise AssertionError("find refuses what is not there")


def _told(called: Names, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What a template is told without asking: the names, the year, and who writes; answers go before all of them."""
    try:
        author = git("config", "--get", "user.name", cwd=os.curdir).strip()
    except Refusal:
        author = ""
    told = {
        "project": called.title, "slug": called.slug, "package": called.package,
        "year": time.strftime("%Y"), "author": author or f"The authors of {called.title}",
    }  # fmt: skip
    return told | dict(answers)


def _harmless(root: str) -> None:
    """Refuse a filled template that would make Git or DVC run or write something of its own."""
    from ..model.snapshot import inside

    for top, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.relpath(os.path.join(top, name), root)
            if name.lower().rstrip(". ") in (".git", "git~1") or path.split(os.sep)[0] == ".dvc":
                raise Refusal(f"the template writes `{path}`, which belongs to Git or DVC", misuse=False)
            if os.path.islink(os.path.join(top, name)):
                target = os.readlink(os.path.join(top, name))
                if not inside(os.path.join(os.path.dirname(path), target)) or os.path.isabs(target):
                    raise Refusal(f"the template has a link that leads out of it: `{path}`", misuse=False)


def _build(root: str) -> list[str]:
    """Build the new repository, if it has a mlops.yaml; what is wrong with one is a `Refusal`."""
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..write.journal import apply
    from ..write.lock import read_lock
    from ..write.plan import plan

    if not os.path.isfile(f"{root}/mlops.yaml"):
        return ["the template has no mlops.yaml, so nothing was built"]
    disk = Disk(root)
    run = compile_spec(disk)
    if not run.report.failed:
        lock, found = read_lock(disk)
        planned, more = plan(run.files, lock, disk, run.inputs, [])
        run.report.add([*found, *more])
        if not run.report.failed:
            run.report.add(apply(planned, root))
    wrong = [each for each in run.report if each.severity == "error"]
    if wrong:
        first = f"{wrong[0].code}: {wrong[0].message}"
        raise Refusal(f"what the template makes cannot be built: {first}", wrong[0].help, misuse=False)
    return []


def _files(root: str) -> list[str]:
    """All files of the repository, without what Git and DVC keep for themselves, sorted."""
    found = []
    for top, folders, files in os.walk(root):
        folders[:] = [each for each in folders if each not in (".git", ".dvc", "state")]
        found += [os.path.relpath(os.path.join(top, file), root) for file in files]
    return sorted(found)


def _move(root: str, place: str) -> None:
    """Put the finished repository in its place, unless something has appeared there in between."""
    if os.path.lexists(place):
        raise Refusal(f"`{place}` has appeared while it was being made", "give another name")
    os.rename(root, place)


__all__ = ["ANSWERS", "Made", "new", "source_of"]
