"""`mlopsc new`: create a repository in a hidden directory beside its destination, then rename it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.snapshot import find_git_root
from ..write.signals import interruptible, scratch
from .fill import copy
from .library import SCHEME, Library
from .names import Names, names
from .refusal import Refusal
from .run import dvc_files, dvc_init, git, git_init


@dataclass(frozen=True, slots=True)
class NewRepository:
    """A new repository: its names and files, and whether DVC initialized it."""

    names: Names
    files: list[str]
    by_dvc: bool
    notes: list[str] = field(default_factory=list)


def new(
    typed: str, template: str, answers: Mapping[str, Any], library: Library | None = None, ref: str | None = None
) -> NewRepository:
    """Create the repository. If it raises `Refusal` or is interrupted, nothing is left behind."""
    library = library or Library()
    project = names(typed)
    source = source_of(template, library)
    destination = os.path.abspath(project.directory)
    parent = os.path.dirname(destination)
    if os.path.lexists(destination):
        raise Refusal(f"`{project.directory}` already exists", "use another name, or run `mlopsc init` in it")
    if not os.path.isdir(parent):
        raise Refusal(f"there is no directory `{os.path.dirname(project.directory)}`", "create it first")
    data = _answers(project, answers)
    with interruptible(), scratch(".mlopsc-new-", parent) as hidden:
        root = f"{hidden}/{os.path.basename(destination)}"
        os.mkdir(root)
        copy(source, root, data, library, ref)
        _check_harmless(root)
        git_root = find_git_root(os.path.realpath(parent))
        if git_root is None:
            git_init(root)
            by_dvc = dvc_init(root)
            notes = _build(root)
            files = _files(root)
            _move(root, destination)
        else:
            dvc_files(root)
            by_dvc, notes = True, _build_there(root, destination, git_root)
            files = _files(destination)
    return NewRepository(project, files, by_dvc, notes)


def _build_there(root: str, destination: str, git_root: str) -> list[str]:
    """Move a project to its folder of a Git repository, and build it there, because files of CI name the folder."""
    _move(root, destination)
    try:
        notes = _build(destination)
    except BaseException:
        shutil.rmtree(destination)
        raise
    return [f"it is a project of the Git repository {git_root}, and a DVC repository of its own", *notes]


def source_of(template: str, library: Library) -> str:
    """The URL of a template: `mlopsc://NAME.git` if it is packaged, otherwise the URL or the absolute path."""
    if template in {packaged.name for packaged in library.templates}:
        return f"{SCHEME}{template}.git"
    if os.path.isdir(template):
        return os.path.abspath(template)
    if ":" in template or template.endswith(".git") or template.startswith(("~", "/", ".")):
        return template
    library.find(template)
    raise AssertionError("Library.find raises Refusal")


def _answers(project: Names, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to the template: names, year and author by default; ``answers`` override them."""
    try:
        author = git("config", "--get", "user.name", cwd=os.curdir).strip()
    except Refusal:
        author = ""
    defaults = {
        "project": project.title, "slug": project.slug, "package": project.package,
        "year": time.strftime("%Y"), "author": author or f"The authors of {project.title}",
    }  # fmt: skip
    return defaults | dict(answers)


def _check_harmless(root: str) -> None:
    """Refuse a template whose files could make Git or DVC run something, or that links out of the repository."""
    from ..model.snapshot import inside

    for top, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.relpath(os.path.join(top, name), root)
            if name.lower().rstrip(". ") in (".git", "git~1") or path.split(os.sep)[0] == ".dvc":
                raise Refusal(f"the template writes `{path}`, which belongs to Git or DVC", misuse=False)
            if os.path.islink(os.path.join(top, name)):
                target = os.readlink(os.path.join(top, name))
                if not inside(os.path.join(os.path.dirname(path), target)) or os.path.isabs(target):
                    raise Refusal(
                        f"the template has a symlink that leads out of the repository: `{path}`", misuse=False
                    )


def _build(root: str) -> list[str]:
    """Build the new repository, if it has a mlops.yaml. Raises `Refusal` if it has errors."""
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
        lock, lock_problems = read_lock(disk)
        planned, problems = plan(run.files, lock, disk, run.inputs, [])
        run.report.add([*lock_problems, *problems])
        if not run.report.failed:
            run.report.add(apply(planned, root))
    error = next((item for item in run.report if item.severity == "error"), None)
    if error is not None:
        raise Refusal(f"the new repository cannot be built: {error.code}: {error.message}", error.help, misuse=False)
    return []


def _files(root: str) -> list[str]:
    """All files of the repository, sorted, without those that belong to Git and DVC."""
    paths = []
    for top, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in (".git", ".dvc", "state")]
        paths += [os.path.relpath(os.path.join(top, file), root) for file in files]
    return sorted(paths)


def _move(root: str, destination: str) -> None:
    """Move the repository to its destination, unless something has been created there meanwhile."""
    if os.path.lexists(destination):
        raise Refusal(f"`{destination}` appeared while the repository was created", "use another name")
    os.rename(root, destination)
