"""Checks of a project in a folder of a Git repository: what it shares with other projects there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from ..write.lock import other_project
from .places import Places

SAME_NAME = Code(
    "MLC317",
    "error",
    "the project in `{folder}` is called `{name}`, too, and both would write `{path}`",
    help="give one of them another name: `project: {example}`",
)
SHARED_DVC = Code(
    "MLC318",
    "error",
    "`registry` would configure the DVC repository of another folder, `{root}`",
    help="run `dvc init --subdir` in this folder, which makes it a DVC repository of its own; or remove `registry`, and add the "
    "remote to `{root}/.dvc/config` (`dvc remote add`)",
)
NOT_IN_TAGS = Code(
    "MLC318",
    "error",
    "GTO cannot register a model of the folder `{folder}`",
    help="rename it: GTO takes letters, digits, `-`, `_` and `.`, and no part may begin with `.` or end with `.lock`",
)

FILES_OF_CI = {"github": ".github/workflows/mlops-{}.yml", "gitlab": ".gitlab/mlops-{}.yml"}
"""The first file of a project at the root of the Git repository, by target."""
_IN_TAGS = re.compile(r"(?!\.)(?:(?!/\.|\.\.|\.lock(?:/|\Z)|//)[A-Za-z0-9_./-])+")


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC317 and MLC318."""
    if not project.folder:
        return
    for target, pattern in FILES_OF_CI.items():
        path = project.at_top(pattern.format(project.name))
        if target in project.targets and (other := other_project(path, snapshot)) is not None:
            example = f"{posixpath.basename(posixpath.dirname(project.folder)) or 'my'}-{project.name}"
            where = other or "the root of the repository"
            yield SAME_NAME.at("project", folder=where, name=project.name, path=path, example=example)
            break
    if project.remotes and project.dvc_root != ".":
        yield SHARED_DVC.at("stack", "registry", root=project.dvc_root)
    if project.models and not _IN_TAGS.fullmatch(project.folder):
        yield NOT_IN_TAGS.at_key("models", folder=project.folder)
