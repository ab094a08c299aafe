"""What happens around the pipeline: remotes, data sources, models, deployments, monitors, experiments."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from .environment import Environment

DVC_EXTRAS = {
    "s3": "s3", "gs": "gs", "azure": "azure", "ssh": "ssh", "sftp": "ssh", "gdrive": "gdrive", "oss": "oss",
    "hdfs": "hdfs", "webdav": "webdav", "webdavs": "webdav",
}  # fmt: skip
"""DVC's extra for each scheme of a URL: https://dvc.org/doc/install/linux#install-with-pip"""

MAX_RUNS = 10_000
"""Maximum number of runs of one experiment; more are probably a mistake."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A DVC remote; the first one of a project is the default. ``options`` are those of `dvc remote modify`, as text."""

    name: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """An external source of data, and the path in the repository at which DVC tracks it.

    ``file`` is a path inside another DVC repository, if the source is one. ``schema`` is the path of a Table Schema or
    JSON Schema; ``check`` a command that fails on bad data.
    """

    name: str
    url: str
    path: str
    file: str | None = None
    rev: str | None = None
    schema: str | None = None
    check: str | None = None
    desc: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the registry: a path, and the stage that writes it if the spec names one.

    ``maker`` is the stage to bring up to date for it, also where the spec names none; None if no stage writes it.
    """

    name: str
    path: str
    stage: str | None = None
    maker: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a model is deployed to one environment. ``bounds`` are gates in the form of `gate.py`: ``accuracy >= 0.9``.

    ``before`` is the environment from which a version of the model is promoted to this one; None for the first.
    """

    name: str
    model: str
    on: Literal["tag", "push", "manual"]
    run: str
    approve: bool = False
    bounds: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Monitor:
    """A check of the production system.

    ``body`` is its stage in the keys of DVC, with paths relative to the root; ``bounds`` judge the files ``metrics``. Its commands
    are wrapped in ``environment`` already, as those of stages.
    """

    name: str
    body: Mapping[str, Any]
    metrics: tuple[str, ...]
    deps: tuple[str, ...] = ()
    schedule: str | None = None
    bounds: tuple[str, ...] = ()
    desc: str = ""
    opens_issue: bool = False
    retrains: bool = False
    environment: Environment | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of values of a parameter."""

    items: tuple[Any, ...]

    def count(self) -> float:
        """The number of values."""
        return len(self.items)

    def values(self) -> list[Any]:
        """The values."""
        return list(self.items)


@dataclass(frozen=True, slots=True)
class Spaced:
    """Evenly spaced values from ``start`` to ``stop``; ``stop`` is included if a step reaches it."""

    start: float
    stop: float
    step: float

    def count(self) -> float:
        """The number of values; infinity for an infinite range."""
        steps = (self.stop - self.start) / self.step
        return steps // 1 + 1 if math.isfinite(steps) else math.inf

    def values(self) -> list[Any]:
        """The values, at most `MAX_RUNS` + 1."""
        steps = math.floor((self.stop - self.start) / self.step + 1e-9)
        values = [self.start + index * self.step for index in range(min(steps, MAX_RUNS) + 1)]
        return [value if isinstance(value, int) else float(f"{value:.12g}") for value in values]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Values drawn at random between ``low`` and ``high``; a ``seed`` gives the same values on every machine."""

    low: float
    high: float
    number: int
    seed: int
    log: bool = False

    def count(self) -> float:
        """The number of values."""
        return float(self.number)

    def values(self) -> list[Any]:
        """The values."""
        draw = Random(self.seed).random  # `random()` is guaranteed to give the same numbers in every version of Python
        return [self._value(draw()) for _ in range(self.number)]

    def _value(self, share: float) -> float | int:
        if self.log:
            return float(f"{math.exp(math.log(self.low) + share * math.log(self.high / self.low)):.6g}")
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(self.low + math.floor(share * (self.high - self.low + 1)))
        return float(f"{self.low + share * (self.high - self.low):.6g}")


Values = Listed | Spaced | Drawn


@dataclass(frozen=True, slots=True)
class Experiment:
    """A set of runs: every combination of the values in ``set``. ``targets`` are the stages to run, all if empty."""

    name: str
    set: Mapping[str, Values]
    desc: str = ""
    jobs: int = 1
    targets: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """The number of runs."""
        return math.prod(len(values.values()) for values in self.set.values())

    def grid(self) -> Iterator[dict[str, Any]]:
        """The parameters of each run."""
        for combination in itertools.product(*(values.values() for values in self.set.values())):
            yield dict(zip(self.set, combination, strict=True))

    @property
    def sweeps(self) -> list[str]:
        """The arguments of `dvc exp run --set-param` for the same runs, one for each parameter."""
        return [f"{name}={','.join(map(_hydra, values.values()))}" for name, values in self.set.items()]


def _hydra(value: Any) -> str:
    """A value in Hydra's grammar of overrides: https://hydra.cc/docs/advanced/override_grammar/basic"""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(map(_hydra, value))}]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_hydra(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(value)
