"""What Vertex AI cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project, Stage
from ..engines import problems as engines
from ..engines.pipeline_spec import problems as pipeline_spec
from ..engines.problems import NOT_OFFERED
from .facts import ACCELERATOR, COUNTS, MACHINES, MAX_CPU, MAX_MEMORY
from .machines import accelerator, count

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
    yield from dict.fromkeys(_sizes(project))  # stages of one entry share its problems


def _sizes(project: Project) -> Iterator[Diagnostic]:
    for stage in project:
        yield from _machine(stage)
        if (stage.resources.cpu or 0) > MAX_CPU or (stage.resources.memory or 0) > MAX_MEMORY:
            yield TOO_LARGE.on(stage.at, cpu=MAX_CPU, memory=MAX_MEMORY // 10**9)


def _machine(stage: Stage) -> Iterator[Diagnostic]:
    """MLC517."""
    asked, place = stage.resources, (*stage.at.path, "resources")
    name = asked.instances.get("vertex")
    if name is not None:
        if name not in MACHINES:
            note = "the machine is chosen by `cpu`, `memory` and `gpu` instead; known are " + ", ".join(MACHINES)
            what = f"the machine type `{name}`"
            yield replace(NOT_OFFERED.at(*place, "instance", "vertex", platform="Vertex AI", what=what), note=note)
        return
    kind = accelerator(asked)
    if asked.gpu and kind is None:
        what = f"GPUs of type `{asked.gpu_type}`"
        note = f"the task gets {ACCELERATOR}; known are " + ", ".join(COUNTS)
        yield replace(NOT_OFFERED.at(*place, "gpu_type", platform="Vertex AI", what=what), note=note)
    elif asked.gpu and count(asked) != asked.gpu:
        what = f"{asked.gpu} GPUs of type {kind} in one machine"
        counts = ", ".join(map(str, COUNTS[kind or ACCELERATOR]))
        note = f"the task gets {count(asked)}; there are machines with {counts}"
        yield replace(NOT_OFFERED.at(*place, "gpu", platform="Vertex AI", what=what), note=note)
