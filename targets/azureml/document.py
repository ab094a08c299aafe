"""The pipeline job, as data. Its commands are the templates `revision.sh.j2`, `job.sh.j2` and `monitor.sh.j2`."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.emit.templates import Filter, render
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ..engines import monitors, worker
from ..engines.facts import GRACE, IMAGE
from ..engines.machines import smallest
from ..engines.monitors import Watch
from ..engines.names import Names
from ..engines.parameters import lines, parameters
from ..engines.task import CREDENTIALS, REVISION, image, subfolder, variables
from .escape import variable, word
from .facts import MACHINES, NONE, SCHEDULE_SCHEMA, SCHEMA
from .names import INPUTS, monitor_names, names

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


def watched(project: Project, watch: Watch) -> dict[str, Any]:
    """The monitor as a pipeline of its own, with one job."""
    document = {
        "$schema": SCHEMA,
        "type": "pipeline",
        "display_name": f"{project.name}: monitor {watch.monitor.name}",
        "description": watch.monitor.desc or None,
        "experiment_name": monitor_names(project)[watch.monitor.name],
        "settings": {"default_compute": "azureml:serverless", "force_rerun": True},  # the world has changed meanwhile
        "inputs": {name: INPUTS[name] for name in ("repository", "revision")},
        "jobs": {"monitor": _monitor(project, watch)},
    }
    return _without_none(document)


def _monitor(project: Project, watch: Watch) -> dict[str, Any]:
    command = _command("monitor.sh.j2", unset=NONE, bootstrap=monitors.BOOTSTRAP, arguments=watch.arguments)
    return _without_none(
        {
            "type": "command",
            "display_name": watch.stage.name,
            "command": command,
            "environment": {"image": image(watch.stage)},
            "environment_variables": {
                **CREDENTIALS,
                **subfolder(project),
                **watch.variables,
            },
            "resources": _resources(watch.stage.resources),
            "inputs": {name: _parent(name) for name in ("repository", "revision")},
        }
    )


def clock(name: str, schedule: str) -> dict[str, Any]:
    """A schedule that submits the pipeline of the file NAME.yml, in UTC."""
    trigger = {"type": "cron", "expression": schedule, "time_zone": "UTC"}
    return {"$schema": SCHEDULE_SCHEMA, "name": name, "trigger": trigger, "create_job": f"./{name}.yml"}


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}


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
    return _without_none(job)


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


def _command(template: str, **values: Any) -> str:
    filters: dict[str, Filter] = {"input": _input, "variable": variable, "word": word}
    return render(__package__, template, filters, **values).rstrip("\n")


def _input(name: str) -> str:
    return f"${{{{inputs.{name}}}}}"


def _parent(name: str) -> str:
    return f"${{{{parent.inputs.{name}}}}}"
