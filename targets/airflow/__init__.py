"""The `airflow` target: one DAG, a task for each stage, each of which runs the worker script.

Facts: https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ..engines import TASKS, schedules, unmet
from .dag import path, text


class Airflow:
    """Apache Airflow 2.9 or newer, and 3."""

    name = "airflow"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a parameter of the DAG for each that a command uses, passed to DVC"),
        Feature.DESC: Kept(),
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; `execution_timeout` leaves it time to fetch data"
        ),
        Feature.RETRIES: Kept(),
        Feature.IMAGE: Emulated("a KubernetesPodOperator in place of a BashOperator"),
        Feature.CPU: Emulated("slots of the default pool; the request of the pod where `image` is set"),
        Feature.MEMORY: Emulated(
            "the request of the pod where `image` is set; elsewhere only the task's notes tell it"
        ),
        Feature.GPU: Emulated("slots of a pool `gpu`; the limit of the pod where `image` is set"),
        Feature.MONITOR: Emulated("the DAG runs on the monitor's schedule"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The DAG and the worker script; a diagnostic where monitors ask for more than the one schedule of a DAG."""
        yield from unmet(project)
        asked = schedules(project)
        if len(set(asked.values())) > 1:
            name = next(iter(asked))
            yield Diagnostic(
                "MLC530",
                f"a DAG has one schedule: that of `{name}` is taken",
                At(("monitor",), key=True),
                help="give all monitors the same schedule, or leave the others to the CI",
                severity="warning",
            )
        yield File(path(project), text(project))
        script = script_file()
        yield File(script.path, script.text)
