"""The values of `dag.py.j2`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.model.project import Project, Stage
from ..engines import monitors, pods, worker
from ..engines.facts import GRACE
from ..engines.parameters import parameters
from ..engines.task import REVISION
from .facts import GPU_POOL, MAX_ID, START_TIMEOUT
from .names import identifier, names, secret


@dataclass(frozen=True, slots=True)
class Task:
    """One call of `stage` or `pod` in the DAG file. A pod has an image; any other task takes slots of a pool instead."""

    id: str
    stage: str
    parents: tuple[str, ...]
    image: str | None
    requests: Mapping[str, str]
    limits: Mapping[str, str]
    namespace: str | None
    start_timeout: int
    pod: Mapping[str, Any]
    pool: str | None
    slots: int | None
    retries: int
    timeout: int | None
    notes: str


def document(project: Project) -> dict[str, Any]:
    """The DAG, its parameters and its tasks; whether some tasks run in pods, and some as stages on Airflow's workers."""
    ids = names(project)
    tasks = [_task(project, stage, ids.stages[stage.name]) for stage in project]
    return {
        "project": project.name,
        "subfolder": project.folder,
        "dag_id": ids.pipeline,
        "schedule": project.schedule,
        "webhook": project.failure_webhook,
        "params": {name: _typed(text) for name, text in parameters(project).items()},
        "secret": secret(project),
        "start_timeout": START_TIMEOUT,
        "worker": worker.text(),
        "revision": f"set -- /dev/null; {REVISION}",
        "pods": any(stage.image for stage in project),
        "manifests": any(task.pod for task in tasks),
        "stages": any(not stage.image for stage in project),
        "tasks": tasks,
    }


def watched(project: Project) -> dict[str, Any]:
    """The DAGs of the monitors, each with one task."""
    watches = monitors.watches(project, "airflow")
    dags = distinct(
        [watch.monitor.name for watch in watches], lambda name: identifier(f"{project.name}_monitor_{name}"), MAX_ID
    )
    tasks = [_task(project, watch.stage, "monitor") for watch in watches]
    return {
        "project": project.name,
        "secret": secret(project),
        "subfolder": project.folder,
        "start_timeout": START_TIMEOUT,
        "webhook": project.failure_webhook,
        "bootstrap": monitors.BOOTSTRAP,
        "pods": any(task.image for task in tasks),
        "manifests": any(task.pod for task in tasks),
        "operators": any(not task.image for task in tasks),
        "watches": [(dags[watch.monitor.name], watch, task) for watch, task in zip(watches, tasks, strict=True)],
    }


def _typed(text: str) -> Any:
    """The bool, int or float that a parameter's text is, so that Airflow's form shows a field of that type."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text:
            return value
    return text


def _task(project: Project, stage: Stage, identifier: str) -> Task:
    cpu, memory, gpu = stage.resources.cpu, stage.resources.memory, stage.resources.gpu
    notes = [stage.desc] if stage.desc else []
    if memory and not stage.image:
        notes.append(f"Asks for {memory} bytes of memory.")
    slots = gpu or (ceil(cpu) if cpu and cpu > 1 else None)
    return Task(
        id=identifier,
        stage=stage.name,
        parents=tuple(project.dag.parents(stage.name)) if stage.name in project.stages else (),
        image=stage.image,
        requests=pods.requests(stage.resources) if stage.image else {},
        limits=pods.limits(stage.resources) if stage.image else {},
        namespace=stage.kubernetes.namespace if stage.image else None,
        start_timeout=stage.kubernetes.start_timeout or START_TIMEOUT,
        pod=pods.pod(stage, "base") if stage.image else {},
        pool=GPU_POOL if gpu and not stage.image else None,
        slots=None if stage.image else slots,
        retries=stage.retries,
        timeout=stage.timeout + GRACE if stage.timeout else None,
        notes="\n\n".join(notes),
    )
