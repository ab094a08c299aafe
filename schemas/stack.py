"""The components a team uses, where they differ from the reference stack."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .common import Model, Name
from .words import StackParts

Url = Annotated[str, Field(pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$")]
"""A place that one line of a configuration can hold."""


class Stack(StackParts, Model):
    """Which tool stands for which component. What is left out is the reference stack's."""

    registry: Url | dict[Name, Url] | None = Field(
        None, description="URL of the DVC remote for data and models, or one by environment; a path is seen from here."
    )
    ci: str | list[str] | None = Field(None, description="CI services (default `github`).")
    orchestrator: str | list[str] | None = Field(None, description="What runs the pipeline (default `dvc` and `make`).")
    metadata: str | list[str] | None = Field(None, description="Metadata store (default `dvc`).")
    test: str | None = Field(None, description="The command that tests the code (default pytest, if there are tests).")
    source: str | None = Field(None, description="Source control (`git`).")
    build: str | None = Field(None, description="Build service (`make`).")
    deploy: str | None = Field(None, description="Deployment service (`dvc`, with Git).")
    features: str | None = Field(
        None,
        description="The package of features, a folder or its import name: its modules are deps of what uses them.",
    )
