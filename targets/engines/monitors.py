"""Monitors as tasks of an engine: a task runs the monitor in a fresh clone, keeps its history, and fails after a breach.

The task is `programs/watch.sh`. Whoever starts it, it never starts the pipeline, except that a breach with
`on_breach: [retrain]` runs `make retrain-NAME` there, as CI does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...compiler import programs
from ...compiler.model.environment import Environment
from ...compiler.model.operations import Monitor
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ...compiler.model.target import File
from .task import setup

PATH = f"{programs.FOLDER}/watch.sh"
SERVICES = ("github", "gitlab")
"""CI services, which run a monitor on its schedule; where there is one, no engine does."""
ENGINES = ("airflow", "argo", "azureml")
"""Engines that can run a monitor on its schedule."""

BOOTSTRAP = (
    "set -e; d=$(mktemp -d); trap 'rm -rf \"$d\"' EXIT; trap 'exit 143' TERM INT; "
    'git clone -q -- "$MLOPS_REPO" "$d"; cd "$d"; case $MLOPS_REV in -*) exit 2;; esac; '
    'git checkout -q "${MLOPS_REV:-main}" --; cd "./${MLOPS_SUBDIR:-}"; unset MLOPS_REPO MLOPS_REV MLOPS_SUBDIR; '
    f'sh {PATH} "$@"'
)
"""Runs the script of the repository: ``sh -c BOOTSTRAP watch MONITOR [retrain]``."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The task of one monitor: its arguments, its clock on this engine (None: started by hand), and what it runs in.

    ``stage`` stands for that: an image, and the resources of the largest stages where a breach retrains. ``variables`` are those
    of `task.variables`; a retraining prepares the environments of all stages.
    """

    monitor: Monitor
    arguments: tuple[str, ...]
    schedule: str | None
    stage: Stage
    variables: Mapping[str, str]


def watches(project: Project, engine: str) -> tuple[Watch, ...]:
    """The tasks of all monitors. Their schedule is with the first target that can keep it, so that no two run a monitor."""
    if not _can_run(project):
        return ()
    keeps = timekeeper(project) == engine
    return tuple(
        Watch(
            monitor,
            (name, "retrain") if monitor.retrains else (name,),
            monitor.schedule if keeps else None,
            Stage(
                name=f"monitor-{name}",
                entry=name,
                commands=(),
                desc=monitor.desc,
                environment=_container(project, monitor),
                resources=_largest(project) if monitor.retrains else Resources(),
                kubernetes=project.kubernetes,
            ),
            _variables(project, monitor),
        )
        for name, monitor in project.monitors.items()
    )


def timekeeper(project: Project) -> str | None:
    """The target that runs monitors on their schedules: a CI service, else the first engine that can; None if none can."""
    can = ENGINES if _can_run(project) else ()
    return next((target for target in (*SERVICES, *can) if target in project.targets), None)


def files(project: Project, engine: str) -> Iterable[File]:
    """The script, if there are monitors that it can run."""
    script = programs.program("watch.sh")
    return (File(script.path, script.text),) if watches(project, engine) else ()


def _can_run(project: Project) -> bool:
    """Whether there are targets of the Makefile that the script can call."""
    return project.uses_make and project.uses_dvc


def _container(project: Project, monitor: Monitor) -> Environment | None:
    """The monitor's container, or that of the stages if all have the same one: what it needs is then not in the plain image."""
    containers = {stage.image: stage.environment for stage in project}
    if monitor.environment is not None and monitor.environment.image:
        return monitor.environment
    return next(iter(containers.values())) if len(containers) == 1 and None not in containers else None


def _variables(project: Project, monitor: Monitor) -> dict[str, str]:
    container = _container(project, monitor)
    if container is not None:
        return {"MLOPS_IMAGE": container.value}
    stages = project if monitor.retrains else ()
    return {"MLOPS_SETUP": setup(project, [monitor.environment, *(stage.environment for stage in stages)])}


def _largest(project: Project) -> Resources:
    """The resources that a retraining needs: those of the largest stage, which runs in this task."""
    asked = [stage.resources for stage in project]
    instances = {tuple(sorted(each.instances.items())) for each in asked}
    return Resources(
        cpu=max((each.cpu for each in asked if each.cpu), default=None),
        memory=max((each.memory for each in asked if each.memory), default=None),
        gpu=max((each.gpu for each in asked if each.gpu), default=None),
        gpu_type=max(asked, key=lambda each: each.gpu or 0, default=Resources()).gpu_type,
        disk=max((each.disk for each in asked if each.disk), default=None),
        shm=max((each.shm for each in asked if each.shm), default=None),
        instances=dict(*instances) if len(instances) == 1 else {},
    )
