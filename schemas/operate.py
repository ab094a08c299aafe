"""What happens around the pipeline: experiments, deployment, monitoring."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .common import Cron, Duration, EnvName, Gates, Model, Name


class Range(Model):
    """Evenly spaced values from `start` to `stop`, both included where a step falls on them."""

    start: float | int
    stop: float | int
    step: Annotated[float | int, Field(gt=0)]


class Random(Model):
    """Values drawn at random."""

    low: float | int
    high: float | int
    log: bool | None = Field(None, description="Draw evenly on the logarithmic scale.")
    count: Annotated[int, Field(gt=0)]
    seed: int


class Experiment(Model):
    """A set of runs with other parameters: every combination of the values in `set`."""

    set: dict[str, list[Any] | Range | Random]
    desc: str | None = None
    jobs: Annotated[int, Field(gt=0)] | None = Field(None, description="Runs at a time (default 1).")
    targets: list[str] | None = Field(None, description="Stages to run (default all).")


class Deployment(Model):
    """How a model gets into one environment."""

    model: str
    on: Literal["tag", "push", "manual"] = "tag"
    run: str = Field(description="The command that deploys; the model's file is there when it starts.")
    approve: bool | None = Field(None, description="Wait for a person's approval.")
    gates: Gates | None = None
    env: dict[EnvName, str | int | float | bool] | None = None
    url: str | None = Field(None, description="Where the deployed thing answers.")


class Monitor(Model):
    """A check of what runs in production."""

    schedule: Cron | None = None
    cmd: str | list[str] | None = None
    deps: list[str] | None = None
    outs: list[str] | None = None
    metrics: list[str] | None = None
    report: str | None = None
    params: list[str] | None = None
    gates: Gates | None = None
    on_breach: list[Literal["issue", "retrain"]] | None = None
    timeout: Duration | None = None
    desc: str | None = None


Experiments = dict[Name, Experiment]
Deployments = dict[Name, Deployment]
Monitors = dict[Name, Monitor]
