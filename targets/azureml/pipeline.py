"""The pipeline job and its schedules, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.lower.worker import WORKER
from ...compiler.model.project import Project, Stage
from ..engines import CREDENTIALS, GRACE, IMAGE, REVISION, image, lines, schedules, setup
from .escape import kept, word
from .machines import size

SCHEMA = "https://azuremlschemas.azureedge.net/latest/{}.schema.json"

MAX_NAME = 128
"""Characters of a name, short of the 255 that AzureML takes, as inputs are named after jobs:
https://learn.microsoft.com/azure/machine-learning/reference-yaml-component-command#yaml-syntax"""

OWN = ("revision",)
"""Jobs that are not stages."""

NONE = "none"
"""What an input holds that nobody gave: the service refuses an empty one, Azure/azure-sdk-for-python issue 41834."""

INPUTS = {"repository": NONE, "revision": "main", "set": NONE}
"""Inputs of the pipeline that are not the project's. ``repository`` has to be given."""

_FOLDER = {"type": "uri_folder"}
_MISSING = (
    f'[ "$MLOPS_REPO" != {NONE} ] || {{ echo "which repository? --set inputs.repository=https://..." >&2; exit 2; }}\n'
)


def name_of(project: Project) -> str:
    """The name of the experiment, and of the file."""
    return _name(project.name).strip("_") or "pipeline"


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:MAX_NAME]


def _identifier(text: str) -> str:
    """What the SDK takes for a job's name: ``is_valid_node_name`` of azure-ai-ml, and for an input's."""
    made = re.sub(r"[^a-z0-9_]+", "_", text.lower())
    return made if not made[:1].isdigit() else f"_{made}"


def schedule_names(project: Project) -> dict[str, str]:
    """A name for the schedule of each monitor that has one."""
    return distinct(schedules(project), lambda monitor: _name(f"{name_of(project)}-{monitor}"), MAX_NAME)


def schedule(project: Project, monitor: str, name: str) -> dict[str, Any]:
    """The schedule on which a monitor is to run, for the pipeline beside it."""
    return {
        "$schema": SCHEMA.format("schedule"),
        "name": name,
        "trigger": {"type": "cron", "expression": schedules(project)[monitor], "time_zone": "UTC"},
        "create_job": f"./{name_of(project)}.yml",
    }


def pipeline(project: Project, given: Mapping[str, str]) -> dict[str, Any]:
    """The pipeline job, with ``given`` as inputs and their defaults."""
    called = distinct(given, _identifier, MAX_NAME, taken=(*INPUTS, "commit"))
    names = distinct(project.stages, _identifier, MAX_NAME, taken=OWN)
    return {
        "$schema": SCHEMA.format("pipelineJob"),
        "type": "pipeline",
        "display_name": project.name,
        "experiment_name": name_of(project),
        "settings": {
            "default_compute": "azureml:serverless",
            "continue_on_step_failure": True,
            "force_rerun": True,  # DVC knows what is done
        },
        "inputs": {**INPUTS, **{called[name]: value for name, value in given.items()}},
        "jobs": {
            "revision": _revision(project),
            **{names[stage.name]: _job(project, stage, names, called, given) for stage in project},
        },
    }


def _revision(project: Project) -> dict[str, Any]:
    """The first job: one commit for all others, whatever is pushed meanwhile."""
    first = next(iter(project), None)
    command = (
        f"{kept('MLOPS_REPO', _input('repository'))}{_MISSING}{kept('REVISION', _input('revision'))}"
        f'set -- "${{{{outputs.commit}}}}/commit"\n{REVISION}'
    )
    return {
        "type": "command",
        "display_name": "revision",
        "command": command,
        "environment": {"image": image(first) if first else IMAGE},
        "environment_variables": dict(CREDENTIALS),
        "inputs": {name: _parent(name) for name in ("repository", "revision")},
        "outputs": {"commit": _FOLDER},
    }


def _job(
    project: Project, stage: Stage, names: Mapping[str, str], called: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, Any]:
    script = WORKER.rpartition("/")
    command = (
        kept("MLOPS_REPO", _input("repository"))
        + kept("MLOPS_SET", lines({name: _input(called[name]) for name in given}) + _input("set"))
        + kept("MLOPS_DEFAULTS", f"{lines(given)}{NONE}")
        + 'MLOPS_REV=$(cat "${{inputs.commit}}/commit")\nMLOPS_OUTPUT="${{outputs.report}}"\n'
        + "export MLOPS_REPO MLOPS_SET MLOPS_DEFAULTS MLOPS_REV MLOPS_OUTPUT\n"
        + f"exec sh {script[2]} {word(stage.name)}"
    )
    installed = setup(project, stage)
    machine = size(stage.resources) if stage.resources else None
    after = distinct(project.dag.parents(stage.name), lambda name: f"after_{names[name]}", taken=called.values())
    said: dict[str, Any] = {
        "type": "command",
        "display_name": stage.name,
        "description": stage.desc or None,
        "code": f"../{script[0]}",
        "command": command,
        "environment": {"image": image(stage)},
        "environment_variables": {"MLOPS_SETUP": installed} if installed else None,
        "resources": {"instance_type": machine, "instance_count": 1} if machine else None,
        "limits": {"timeout": stage.timeout + GRACE} if stage.timeout else None,
        "inputs": {
            **{name: _parent(name) for name in ("repository", "set", *called.values())},
            "commit": {**_FOLDER, "path": "${{parent.jobs.revision.outputs.commit}}"},
            **{
                after[name]: {**_FOLDER, "path": f"${{{{parent.jobs.{names[name]}.outputs.report}}}}", "mode": "direct"}
                for name in project.dag.parents(stage.name)
            },
        },
        "outputs": {"report": _FOLDER},
    }
    return {key: value for key, value in said.items() if value is not None}


def _input(name: str) -> str:
    return f"${{{{inputs.{name}}}}}"


def _parent(name: str) -> str:
    return f"${{{{parent.inputs.{name}}}}}"
