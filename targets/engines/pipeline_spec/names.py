"""Identifiers that a PipelineSpec accepts: of the pipeline, of tasks, and of parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ....compiler.emit.names import distinct
from ....compiler.model.project import Project
from ..names import Names
from ..parameters import carried
from .facts import MAX_NAME, SUBSTITUTED


def names(project: Project, reserved: Iterable[str] = ()) -> Names:
    """The identifiers; parameters get none of the ``reserved`` ones. ``train.lr`` becomes ``train_lr``."""
    params, _ = carried(project, passes)
    return Names(
        pipeline=_label(project.name),
        stages=distinct(project.stages, _label, MAX_NAME, mark="-"),
        params=distinct(params, _parameter, taken=reserved),
    )


def passes(name: str, value: str) -> bool:
    """Whether a parameter and its value reach a container unchanged."""
    return SUBSTITUTED.search(f"{name}={value}") is None


def _label(name: str) -> str:
    """A Kubernetes label that starts with a letter, as Argo requires, and does not end like a task of Kubeflow's own.

    Kubeflow adds a task NAME-driver to each task NAME. https://github.com/kubeflow/pipelines/blob/master/
    backend/src/v2/compiler/argocompiler/dag.go and
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower())[:MAX_NAME].strip("-")
    label = re.sub(r"-driver\Z", "-drive", label)
    return label if label[:1].isalpha() else f"p-{label}"[:MAX_NAME].strip("-")


def _parameter(name: str) -> str:
    identifier = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{identifier}" if identifier[:1].isdigit() else identifier
