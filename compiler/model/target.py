"""The interface of a target: a name, the features it supports, and one pure method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from .diagnostic import Diagnostic
from .project import Project

HEADER = "# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.\n"
"""The one line that every generated file starts with, behind that format's sign for a comment."""


def header(folder: str) -> str:
    """The header of a file at the root of the Git repository that belongs to the project in a folder of it."""
    return (
        f"# Made by mlopsc from {folder}/mlops.yaml: edit that, then run `mlopsc build` in its folder.\n"
        if folder
        else HEADER
    )


class Feature(StrEnum):
    """A construct of the language that targets may or may not support. `lower.features` finds those that a project uses."""

    STAGES = "stages"
    FOREACH = "foreach"
    MATRIX = "matrix"
    TEMPLATES = "templates in commands"
    VARS = "vars"
    WDIR = "wdir"
    FROZEN = "frozen"
    ALWAYS_CHANGED = "always_changed"
    DESC = "desc"
    META = "meta"
    OUT_FLAGS = "flags of outs"
    PARAMS = "params"
    METRICS = "metrics"
    PLOTS = "plots"
    ARTIFACTS = "artifacts"
    DATASETS = "datasets"
    COMMAND_LISTS = "lists of commands"
    SCRIPT = "script"
    ENV = "env"
    TIMEOUT = "timeout"
    RETRIES = "retries"
    IMAGE = "image"
    UV = "environments of kind uv"
    VENV = "environments of kind venv"
    CONTAINER = "environments of kind container"
    PREFIX = "environments of kind run"
    NETWORK = "network of containers"
    CONTAINER_SHM = "shm of containers"
    CPU = "resources.cpu"
    MEMORY = "resources.memory"
    GPU = "resources.gpu"
    GPU_TYPE = "resources.gpu_type"
    DISK = "resources.disk"
    SHM = "resources.shm"
    SPOT = "resources.spot"
    INSTANCE = "resources.instance"
    KUBERNETES = "kubernetes"
    STAGE_GATES = "gates"
    REGISTRY = "stack.registry"
    DATA = "data"
    MODELS = "models"
    EXPERIMENTS = "experiments"
    DEPLOY = "deploy"
    MONITOR = "monitor"
    SCHEDULE = "schedule"
    NOTIFY = "notify"
    SLURM = "slurm"
    CI_TRIGGERS = "ci.on"
    CI_RUNNER = "ci.runner"
    CI_SECRETS = "ci.secrets"
    CI_OIDC = "ci.oidc"
    CI_IMAGE = "ci.image"
    CI_CACHE = "ci.cache"
    CI_LOCK = "ci.lock"
    FAN_OUT = "ci.fan-out"
    CI_RUNNERS = "ci.runners"


@dataclass(frozen=True, slots=True)
class Kept:
    """The platform has this construct with the same meaning."""


@dataclass(frozen=True, slots=True)
class Emulated:
    """The platform lacks it, but the emitted files have the same effect in another way, described by ``how``.

    ``only_with`` is another construct that is required for it.
    """

    how: str
    only_with: Feature | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The emitted files do not contain it; ``why`` is the reason, for the author of the spec."""

    why: str


@dataclass(frozen=True, slots=True)
class Lost(Refused):
    """The emitted files do not contain it, and what they run differs by it: a warning for the files of this target."""


@dataclass(frozen=True, slots=True)
class Elsewhere(Refused):
    """The emitted files do not contain it, but those of a target in ``by`` do, as ``why`` describes."""

    by: tuple[str, ...] = ("dvc",)


Support = Mapping[Feature, Kept | Emulated | Refused]


@dataclass(frozen=True, slots=True)
class File:
    """An emitted file. If ``block`` is set, only a marked block of the file is ours (.gitignore).

    ``path`` is relative to the root of the repository. ``executable`` sets the x bits of the mode. ``data`` is the content of a
    YAML or JSON file, so that the `patches` of the spec can be applied, and ``header`` is the text before it; the keys in
    ``apart`` are written to a second document of the file. See `yaml_file`. A file that is ``derived`` is kept up to date by
    programs in the repository, too: another content than a build wrote is no edit. ``included`` marks a block that is an item of
    the list `include` of a YAML file.

    A path that begins with `..` leads to the root of the Git repository, where only `write.lock.is_shared` allows files.
    """

    path: str
    text: str
    block: bool = False
    executable: bool = False
    data: Mapping[str, Any] | None = None
    header: str = ""
    apart: tuple[str, ...] = ()
    derived: bool = False
    included: bool = False


class Target(Protocol):
    """A target. It is pure: no disk, no clock, no network. Features missing in ``support`` are refused."""

    name: str
    support: Support

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The files of this target, and a diagnostic for each value that it has to change or refuse."""
