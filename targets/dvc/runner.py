"""The runner: the program that brings the pipeline up to date as `dvc repro` does, and what its stages ask of a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ...compiler.model.project import Project
from ...compiler.model.resources import Resources
from ...compiler.model.target import File
from ...compiler.programs import program

MODULES = (
    "cosmetic",
    "display",
    "journal",
    "locks",
    "machine",
    "pipeline",
    "processes",
    "records",
    "report",
    "schedule",
    "session",
    "stages",
)
PROGRAMS = ("run.py", "meaning.py", *(f"runner/{module}.py" for module in MODULES))
"""What the runner consists of, below .mlops/scripts."""
SETTINGS = ".mlops/run.json"
COMPILED = "/.mlops/scripts/**/__pycache__/\n"
"""What Python keeps beside the modules that a program imports."""


def files(project: Project) -> Iterator[File]:
    """The program; the resources of stages that ask for some, and the code of stages that can tell its edits apart."""
    for name in PROGRAMS:
        script = program(name)
        yield File(script.path, script.text)
    yield File(".gitignore", COMPILED, block=True)
    asked = {name: _shared(stage.resources) for name, stage in project.stages.items()}
    resources = {name: amounts for name, amounts in asked.items() if amounts}
    code = {name: stage.code for name, stage in project.stages.items() if stage.code}
    if settings := {key: value for key, value in (("code", code), ("resources", resources)) if value}:
        yield File(SETTINGS, json.dumps(settings, indent=2, sort_keys=True) + "\n")


def _shared(resources: Resources) -> dict[str, float]:
    """What stages that run together share of a machine."""
    amounts = {"cpu": resources.cpu, "memory": resources.memory, "gpu": resources.gpu}
    stated = {name: amount for name, amount in amounts.items() if amount is not None}
    return stated if any(stated.values()) else {}
