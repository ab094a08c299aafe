"""Environments: where the commands of stages run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .common import Model, Name, form

OneLine = Annotated[str, form(r"^[^\x00-\x20\x7f]+( +[^\x00-\x20\x7f]+)*$", "a command on one line")]
Word = Annotated[str, form(r"^[A-Za-z0-9_./][\w./:@+~-]*$", "a path or an image such as `ghcr.io/acme/sim@sha256:…`")]


class Environment(Model):
    """Where commands run: exactly one of `uv`, `venv`, `container` and `run`, and the options of that kind."""

    uv: Word | None = Field(None, description="A folder with pyproject.toml and uv.lock; commands run by `uv run`.")
    venv: Word | None = Field(
        None, description="A requirements file; commands run in a virtual environment made from it."
    )
    container: Word | None = Field(
        None, description="A container image, by digest; commands run in it with the repository mounted."
    )
    run: OneLine | None = Field(
        None, description="A prefix of commands, such as `conda run -n sim --no-capture-output`."
    )
    with_: Literal["podman", "docker", "apptainer"] | None = Field(
        None,
        alias="with",
        description="With `container`: the program that runs it (default the first that is installed).",
    )
    network: bool | None = Field(None, description="With `container`: whether it has a network (default true).")
    shm: Annotated[str, form(r"^\d+[bkmg]?$", "an amount of memory such as `8g`")] | None = Field(
        None, description="With `container`: the size of /dev/shm, such as `8g`."
    )
    lock: Word | None = Field(
        None, description="With `run`: the file that locks the packages; stages in the environment depend on it."
    )
    setup: OneLine | None = Field(None, description="With `run`: the command of `make setup` that prepares it.")


Environments = dict[Name, Environment]
