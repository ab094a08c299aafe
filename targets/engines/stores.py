"""Metadata stores other than DVC: the program that records runs in MLflow or Sacred, and its data about the stages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ...compiler.model.project import Project
from ...compiler.model.target import File
from ...compiler.programs import FOLDER, program
from .parameters import parameters

TRACK = f"{FOLDER}/track.py"
IGNORED = {"mlflow": "/mlruns/\n/mlflow.db\n", "sacred": "/.sacred/\n"}
"""Where each store writes on this machine by default."""


def files(project: Project) -> Iterator[File]:
    """The program and its data."""
    track = program("track.py")
    yield File(track.path, track.text)
    yield File(f"{FOLDER}/stages.json", json.dumps(_stages(project), indent=1) + "\n")


def _stages(project: Project) -> dict[str, object]:
    stages = {
        stage.name: {
            "upstream": list(project.dag.parents(stage.name)),
            "metrics": [out.path for out in stage.outs if out.kind == "metric"],
            "plots": [out.path for out in stage.outs if out.kind == "plot"],
        }
        for stage in project
    }
    return {"project": project.name, "params": parameters(project), "stages": stages}
