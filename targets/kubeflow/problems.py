"""What Kubeflow cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ..engines import problems as engines
from ..engines.pipeline_spec import problems as pipeline_spec


def problems(project: Project) -> Iterator[Diagnostic]:
    """What concerns every engine, and every PipelineSpec."""
    yield from engines.problems(project, "Kubeflow")
    yield from engines.prefixes(project, "Kubeflow")
    yield from pipeline_spec.problems(project)
