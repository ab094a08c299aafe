"""What a project declares beside its stages: plots, artifacts, datasets, external data, models."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from .common import Meta, Model, Name


class Plot(Model):
    """A plot across stages, drawn by `dvc plots`."""

    x: str | dict[str, str] | None = Field(None, description="The field of the x axis, or the field by file.")
    y: str | list[str] | dict[str, str | list[str]] | None = Field(
        None, description="The field or fields of the y axis, or the fields by file."
    )
    x_label: str | None = Field(None, description="Label of the x axis.")
    y_label: str | None = Field(None, description="Label of the y axis.")
    title: str | None = Field(None, description="Title of the plot.")
    template: str | None = Field(None, description="Plot template of DVC.")


class Artifact(Model):
    """A named path, listed by `dvc artifacts` and by the model registry."""

    path: str = Field(description="Path of the file or directory.")
    type: str | None = Field(None, description="Type of the artifact, such as `model`.")
    desc: str | None = Field(None, description="One line of description.")
    labels: list[str] | None = Field(None, description="Labels of the artifact.")
    meta: Meta = None


class Dataset(Model):
    """A versioned source outside the repository, as DVC defines it; other keys of DVC are passed on."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="Name of the dataset; a dep refers to it as `ds://NAME`.")
    type: Literal["dvc", "dc", "url"] | str = Field(description="Kind of source: `dvc`, `dc` or `url`.")
    url: str | None = Field(None, description="URL of the source.")
    path: str | None = Field(None, description="Path inside the source.")
    rev: str | None = Field(None, description="Revision of the source.")


class Data(Model):
    """An external source of data that DVC versions."""

    url: str = Field(description="A URL (http(s), s3, gs, azure, ssh), or the Git URL of another DVC repository.")
    path: str | None = Field(None, description="Path of the data in this repository (default `data/raw/NAME`).")
    rev: str | None = Field(None, description="Revision, if the source is a DVC repository.")
    file: str | None = Field(None, description="Path inside the other DVC repository.")
    check: str | None = Field(None, description="A command that fails if the data are invalid.")
    schema_: str | None = Field(
        None, alias="schema", description="A Table Schema (with `fields`) or JSON Schema that validates the data."
    )
    desc: str | None = Field(None, description="One line of description.")


class ModelEntry(Model):
    """A model of the registry."""

    path: str = Field(description="Path of the model.")
    from_: str | None = Field(None, alias="from", description="The stage that writes the model.")
    desc: str | None = Field(None, description="One line of description.")
    type: str | None = Field(None, description="Type of the artifact, such as `model`.")
    labels: list[str] | None = Field(None, description="Labels of the model.")
    meta: Meta = None


Plots = list[str | dict[str, Plot | None]]
Artifacts = dict[str, Artifact]
Datasets = list[Dataset]
DataSources = dict[Name, Data]
Models = dict[Name, ModelEntry]
