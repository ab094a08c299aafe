"""The port: what a back end is. One class with a name, what it supports, and one pure method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from .diagnostic import Diagnostic
from .project import Project

HEADER = "# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.\n"
"""The one line that every generated file starts with, behind that format's sign for a comment."""


class Feature(StrEnum):
    """A construct of the language that a target may or may not be able to say.

    `features.py` tells which of them a project uses, and where.
    """

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
    CPU = "resources.cpu"
    MEMORY = "resources.memory"
    GPU = "resources.gpu"
    STAGE_GATES = "gates"
    REGISTRY = "stack.registry"
    DATA = "data"
    MODELS = "models"
    EXPERIMENTS = "experiments"
    DEPLOY = "deploy"
    MONITOR = "monitor"
    CI_TRIGGERS = "ci.on"
    CI_RUNNER = "ci.runner"
    CI_SECRETS = "ci.secrets"
    FAN_OUT = "ci.fan-out"
    CI_RUNNERS = "ci.runners"


@dataclass(frozen=True, slots=True)
class Kept:
    """The platform has this construct; it means the same there."""


@dataclass(frozen=True, slots=True)
class Emulated:
    """The platform lacks it; what is emitted does the same by other means, told in ``how``.

    ``only_with`` is another construct without which it is refused.
    """

    how: str
    only_with: Feature | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not in what is emitted; ``why`` is for the person who wrote it."""

    why: str


@dataclass(frozen=True, slots=True)
class Elsewhere(Refused):
    """It is not in what is emitted, and not lost either: ``why`` tells how the files of a target among ``by`` say it."""

    by: tuple[str, ...] = ("dvc",)


Support = Mapping[Feature, Kept | Emulated | Refused]


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written. ``block`` marks one of which only a marked block is ours (.gitignore).

    ``path`` is relative to the repository root. ``executable`` sets the mode's x bits. ``data`` is what a YAML or JSON
    file was made of, under its ``header``, so that the spec's `patches` can be laid over it; its keys in ``apart``
    stand in a second document of the file. See `yaml_file`.
    """

    path: str
    text: str
    block: bool = False
    executable: bool = False
    data: Mapping[str, Any] | None = None
    header: str = ""
    apart: tuple[str, ...] = ()


class Target(Protocol):
    """A back end. Pure: no disk, no clock, no network. What ``support`` does not name counts as refused."""

    name: str
    support: Support

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The files of this back end, and a diagnostic for each value that it has to clip or refuse."""
