"""A stage: the keys of DVC, as DVC 3.67 accepts them, and those of mlopsc."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from .common import Duration, EnvName, Gates, Meta, Model, Name, Slurm
from .kubernetes import Kubernetes
from .resources import Resources

Kind = Literal["data", "train", "evaluate", "monitor"]
Rerun = Literal["meaning", "bytes"]
Infer = Literal["all", "none"] | list[Literal["code", "packages", "params", "deps", "outs"]]


class OutFlags(Model):
    """DVC's flags of one out."""

    cache: bool | None = Field(None, description="Store the content in DVC's cache (default true).")
    persist: bool | None = Field(None, description="Keep the previous content when the stage runs.")
    remote: str | None = Field(None, description="The remote to push this path to.")
    push: bool | None = Field(None, description="Include the path in `dvc push` (default true).")
    checkpoint: bool | None = Field(None, description="Accepted for compatibility with DVC; it has no effect.")
    desc: str | None = Field(None, description="One line of description.")
    type: str | None = Field(None, description="Type of the out, such as `model`.")
    labels: list[str] | None = Field(None, description="Labels of the out.")
    meta: Meta = None


class PlotFlags(OutFlags):
    """The flags of one plot of a stage."""

    template: str | None = Field(None, description="Plot template of DVC.")
    x: str | None = Field(None, description="The field of the x axis.")
    y: str | None = Field(None, description="The field of the y axis.")
    x_label: str | None = Field(None, description="Label of the x axis.")
    y_label: str | None = Field(None, description="Label of the y axis.")
    title: str | None = Field(None, description="Title of the plot.")
    header: bool | None = Field(None, description="Whether a CSV or TSV file has a header line (default true).")


class StageBody(Model):
    """The keys of a stage, at the top level of `stages` and under `do`."""

    cmd: str | list[str] | None = Field(
        None,
        description="The command. A stage with `cmd` is passed to DVC unchanged; without it, the conventions fill the stage.",
    )
    wdir: str | None = Field(
        None, description="The directory in which the command runs, and to which paths are relative."
    )
    deps: list[str] | None = Field(None, description="Paths, URLs or `ds://NAME` that the stage reads.")
    params: list[str | dict[str, list[str] | None]] | None = Field(
        None, description="Tracked parameters: keys of params.yaml, or `FILE: [KEYS]`, or `FILE:` for the whole file."
    )
    vars: list[str | dict[str, Any]] | None = Field(None, description="Template variables of this stage.")
    outs: list[str | dict[str, OutFlags]] | None = Field(None, description="Paths that the stage writes.")
    metrics: list[str | dict[str, OutFlags]] | None = Field(None, description="Metric files that the stage writes.")
    plots: list[str | dict[str, PlotFlags | list[PlotFlags]]] | None = Field(
        None, description="Plot files that the stage writes."
    )
    frozen: bool | None = Field(None, description="Never run the stage again.")
    always_changed: bool | None = Field(None, description="Run the stage every time.")
    desc: str | None = Field(None, description="One line of description, shown by `make help`.")
    meta: Meta = None

    args: str | list[str] | None = Field(
        None, description="Arguments of the code file, or `paths` for data deps, outs, metrics and plots."
    )
    script: str | None = Field(None, description="A script of several lines, run by `bash -euo pipefail`.")
    env: dict[EnvName, str | int | float | bool] | None = Field(
        None, description="Environment variables of the command."
    )
    environment: Name | None = Field(
        None, description="The environment that the command runs in, by name; `none` for no environment."
    )
    image: str | None = Field(
        None, description="The container image that the stage runs in; short for an environment of kind `container`."
    )
    resources: Resources | None = Field(None, description="The resources that the stage requests.")
    kubernetes: Kubernetes | None = Field(None, description="Settings of its pod, where Kubernetes runs it.")
    timeout: Duration | None = Field(None, description="Time limit of the command.")
    retries: Annotated[int, Field(ge=0, le=100)] | None = Field(None, description="Number of retries after a failure.")
    gates: Gates | None = Field(
        None, description="Bounds on the metrics of the stage; the pipeline fails outside of them."
    )
    kind: Kind | None = Field(None, description="What the stage does (default by its name).")
    rerun: Rerun | None = Field(
        None,
        description="`bytes`: every edit of code runs the stage again, also one of comments or layout (default `meaning`).",
    )
    slurm: Slurm | None = Field(
        None,
        description="Options of `sbatch` for the jobs of the stage, such as `partition: gpu`, over those at the top.",
    )
    infer: Infer | None = Field(None, description="The conventions that fill in what is left out.")


class Stage(StageBody):
    """A stage; with `matrix`, one stage for each combination of values."""

    matrix: dict[str, str | list[Any]] | None = Field(None, description="Values by axis; gives `${item.AXIS}`.")


class Foreach(Model):
    """One stage for each item of a list or mapping."""

    foreach: dict[Any, Any] | list[Any] | str = Field(description="A list, a mapping or `${...}`; gives `${item}`.")
    do: Stage = Field(description="The definition of the stage for each item.")


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "<foreach>" if "foreach" in value or "do" in value else "<stage>"
    return "<foreach>" if isinstance(value, Foreach) else "<stage>"


AnyStage = Annotated[
    Annotated[Foreach, Tag("<foreach>")] | Annotated[Stage | None, Tag("<stage>")], Discriminator(_form)
]
