"""When and where CI runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .common import Cron, Duration, EnvName, Model, form
from .oidc import Oidc
from .resources import MachineResources


class Triggers(Model):
    """What starts the workflow."""

    push: list[str] | None = Field(None, description="Branches whose pushes start it (default `main`).")
    pull_request: bool | None = Field(None, description="Run for pull requests (default true).")
    schedule: list[Cron] | None = Field(None, description="Cron lines, in UTC.")
    manual: bool | None = Field(None, description="Allow manual runs (default true).")
    paths: Literal["auto"] | list[str] | None = Field(
        None,
        description="Start it only if one of these files changes: patterns from the root of the Git repository, or `auto` for the "
        "files of the project and what its stages reach outside of its folder (default `auto` for a project in a folder).",
    )


class Runner(MachineResources):
    """The resources of a CI machine. A value that is left out means enough, except `gpu`, where it means none."""

    labels: str | list[str] | None = Field(
        None, description="The label or labels of the machine (default its name under `runners`)."
    )


class Ci(Model):
    """Settings of CI, the same for every service."""

    on: Triggers | None = Field(None, description="What starts the workflow.")
    root: Literal["git", "project"] | None = Field(
        None,
        description="Where the files of CI are written: at the root of the Git repository (`git`, the default), or in the folder of "
        "the project, as if it was a repository of its own (`project`), such as an example.",
    )
    runner: str | list[str] | None = Field(
        None, description="Label or labels of the machine (default that of the service)."
    )
    secrets: list[EnvName] | None = Field(
        None, description="Names of the secrets that the DVC remote and the commands need; never their values."
    )
    oidc: Oidc | None = Field(
        None, description="Clouds that jobs sign in to with a token of the CI service, instead of keys among `secrets`."
    )
    image: str | None = Field(
        None, description="Container image of the jobs that run code of the project; it has bash, Git and tar."
    )
    cache: bool | list[str] | None = Field(
        None,
        description="Further paths to keep between runs, or `false` for no cache (default packages and DVC's cache).",
    )
    python: Annotated[str, form(r"^\d+(\.\d+)*$", 'a version in quotes such as "3.11"')] | None = Field(
        None, description='Python version, in quotes: "3.11".'
    )
    timeout: Duration | None = Field(None, description="Time limit of a job.")
    lock: Literal["check", "commit", "propose"] | None = Field(
        None,
        description="What CI does with a dvc.lock that its run has changed: `check` says so (the default), `commit` pushes it to "
        "the default branch, `propose` opens a pull request.",
    )
    token: EnvName | None = Field(
        None, description="Name of the secret with the token that `lock` pushes with (default: that of the service)."
    )
    fan_out: Literal["stage"] | None = Field(
        None, alias="fan-out", description="`stage`: one job for each stage; results pass through the DVC remote."
    )
    runners: dict[str, Runner] | None = Field(
        None,
        description="With `fan-out`, machines by name: a stage with `resources` runs on the smallest that has them.",
    )
