"""The pipeline job, as data. Its commands are the templates `revision.sh.j2` and `job.sh.j2`."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.emit.templates import Filter, render
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ..engines import worker
from ..engines.facts import GRACE, IMAGE
from ..engines.machines import smallest
from ..engines.names import Names
from ..engines.parameters import lines, parameters
from ..engines.task import CREDENTIALS, REVISION, image, variables
from .escape import variable, word
from .facts import MACHINES, NONE, SCHEMA
from .names import INPUTS, names

_FOLDER = {"type": "uri_folder"}


def document(project: Project) -> dict[str, Any]:
    """The pipeline: a first job for the commit, and a job for each stage."""
    identifiers = names(project)
    values = parameters(project)
    defaults = {param: values[param] for param in identifiers.params}
    jobs = {identifiers.stages[stage.name]: _job(project, stage, identifiers, defaults) for stage in project}
    return {
        "$schema": SCHEMA,
        "type": "pipeline",
        "display_name": project.name,
        "experiment_name": identifiers.pipeline,
        "settings": {
            "default_compute": "azureml:serverless",
            "continue_on_step_failure": True,
            "force_rerun": True,  # DVC's run cache decides what to run again
        },
        "inputs": {**INPUTS, **{name: defaults[param] for param, name in identifiers.params.items()}},
        "jobs": {"revision": _revision(project), **jobs},
    }


def _revision(project: Project) -> dict[str, Any]:
    """The first job: one commit for all others, even if somebody pushes while they run."""
    first = next(iter(project), None)
    return {
        "type": "command",
        "display_name": "revision",
        "command": _command("revision.sh.j2", revision=REVISION, unset=NONE),
        "environment": {"image": image(first) if first else IMAGE},
        "environment_variables": dict(CREDENTIALS),
        "inputs": {name: _parent(name) for name in ("repository", "revision")},
        "outputs": {"commit": _FOLDER},
    }


def _job(project: Project, stage: Stage, identifiers: Names, defaults: Mapping[str, str]) -> dict[str, Any]:
    folder, script = posixpath.split(worker.PATH)
    command = _command(
        "job.sh.j2",
        settings=lines({param: _input(name) for param, name in identifiers.params.items()}) + _input("set"),
        defaults=f"{lines(defaults)}{NONE}",
        script=script,
        subfolder=project.folder,
        stage=stage.name,
    )
    job: dict[str, Any] = {
        "type": "command",
        "display_name": stage.name,
        "description": stage.desc or None,
        "code": f"../{folder}",
        "command": command,
        "environment": {"image": image(stage)},
        "environment_variables": variables(project, stage),
        "resources": _resources(stage.resources),
        "queue_settings": {"job_tier": "spot"} if stage.resources.spot else None,
        "limits": {"timeout": stage.timeout + GRACE} if stage.timeout else None,
        "inputs": {
            **{name: _parent(name) for name in ("repository", "set", *identifiers.params.values())},
            "commit": {**_FOLDER, "path": "${{parent.jobs.revision.outputs.commit}}"},
            **_reports(project, stage, identifiers),
        },
        "outputs": {"report": _FOLDER},
    }
    return {key: value for key, value in job.items() if value is not None}


def _resources(asked: Resources) -> dict[str, Any] | None:
    """https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-command: `shm_size` is a number and its unit."""
    machine = asked.instances.get("azureml") or (smallest(MACHINES, asked) if asked else None)
    resources: dict[str, Any] = {"instance_type": machine, "instance_count": 1} if machine else {}
    if asked.shm:
        resources["shm_size"] = f"{max(1, asked.shm >> 20)}m"
    return resources or None


def _reports(project: Project, stage: Stage, identifiers: Names) -> dict[str, dict[str, str]]:
    """The reports of the parents, as inputs that order the jobs and are not downloaded."""
    parents = project.dag.parents(stage.name)
    jobs = identifiers.stages
    inputs = distinct(parents, lambda parent: f"after_{jobs[parent]}", taken=identifiers.params.values())
    return {
        inputs[parent]: {**_FOLDER, "path": f"${{{{parent.jobs.{jobs[parent]}.outputs.report}}}}", "mode": "direct"}
        for parent in parents
    }


def _command(template: str, **values: str) -> str:
    filters: dict[str, Filter] = {"input": _input, "variable": variable, "word": word}
    return render(__package__, template, filters, **values).rstrip("\n")


def _input(name: str) -> str:
    return f"${{{{inputs.{name}}}}}"


def _parent(name: str) -> str:
    return f"${{{{parent.inputs.{name}}}}}"
