"""When and where CI runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .common import Cron, Duration, EnvName, Model
from .stage import Resources


class Triggers(Model):
    """What starts the workflow."""

    push: list[str] | None = Field(None, description="Branches (default `main`).")
    pull_request: bool | None = Field(None, description="Run for pull requests (default true).")
    schedule: list[Cron] | None = Field(None, description="Cron lines, UTC.")
    manual: bool | None = Field(None, description="Can be started by hand (default true).")


class Runner(Resources):
    """What a machine of the CI service has. A number that is left out counts as enough, but for `gpu`, where it is 0."""

    labels: str | list[str] | None = Field(None, description="Its label or labels, where its name is not the label.")


class Ci(Model):
    """CI's settings, the same for every service."""

    on: Triggers | None = None
    runner: str | list[str] | None = Field(
        None, description="Label or labels of the machine (default the service's own)."
    )
    secrets: list[EnvName] | None = Field(
        None, description="Names of the secrets that the DVC remote and the commands need; never their values."
    )
    python: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")] | None = Field(None, description="Python version, quoted.")
    timeout: Duration | None = Field(None, description="Limit of one job.")
    fan_out: Literal["stage"] | None = Field(
        None, alias="fan-out", description="One job for each stage; results go through the DVC remote."
    )
    runners: dict[str, Runner] | None = Field(
        None,
        description="With `fan-out`, machines by label: a stage with `resources` runs on the smallest that has them.",
    )
