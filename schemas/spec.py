"""The whole of mlops.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .assets import Artifacts, Datasets, DataSources, Models, Plots
from .ci import Ci
from .code import Code
from .common import Cron, Model, Name, Slurm, form
from .environment import Environments
from .kubernetes import Kubernetes
from .operations import Deployments, Experiments, Monitors, Notify
from .stack import Stack
from .stage import AnyStage, Infer, Rerun

DVC_SECTIONS = ("vars", "params", "metrics", "plots", "artifacts", "datasets")
"""The top-level keys, beside `stages`, that are DVC's and go into dvc.yaml."""


CheckCode = Annotated[str, form(r"^MLC4\d\d$", "the code of a check such as `MLC414`")]


class Spec(Model):
    """One `mlops.yaml`: the top-level keys of DVC and those of mlopsc."""

    mlops: Literal[1] = Field(description="Version of the language.")
    project: Name | None = Field(None, description="Name of the project (default `pipeline`).")
    extends: str | list[str] | None = Field(
        None,
        description="Base specs, merged by key: a file of the repository, or `PACKAGE:FILE` of an installed package.",
    )
    stack: Stack = Field(default_factory=Stack.model_construct, description="The tool for each component.")
    code: Code = Field(default_factory=Code.model_construct, description="Where code lives and what runs it.")
    rerun: Rerun | None = Field(
        None,
        description="Which edits of code run a stage again: those that change its `meaning` (default), or its `bytes`.",
    )
    infer: Infer | None = Field(None, description="The conventions that apply to every stage.")

    vars: list[str | dict[str, Any]] | None = Field(None, description="Template variables: files and values.")
    stages: dict[str, AnyStage] = Field(default_factory=dict, description="Stages by name.")
    params: list[str] | None = Field(None, description="Parameter files beside params.yaml.")
    metrics: list[str] | None = Field(None, description="Metric files that belong to no stage.")
    plots: Plots | None = Field(None, description="Plots across stages.")
    artifacts: Artifacts | None = Field(None, description="Named paths.")
    datasets: Datasets | None = Field(
        None, description="Versioned sources outside the repository, as DVC defines them."
    )

    environments: Environments | None = Field(None, description="Environments of stages by name.")
    environment: Name | None = Field(None, description="The environment of stages and monitors that name none.")

    data: DataSources | None = Field(None, description="External sources of data by name.")
    models: Models | None = Field(None, description="Models of the registry by name.")
    experiments: Experiments | None = Field(None, description="Sets of runs with other parameters by name.")
    deploy: Deployments | None = Field(None, description="Deployments by environment.")
    monitor: Monitors | None = Field(None, description="Monitors by name.")
    schedule: Cron | None = Field(
        None,
        description="When the pipeline runs by itself, on CI and on engines that have a clock: a cron line, in UTC.",
    )
    notify: Notify | None = Field(None, description="The webhook that is told of failures.")
    kubernetes: Kubernetes | None = Field(None, description="Settings of pods, where Kubernetes runs stages.")
    slurm: Slurm | None = Field(
        None, description="Options of `sbatch` for all jobs, such as `account: ml`; false or null leaves one out."
    )
    ci: Ci = Field(default_factory=Ci.model_construct, description="Settings of CI.")
    accept: list[CheckCode | dict[CheckCode, list[str]]] | dict[CheckCode, list[str]] | None = Field(
        None,
        description="Checks (`MLC4..`) that are warnings here instead of errors: codes, or by code the places: `MLC411: [STAGE.DEP]`.",
    )
    patches: Annotated[
        dict[str, dict[str, Any]] | None,
        Field(
            description="What to merge into emitted files, by file: mappings by key (null removes one), lists by `name`, `Name` or `id`."
        ),
    ] = None
