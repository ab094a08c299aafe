"""A stage: DVC's keys as DVC 3.67 takes them, and beside them what mlopsc adds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from .common import Duration, EnvName, Gates, Meta, Model

Kind = Literal["data", "train", "evaluate", "monitor"]
Infer = Literal["all", "none"] | list[Literal["code", "params", "deps", "outs"]]


class OutFlags(Model):
    """DVC's flags of one out."""

    cache: bool | None = Field(None, description="Whether DVC keeps the content (default true).")
    persist: bool | None = Field(None, description="Keep the path while the stage runs again.")
    remote: str | None = Field(None, description="The remote this path is pushed to.")
    push: bool | None = Field(None, description="Whether `dvc push` takes it (default true).")
    checkpoint: bool | None = Field(None, description="Accepted as DVC accepts it.")
    desc: str | None = None
    type: str | None = None
    labels: list[str] | None = None
    meta: Meta = None


class PlotFlags(OutFlags):
    """The flags of one plot of a stage."""

    template: str | None = None
    x: str | None = None
    y: str | None = None
    x_label: str | None = None
    y_label: str | None = None
    title: str | None = None
    header: bool | None = None


class Resources(Model):
    """What the stage asks of a machine, as Kubernetes writes it."""

    cpu: Annotated[float, Field(gt=0)] | Annotated[str, Field(pattern=r"^\d+(\.\d+)?m?$")] | None = Field(
        None, description="Cores: `4`, `0.5` or `500m`."
    )
    memory: Annotated[int, Field(gt=0)] | Annotated[str, Field(pattern=r"^\d+(\.\d+)?([KMGT]i?)?$")] | None = Field(
        None, description="Bytes, or with a suffix: `512Mi`, `8Gi`, `4G`."
    )
    gpu: Annotated[int, Field(ge=0)] | None = Field(None, description="Number of accelerators.")


class StageBody(Model):
    """What a stage may say, wherever it stands."""

    cmd: str | list[str] | None = Field(
        None, description="The command. With it the stage is DVC's, word for word; without it, conventions fill it."
    )
    wdir: str | None = Field(None, description="The directory the command runs in and paths are relative to.")
    deps: list[str] | None = Field(None, description="Paths, URLs or `ds://NAME` that the stage reads.")
    params: list[str | dict[str, list[str] | None]] | None = Field(
        None, description="Tracked parameters: keys of params.yaml, or `FILE: [KEYS]`, or `FILE:` for the whole file."
    )
    vars: list[str | dict[str, Any]] | None = Field(None, description="Template variables of this stage alone.")
    outs: list[str | dict[str, OutFlags]] | None = Field(None, description="Paths that the stage writes.")
    metrics: list[str | dict[str, OutFlags]] | None = Field(None, description="Metric files that it writes.")
    plots: list[str | dict[str, PlotFlags | list[PlotFlags]]] | None = Field(
        None, description="Plot files that it writes."
    )
    frozen: bool | None = Field(None, description="Never run it again.")
    always_changed: bool | None = Field(None, description="Run it every time.")
    desc: str | None = Field(None, description="One line for people; `make help` shows it.")
    meta: Meta = None

    args: str | list[str] | None = Field(
        None, description="Arguments behind the code file, or the word `paths`: data deps, outs, metrics and plots."
    )
    script: str | None = Field(None, description="A script of several lines, run as one by `bash -euo pipefail`.")
    env: dict[EnvName, str | int | float | bool] | None = Field(None, description="Environment of the command.")
    image: str | None = Field(None, description="Container image, where a platform runs containers.")
    resources: Resources | None = None
    timeout: Duration | None = None
    retries: Annotated[int, Field(ge=0, le=100)] | None = Field(None, description="Further tries after a failure.")
    gates: Gates | None = None
    kind: Kind | None = Field(None, description="What the stage does; its name tells, where this is left out.")
    infer: Infer | None = Field(None, description="Which of the conventions fill what is left out.")


class Stage(StageBody):
    """A stage, or with `matrix` one for each combination of values."""

    matrix: dict[str, str | list[Any]] | None = Field(None, description="Values by axis; gives `${item.AXIS}`.")


class Foreach(Model):
    """One stage for each item."""

    foreach: dict[Any, Any] | list[Any] | str = Field(description="A list, a mapping or `${...}`; gives `${item}`.")
    do: Stage = Field(description="The stage that is made for each item.")


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "<foreach>" if "foreach" in value or "do" in value else "<stage>"
    return "<foreach>" if isinstance(value, Foreach) else "<stage>"


AnyStage = Annotated[
    Annotated[Foreach, Tag("<foreach>")] | Annotated[Stage | None, Tag("<stage>")], Discriminator(_form)
]
