"""The `mlflow` target: an MLproject with an entry point for each stage, and a driver that nests their runs.

Facts: https://mlflow.org/docs/latest/ml/projects/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote
from typing import Any, ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.emit.names import distinct
from ...compiler.lower.metadata import IGNORED, TRACK, params, scripts
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Refused, Support
from ..engines import TASKS, unmet


class Mlflow:
    """MLflow Projects, 2 or newer."""

    name = "mlflow"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.FOREACH: Emulated("an entry point for each stage it makes"),
        Feature.MATRIX: Emulated("an entry point for each stage it makes"),
        Feature.TEMPLATES: Emulated("a parameter of the entry points for each that a command uses, passed to DVC"),
        Feature.WDIR: Emulated("paths are those from the root"),
        Feature.METRICS: Emulated("metrics and artifacts of the stage's run, from what DVC knows"),
        Feature.PLOTS: Emulated("artifacts of the stage's run"),
        Feature.SCRIPT: Emulated("an entry point; DVC runs the script"),
        Feature.STAGE_GATES: Emulated("an entry point for each gate, whose run fails where a bound is not met"),
        Feature.IMAGE: Refused("an MLproject has one environment for all entry points"),
        Feature.CPU: Refused("MLflow has no scheduler"),
        Feature.MEMORY: Refused("MLflow has no scheduler"),
        Feature.GPU: Refused("MLflow has no scheduler"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The MLproject, the driver with its data, and the worker script."""
        yield from unmet(project)
        yield yaml_file("MLproject", mlproject(project))
        for script in (script_file(), *scripts(project)):
            yield File(script.path, script.text)
        yield File(".gitignore", IGNORED["mlflow"], block=True)


def mlproject(project: Project) -> dict[str, Any]:
    """The project: `main` runs all stages, and every stage has an entry point of its name."""
    names = _names(project)
    sets = "".join(f" --set {quote(param)}={{{name}}}" for param, name in names.items())
    given = params(project)
    declared = {name: {"type": "string", "default": given[param]} for param, name in names.items()}

    def entry(*stages: str) -> dict[str, Any]:
        words = "".join(f" {quote(stage)}" for stage in stages)
        said: dict[str, Any] = {"parameters": declared} if declared else {}
        return {**said, "command": f"python {TRACK} mlflow run{words}{sets}"}

    mains = {"main" if "main" not in project.stages else "pipeline": entry()}
    return {"name": project.name, "entry_points": {**mains, **{stage.name: entry(stage.name) for stage in project}}}


def _names(project: Project) -> dict[str, str]:
    """A name that MLflow can put into a command for each parameter: ``train.lr`` becomes ``train_lr``."""
    return distinct(params(project), lambda name: re.sub(r"\W", "_", name, flags=re.ASCII))
