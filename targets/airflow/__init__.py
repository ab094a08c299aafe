"""The `airflow` target: one DAG, a task for each stage, each of which runs the worker script.

Facts: https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.diagnostic import Diagnostic
from ...compiler.graph import Project
from ...compiler.span import At
from ...compiler.target import Emulated, Feature, File, Kept, Refused, Support
from ...compiler.worker import script_file
from .dag import path, schedules, text

_BY_DVC = Refused("each task runs its stage by DVC, and dvc.yaml says it")
_ELSEWHERE = Refused("it is no part of the pipeline: make and the CI do it")


class Airflow:
    """Apache Airflow 2.9 or newer, and 3."""

    name = "airflow"
    support: ClassVar[Support] = {
        **dict.fromkeys(Feature, _BY_DVC),
        Feature.STAGES: Kept(),
        Feature.FOREACH: Emulated("a task for each stage it makes"),
        Feature.MATRIX: Emulated("a task for each stage it makes"),
        Feature.TEMPLATES: Emulated("a parameter of the DAG for each that a command uses, passed to DVC"),
        Feature.SCRIPT: Emulated("a task; DVC runs the script"),
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
        Feature.STAGE_GATES: Emulated("a task for each gate, which fails where a bound is not met"),
        Feature.MONITOR: Emulated("the DAG runs on the monitor's schedule"),
        Feature.MODELS: _ELSEWHERE,
        Feature.EXPERIMENTS: _ELSEWHERE,
        Feature.DEPLOY: _ELSEWHERE,
        Feature.CI_TRIGGERS: _ELSEWHERE,
        Feature.CI_RUNNER: _ELSEWHERE,
        Feature.CI_SECRETS: _ELSEWHERE,
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The DAG and the worker script; a diagnostic where monitors ask for more than the one schedule of a DAG."""
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
