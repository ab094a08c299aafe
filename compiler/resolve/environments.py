"""The environments of a spec, and the one that each stage runs in."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ...schemas import environment as language
from ...schemas.spec import Spec
from ...schemas.stage import Stage
from ..model.diagnostic import Code, Diagnostic
from ..model.environment import Environment, Kind
from ..model.project import Script
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..programs.packages import ENVIRONMENTS, Lock, Unreadable, packages_file, read_file
from ..read.params import UNREADABLE_PACKAGES, ParamFiles
from .packages import Packages
from .wrapping import preparation

UNKNOWN_ENVIRONMENT = Code(
    "MLC438", "error", "the environment `{name}` does not exist", help="define it under `environments`"
)
UNKNOWN_ENVIRONMENT_SIMILAR = replace(UNKNOWN_ENVIRONMENT, help="did you mean `{similar}`?")
UNKNOWN_ENVIRONMENT_OF = replace(UNKNOWN_ENVIRONMENT, help="define it under `environments`, or use one of: {names}")
NO_KIND = Code(
    "MLC440",
    "error",
    "the environment `{name}` does not say what it is",
    help="add one of `uv`, `venv`, `container` and `run`",
)
TWO_KINDS = Code(
    "MLC440",
    "error",
    "the environment `{name}` has {kinds} at once",
    help="keep one of them, and give the other a name",
)
OTHER_OPTION = Code(
    "MLC440",
    "error",
    "`{key}` is an option of `{owner}`, and the environment `{name}` is of kind `{kind}`",
    help="remove `{key}`",
)
RESERVED = Code(
    "MLC440", "error", "an environment cannot be called `none`, which means no environment", help="give it another name"
)
IMAGE_TOO = Code(
    "MLC441",
    "error",
    "`{stage}` has an `image` and the environment `{name}`, so where it runs is not clear",
    help="remove one of them",
)

NONE = "none"
_KINDS: tuple[Kind, ...] = ("uv", "venv", "container", "run")
_OPTIONS: Mapping[str, Kind] = {
    "with_": "container", "network": "container", "shm": "container", "lock": "run", "setup": "run",
}  # fmt: skip
"""The kind that each option belongs to."""


@dataclass(slots=True)
class Environments:
    """The environments of a project by name, their packages, and the problems in their definitions."""

    declared: Mapping[str, Environment] = field(default_factory=dict)
    packages: Mapping[str, Packages] = field(default_factory=dict)
    locks: Mapping[str, Lock] = field(default_factory=dict)
    default: str | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    invalid: frozenset[str] = frozenset()
    """Names whose definitions are wrong, which is reported already."""

    def of(self, stage: Stage, name: str, path: Path) -> Environment | None:
        """The environment of a stage, or None for this machine. The image of a stage is one, and replaces the default."""
        if stage.image is not None:
            if stage.environment is not None and stage.environment != NONE:
                self.diagnostics.append(IMAGE_TOO.at_key(*path, "environment", stage=name, name=stage.environment))
            return Environment("", "container", stage.image)
        if stage.environment is not None:
            return self._named(stage.environment, (*path, "environment"))
        return None if self.default is None else self._named(self.default, ("environment",))

    def _named(self, name: str, path: Path) -> Environment | None:
        if name in self.declared or name == NONE or name in self.invalid:
            return self.declared.get(name)
        self.diagnostics += [self._unknown(name, path)] if not self._is_reported(name, path) else []
        return None

    def _is_reported(self, name: str, path: Path) -> bool:
        return self._unknown(name, path) in self.diagnostics

    def _unknown(self, name: str, path: Path) -> Diagnostic:
        from difflib import get_close_matches

        if close := get_close_matches(name, self.declared, 1):
            return UNKNOWN_ENVIRONMENT_SIMILAR.at(*path, name=name, similar=close[0])
        if self.declared:
            return UNKNOWN_ENVIRONMENT_OF.at(*path, name=name, names=", ".join(self.declared))
        return UNKNOWN_ENVIRONMENT.at(*path, name=name)


def environments(spec: Spec, snapshot: Snapshot, params: ParamFiles) -> Environments:
    """The environments that a spec declares, with the packages that they lock."""
    result = Environments(default=spec.environment)
    declared: dict[str, Environment] = {}
    packages: dict[str, Packages] = {}
    locks: dict[str, Lock] = {}
    for name, environment in (spec.environments or {}).items():
        problems = list(_problems(name, environment))
        result.diagnostics += problems
        if problems:
            result.invalid |= {name}
            continue
        lowered = _lowered(name, environment, snapshot)
        lock, problem = _read(lowered, snapshot)
        result.diagnostics += [problem] if problem is not None else []
        if lock is not None:
            file = packages_file(name)
            lowered = replace(lowered, packages=file)
            packages[name], locks[file] = Packages(lock, strict=True), lock
            params.locks[file] = lock
        declared[name] = lowered
    result.declared, result.packages, result.locks = declared, packages, locks
    return result


def settings(environments: Environments) -> Script | None:
    """The file by which packages.py finds the locks of environments; None if there are none that it could read."""
    sources = {file: lock.source for file, lock in environments.locks.items()}
    return Script(ENVIRONMENTS, json.dumps(sources, indent=1) + "\n") if sources else None


def _problems(name: str, environment: language.Environment) -> Iterator[Diagnostic]:
    path = ("environments", name)
    kinds = [kind for kind in _KINDS if getattr(environment, kind) is not None]
    if name == NONE:
        yield RESERVED.at_key(*path)
    elif not kinds:
        yield NO_KIND.at_key(*path, name=name)
    elif len(kinds) > 1:
        yield TWO_KINDS.at_key(*path, name=name, kinds=" and ".join(f"`{kind}`" for kind in kinds))
    else:
        for option, owner in _OPTIONS.items():
            if getattr(environment, option) is not None and owner != kinds[0]:
                key = option.rstrip("_")
                yield OTHER_OPTION.at_key(*path, key, key=key, owner=owner, name=name, kind=kinds[0])


def _lowered(name: str, environment: language.Environment, snapshot: Snapshot) -> Environment:
    kind = next(kind for kind in _KINDS if getattr(environment, kind) is not None)
    value: str = getattr(environment, kind)
    if kind in ("uv", "venv"):
        value = posixpath.normpath(value)
    lock = environment.lock
    if kind == "uv":
        lock = _uv_lock(value, snapshot)
    elif kind == "venv":
        lock = value
    lowered = Environment(
        name=name,
        kind=kind,
        value=value,
        lock=posixpath.normpath(lock) if lock is not None else None,
        runtime=environment.with_,
        network=environment.network is not False,
        shm=environment.shm,
        setup=environment.setup,
    )
    return lowered if kind == "run" else replace(lowered, setup=preparation(lowered))


def _uv_lock(folder: str, snapshot: Snapshot) -> str:
    """The uv.lock of a project: its own, or that of the workspace above it."""
    place = folder
    while True:
        path = posixpath.normpath(f"{place}/uv.lock")
        if snapshot.kind(path) == "file":
            return path
        if place in (".", "") or place.startswith(".."):
            return posixpath.normpath(f"{folder}/uv.lock")
        place = posixpath.dirname(place) or "."


def _read(environment: Environment, snapshot: Snapshot) -> tuple[Lock | None, Diagnostic | None]:
    """The packages that an environment locks; None if its lock is missing, or of a form that is not known."""
    if environment.lock is None:
        return None, None
    try:
        return read_file(environment.lock, snapshot.read), None
    except Unreadable as error:
        return None, UNREADABLE_PACKAGES.at("environments", environment.name, environment.kind, problem=str(error))
