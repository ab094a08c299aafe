"""The `airflow` target: one DAG, a task for each stage, each of which runs the worker script.

Facts: https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.python import block, comment, literal
from ...compiler.emit.templates import render
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import HEADER, Emulated, Feature, File, Kept, Support
from ..engines import monitors, worker
from ..engines.problems import problems
from ..engines.support import CONTAINER_OPTIONS, IN_PODS, TASKS, WATCHED
from .document import document, watched
from .names import names

_FILTERS = {"block": block, "comment": comment, "literal": literal}


class Airflow:
    """Apache Airflow 2.9 or newer, and 3."""

    name = "airflow"
    support: ClassVar[Support] = {
        **TASKS,
        **CONTAINER_OPTIONS,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a DAG parameter for each one that a command uses, passed to DVC"),
        Feature.DESC: Kept(),
        Feature.SCHEDULE: Kept(),
        Feature.MONITOR: Emulated(WATCHED.format("a DAG of its own")),
        Feature.NOTIFY: Emulated("`on_failure_callback` of the DAG; the URL is in the environment of Airflow"),
        Feature.TIMEOUT: Emulated(
            "the command itself times out; `execution_timeout` is an hour longer, to fetch and push data"
        ),
        Feature.RETRIES: Kept(),
        Feature.IMAGE: Emulated("a KubernetesPodOperator instead of a BashOperator"),
        Feature.CONTAINER: Emulated("a KubernetesPodOperator instead of a BashOperator"),
        Feature.CPU: Emulated("slots of the default pool; with `image`, the pod's request"),
        Feature.MEMORY: Emulated("with `image`, the pod's request; otherwise a line in the task's notes"),
        Feature.GPU: Emulated("slots of the pool `gpu`; with `image`, the pod's limit"),
        **{feature: Emulated(f"with `image`: {support.how}") for feature, support in IN_PODS.items()},
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The DAG file, that of the monitors, and the scripts of their tasks."""
        yield from problems(project, "Airflow")
        text = render(__package__, "dag.py.j2", _FILTERS, header=HEADER, **document(project))
        yield File(f"dags/{names(project).pipeline}.py", text)
        yield worker.file()
        if monitors.watches(project, self.name):
            text = render(__package__, "monitors.py.j2", _FILTERS, header=HEADER, **watched(project))
            yield File(f"dags/{names(project).pipeline}_monitors.py", text)
            yield from monitors.files(project, self.name)
