"""The components a team uses, where they differ from the reference stack."""

from __future__ import annotations

from pydantic import Field

from .common import Model


def listed(value: str | list[str] | None) -> list[str]:
    """One name or several, as a list."""
    return [] if value is None else [value] if isinstance(value, str) else value


class Stack(Model):
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
        """The back ends to emit, in order, each once."""
        named = [*self.orchestrators, *(["make"] if self.build in (None, "make") else []), *self.ci_services]
        return list(dict.fromkeys(named))
