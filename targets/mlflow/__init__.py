"""The `mlflow` target: an MLproject with an entry point for each stage, and a driver that nests their runs.

Facts: https://mlflow.org/docs/latest/ml/projects/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Refused, Support
from ..engines import stores, worker
from ..engines.problems import problems
from ..engines.support import TASKS
from .document import document

_NO_SCHEDULER = Refused("MLflow has no scheduler")


class Mlflow:
    """MLflow Projects, 2 or newer."""

    name = "mlflow"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.NOTIFY: Refused("MLflow runs where you see it fail"),
        Feature.FOREACH: Emulated("one entry point per expanded stage"),
        Feature.MATRIX: Emulated("one entry point per expanded stage"),
        Feature.TEMPLATES: Emulated("an entry point parameter for each one that a command uses, passed to DVC"),
        Feature.WDIR: Emulated("paths are relative to the repository root"),
        Feature.METRICS: Emulated("metrics and artifacts of the stage's run, from the files that DVC tracks"),
        Feature.PLOTS: Emulated("artifacts of the stage's run"),
        Feature.SCRIPT: Emulated("an entry point; DVC runs the script"),
        Feature.STAGE_GATES: Emulated("one entry point per gate; its run fails if a bound is not met"),
        Feature.CPU: _NO_SCHEDULER,
        Feature.MEMORY: _NO_SCHEDULER,
        Feature.GPU: _NO_SCHEDULER,
        **dict.fromkeys((Feature.GPU_TYPE, Feature.DISK, Feature.SHM, Feature.SPOT), _NO_SCHEDULER),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The MLproject, the worker script, the driver with its data, and what Git ignores."""
        yield from problems(project, "MLflow")
        yield yaml_file("MLproject", document(project))
        yield worker.file()
        yield from stores.files(project)
        yield File(".gitignore", stores.IGNORED["mlflow"], block=True)
