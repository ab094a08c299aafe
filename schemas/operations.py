"""What happens around the pipeline: experiments, deployment, monitoring."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .common import Cron, Duration, EnvName, Gates, Model, Name


class Range(Model):
    """Evenly spaced values from `start` to `stop`; `stop` is included if a step reaches it."""

    start: float | int = Field(description="First value.")
    stop: float | int = Field(description="Last value.")
    step: Annotated[float | int, Field(gt=0)] = Field(description="Distance between two values.")


class Random(Model):
    """Values drawn at random."""

    low: float | int = Field(description="Smallest value.")
    high: float | int = Field(description="Largest value.")
    log: bool | None = Field(None, description="Draw uniformly on a logarithmic scale.")
    count: Annotated[int, Field(gt=0)] = Field(description="Number of values.")
    seed: int = Field(description="Seed of the random generator; the same seed draws the same values.")


class Experiment(Model):
    """A set of runs with other parameters: every combination of the values in `set`."""

    set: dict[str, list[Any] | Range | Random] = Field(description="Values by parameter: a list, a range or draws.")
    desc: str | None = Field(None, description="One line of description.")
    jobs: Annotated[int, Field(gt=0)] | None = Field(None, description="Number of parallel runs (default 1).")
    targets: list[str] | None = Field(None, description="Stages to run (default all).")


class Deployment(Model):
    """How a model is deployed to one environment."""

    model: str = Field(description="Name of the model, defined under `models`.")
    on: Literal["tag", "push", "manual"] = Field("tag", description="What starts the deployment (default `tag`).")
    run: str = Field(description="The command that deploys; it finds the model's file in the repository.")
    approve: bool | None = Field(None, description="Wait for the approval of a person.")
    gates: Gates | None = Field(None, description="Bounds on metrics that must hold before the deployment.")
    env: dict[EnvName, str | int | float | bool] | None = Field(
        None, description="Environment variables of the command."
    )
    url: str | None = Field(None, description="URL of the deployed service.")


class Monitor(Model):
    """A check of the production system, run on a schedule."""

    schedule: Cron | None = Field(None, description="Cron line, in UTC.")
    cmd: str | list[str] | None = Field(
        None, description="The command; without it, the conventions fill it as for a stage."
    )
    deps: list[str] | None = Field(None, description="Paths that the monitor reads.")
    outs: list[str] | None = Field(None, description="Paths that the monitor writes.")
    metrics: list[str] | None = Field(None, description="Metric files (default `metrics/NAME.json`).")
    report: str | None = Field(None, description="Path of a report for people.")
    params: list[str] | None = Field(None, description="Tracked keys of params.yaml.")
    gates: Gates | None = Field(None, description="Bounds on metrics; a metric outside of them is a breach.")
    on_breach: list[Literal["issue", "retrain"]] | None = Field(
        None, description="Actions after a breach: open an issue, retrain."
    )
    timeout: Duration | None = Field(None, description="Time limit of the command.")
    environment: Name | None = Field(
        None, description="The environment that the command runs in, by name; `none` for no environment."
    )
    desc: str | None = Field(None, description="One line of description.")


class Notify(Model):
    """Who is told what."""

    on_failure: EnvName = Field(
        description="Name of the secret that holds the URL of a webhook, which is told that a run failed; never the URL itself."
    )


Experiments = dict[Name, Experiment]
Deployments = dict[Name, Deployment]
Monitors = dict[Name, Monitor]
