"""The components a team uses, where they differ from the reference stack."""

from __future__ import annotations

from pydantic import Field

from .common import Model
from .words import StackParts


class Stack(StackParts, Model):
    """Which tool stands for which component. What is left out is the reference stack's."""

    registry: str | dict[str, str] | None = Field(
        None, description="URL of the DVC remote for data and models, or one by environment."
    )
    ci: str | list[str] | None = Field(None, description="CI services (default `github`).")
    orchestrator: str | list[str] | None = Field(None, description="What runs the pipeline (default `dvc` and `make`).")
    metadata: str | list[str] | None = Field(None, description="Metadata store (default `dvc`).")
    test: str | None = Field(None, description="The command that tests the code (default pytest, if there are tests).")
    source: str | None = Field(None, description="Source control (`git`).")
    build: str | None = Field(None, description="Build service (`make`).")
    deploy: str | None = Field(None, description="Deployment service (`dvc`, with Git).")
    features: str | None = Field(None, description="The features package, tracked as code of each stage that uses it.")
