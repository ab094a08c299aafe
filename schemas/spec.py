"""The whole of mlops.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .assets import Artifacts, Datasets, DataSources, Models, Plots
from .ci import Ci
from .code import Code
from .common import Model, Name
from .operate import Deployments, Experiments, Monitors
from .stack import Stack
from .stage import AnyStage, Infer


class Spec(Model):
    """One `mlops.yaml`: DVC's top-level keys, and beside them mlopsc's own."""

    mlops: Literal[1] = Field(description="Version of the language.")
    project: Name | None = Field(
        None,
        description="Name of the project (default `pipeline`; never the directory's, which differs between clones).",
    )
    extends: str | list[str] | None = Field(
        None, description="Base specs, merged by key: a file of the repository, or `PACKAGE:FILE` of an installed one."
    )
    stack: Stack = Field(default_factory=lambda: Stack())
    code: Code = Field(default_factory=lambda: Code())
    infer: Infer | None = Field(None, description="Which conventions apply to every stage.")

    vars: list[str | dict[str, Any]] | None = Field(None, description="Template variables: files and values.")
    stages: dict[str, AnyStage] = Field(default_factory=dict)
    params: list[str] | None = None
    metrics: list[str] | None = None
    plots: Plots | None = None
    artifacts: Artifacts | None = None
    datasets: Datasets | None = None

    data: DataSources | None = None
    models: Models | None = None
    experiments: Experiments | None = None
    deploy: Deployments | None = None
    monitor: Monitors | None = None
    ci: Ci = Field(default_factory=lambda: Ci())
    accept: list[Annotated[str, Field(pattern=r"^MLC4\d\d$")]] | None = Field(
        None, description="Codes of checks (`MLC4..`) that only warn here: what an imported pipeline had wrong already."
    )
    patches: Annotated[
        dict[str, dict[str, Any]] | None, Field(description="RFC 7396 merge patches by emitted file.")
    ] = None


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of `mlops.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Spec.model_json_schema(by_alias=True),
        "title": "mlops.yaml",
    }
