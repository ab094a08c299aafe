"""What Kubeflow cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ..engines import problems as engines
from ..engines.pipeline_spec import problems as pipeline_spec
from ..engines.problems import NOT_OFFERED


def problems(project: Project) -> Iterator[Diagnostic]:
    """What concerns every engine, and every PipelineSpec."""
    yield from engines.problems(project, "Kubeflow")
    yield from engines.prefixes(project, "Kubeflow")
    yield from pipeline_spec.problems(project)
    yield from dict.fromkeys(_kubernetes(project))


def _kubernetes(project: Project) -> Iterator[Diagnostic]:
    """MLC517, for what belongs to a run in Kubeflow and not to a task, and for whole secrets in the environment."""
    hints = {
        "namespace": "start the run in that namespace",
        "service_account": "name it when you start the run: `kfp run create --service-account`",
        "start_timeout": "a pod waits until there is a node for it",
        "env_from": "keys that `ci.secrets` names come from the secret with the project's name",
    }
    for entry, stage in {stage.entry: stage for stage in project}.items():
        for key, note in hints.items():
            if getattr(stage.kubernetes, key):
                common = getattr(stage.kubernetes, key) == getattr(project.kubernetes, key)
                place = ("kubernetes", key) if common else ("stages", entry, "kubernetes", key)
                diagnostic = NOT_OFFERED.at(*place, platform="Kubeflow", what=f"`{key}` for the pod of a task")
                yield replace(diagnostic, note=note)
