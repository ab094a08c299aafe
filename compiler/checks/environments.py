"""Checks of environments: whether what they are made of is locked, and here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model.diagnostic import Code, Diagnostic
from ..model.environment import Environment
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from .places import Places

BY_TAG = Code(
    "MLC439",
    "warning",
    "`{image}` is a tag, which may be another image tomorrow, and no stage would run again",
    help="write its digest: `sh .mlops/scripts/container.sh {image}` fetches the image and prints it",
)
NO_LOCK = Code(
    "MLC442",
    "warning",
    "the environment `{name}` needs `{path}`, which does not exist",
    help="create it, or correct the path",
    in_check="error",
)
NO_UV_LOCK = replace(NO_LOCK, help="create it with `uv lock --project {folder}`, or correct the path")


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC439 and MLC442."""
    for environment in project.environments.values():
        at = At(("environments", environment.name, environment.kind))
        if environment.image is not None and _is_tag(environment.image):
            yield BY_TAG.on(at, image=environment.image)
        if environment.lock is not None and snapshot.kind(environment.lock) != "file":
            if environment.lock not in project.artifacts or project.artifacts[environment.lock].producer is None:
                yield _no_lock(environment, at)


def _is_tag(image: str) -> bool:
    return "@sha256:" not in image and not image.endswith(".sif")


def _no_lock(environment: Environment, at: At) -> Diagnostic:
    code = NO_UV_LOCK if environment.kind == "uv" else NO_LOCK
    return code.on(at, name=environment.name, path=environment.lock, folder=environment.value)
