"""The tools a team uses, as far as they differ from the defaults."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .common import Model, known, listed
from .registry import Registry

ENGINES = ("airflow", "kubeflow", "argo", "azureml", "mlflow", "sacred", "vertex", "sagemaker", "slurm")
CI_SERVICES = ("github", "gitlab")

Orchestrator = Annotated[str, known("dvc", "make", *ENGINES)]
CiService = Annotated[str, known(*CI_SERVICES)]
MetadataStore = Annotated[str, known("dvc", "mlflow", "sacred")]


class Stack(Model):
    """The tool for each component. Components that are left out use the default tool."""

    orchestrator: Orchestrator | list[Orchestrator] | None = Field(
        None, description="What runs the pipeline (default `dvc` and `make`)."
    )
    ci: CiService | list[CiService] | None = Field(None, description="CI services (default `github`).")
    build: Annotated[str, known("make", "include", "none")] | None = Field(
        None,
        description="Build service: `make` (default), `include` (targets beside those of your own Makefile), or `none`.",
    )
    registry: Registry | None = Field(
        None,
        description="The DVC remote for data and models: a URL, `{url: URL, ...}` with options of DVC, or such a value by "
        "environment; a path is relative to the root of the repository.",
    )
    metadata: MetadataStore | list[MetadataStore] | None = Field(None, description="Metadata store (default `dvc`).")
    test: str | None = Field(None, description="The command that tests the code (default pytest, if there are tests).")
    source: Annotated[str, known("git")] | None = Field(None, description="Source control (`git`).")
    deploy: Annotated[str, known("dvc")] | None = Field(None, description="Deployment service (`dvc`, with Git).")
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
        build = ["make"] if self.build in (None, "make", "include") else []
        return list(dict.fromkeys([*self.orchestrators, *build, *self.ci_services]))
