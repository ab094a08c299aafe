"""Metadata stores other than DVC: the program that records runs, and the data about stages that it needs."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..model.project import Project, Script, Stage
from ..programs import program
from ..resolve.commands import SCRIPTS

TRACK = f"{SCRIPTS}/track.py"
IGNORED = {"mlflow": "/mlruns/\n/mlflow.db\n", "sacred": "/.sacred/\n"}
"""What each store writes on the local machine by default."""


def params(stages: Iterable[Stage]) -> dict[str, str]:
    """The current value, as text, of each parameter that commands use, by the name that `dvc exp run -S` takes."""
    return {
        part.name if part.file == "params.yaml" else f"{part.file}:{part.name}": part.value
        for stage in stages
        for command in stage.commands
        for part in command.parts
        if not isinstance(part, str)
    }


def scripts(project: Project) -> list[Script]:
    """The program and its data."""
    stages = {
        stage.name: {
            "upstream": list(project.dag.parents(stage.name)),
            "metrics": [out.path for out in stage.outs if out.kind == "metric"],
            "plots": [out.path for out in stage.outs if out.kind == "plot"],
        }
        for stage in project
    }
    known = {"project": project.name, "params": params(project), "stages": stages}
    return [program("track.py"), Script(f"{SCRIPTS}/stages.json", json.dumps(known, indent=1) + "\n")]
