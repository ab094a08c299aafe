"""What Vertex AI cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project
from ..engines import problems as engines
from ..engines.pipeline_spec import problems as pipeline_spec
from .facts import MAX_CPU, MAX_MEMORY

TOO_LARGE = Code(
    "MLC533", "warning",
    "a task on Vertex AI has at most {cpu} processors and {memory} GB of memory",
    help="ask for less, or run this project on another engine",
)  # fmt: skip


def problems(project: Project) -> Iterator[Diagnostic]:
    """What concerns every engine and every PipelineSpec, and MLC533."""
    yield from engines.problems(project, "Vertex AI")
    yield from engines.prefixes(project, "Vertex AI")
    yield from pipeline_spec.problems(project)
    for stage in project:
        if (stage.resources.cpu or 0) > MAX_CPU or (stage.resources.memory or 0) > MAX_MEMORY:
            yield TOO_LARGE.on(stage.at, cpu=MAX_CPU, memory=MAX_MEMORY // 10**9)
