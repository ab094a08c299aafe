"""The tools a team uses, as far as they differ from the defaults."""

from __future__ import annotations

from pydantic import Field

from .common import Model, listed
from .registry import Registry


class Stack(Model):
    """The tool for each component. Components that are left out use the default tool."""

    orchestrator: str | list[str] | None = Field(None, description="What runs the pipeline (default `dvc` and `make`).")
    ci: str | list[str] | None = Field(None, description="CI services (default `github`).")
    build: str | None = Field(None, description="Build service (default `make`).")
    registry: Registry | None = Field(
        None,
        description="The DVC remote for data and models: a URL, `{url: URL, ...}` with options of DVC, or such a value by "
        "environment; a path is relative to the root of the repository.",
    )
    metadata: str | list[str] | None = Field(None, description="Metadata store (default `dvc`).")
    test: str | None = Field(None, description="The command that tests the code (default pytest, if there are tests).")
    source: str | None = Field(None, description="Source control (`git`).")
    deploy: str | None = Field(None, description="Deployment service (`dvc`, with Git).")
    features: str | None = Field(
        None,
        description="The feature package, as a folder or import name: stages depend on the modules of it that they use.",
    )

    @property
    def orchestrators(self) -> list[str]:
        """What runs the pipeline."""
        return ["dvc", "make"] if self.orchestrator is None else listed(self.orchestrator)

    @property
    def ci_services(self) -> list[str]:
        """The CI services."""
        return ["github"] if self.ci is None else listed(self.ci)

    @property
    def targets(self) -> list[str]:
        """The targets to emit, in order and without duplicates."""
        build = ["make"] if self.build in (None, "make") else []
        return list(dict.fromkeys([*self.orchestrators, *build, *self.ci_services]))
