"""What a project names beside its stages: plots, artifacts, datasets, external data, models."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from .common import Meta, Model, Name


class Plot(Model):
    """A plot across stages, as `dvc plots` draws it."""

    x: str | dict[str, str] | None = None
    y: str | list[str] | dict[str, str | list[str]] | None = None
    x_label: str | None = None
    y_label: str | None = None
    title: str | None = None
    template: str | None = None


class Artifact(Model):
    """A path with a name, as `dvc artifacts` and the model registry know it."""

    path: str
    type: str | None = None
    desc: str | None = None
    labels: list[str] | None = None
    meta: Meta = None


class Dataset(Model):
    """A versioned source outside the repository, in DVC's words; what else DVC takes is passed on."""

    model_config = ConfigDict(extra="allow")

    name: str
    type: Literal["dvc", "dc", "url"] | str
    url: str | None = None
    path: str | None = None
    rev: str | None = None


class Data(Model):
    """An external source that DVC is to version."""

    url: str = Field(description="http(s), s3, gs, azure, ssh, or the Git URL of another DVC repository.")
    path: str | None = Field(None, description="Where it stands in this repository (default `data/raw/NAME`).")
    rev: str | None = Field(None, description="Revision, where the source is a DVC repository.")
    file: str | None = Field(None, description="Path inside the other DVC repository.")
    check: str | None = Field(None, description="A command that fails when the data are not as they should be.")
    schema_: str | None = Field(
        None, alias="schema", description="A Table Schema (it has `fields`) or JSON Schema that judges the data."
    )
    desc: str | None = None


class ModelEntry(Model):
    """A model of the registry."""

    path: str
    from_: str | None = Field(None, alias="from", description="The stage that makes it.")
    desc: str | None = None
    type: str | None = None
    labels: list[str] | None = None
    meta: Meta = None


Plots = list[str | dict[str, Plot | None]]
Artifacts = dict[str, Artifact]
Datasets = list[Dataset]
DataSources = dict[Name, Data]
Models = dict[Name, ModelEntry]
