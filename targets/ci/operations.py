"""What every CI service runs around the pipeline: experiments, deployments, monitors."""

from __future__ import annotations

from ...compiler.emit.templates import render
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER

RESTORE_HISTORY = f'sh {FOLDER}/history.sh restore "$MLOPS_MONITOR"'
KEEP_HISTORY = f'sh {FOLDER}/history.sh keep "$MLOPS_MONITOR"'
RETRAINS = 'tail -n 1 "monitoring/$MLOPS_MONITOR.csv" | cut -d , -f 4'
"""Prints `yes` if the last run of the monitor is to start a retraining."""
LOCK = 'tail -n 1 "monitoring/$MLOPS_MONITOR.csv" | cut -d , -f 5'
"""Prints the hash of the dvc.lock that the last run of the monitor saw."""


def runs_operations(project: Project) -> bool:
    """Whether there are targets of the Makefile that a job can call for experiments, deployments and monitors."""
    return project.uses_make and project.uses_dvc


def experiment() -> str:
    """Run the experiments ``$MLOPS_EXPERIMENT`` and write their table to report.md."""
    return render(__package__, "experiment.sh.j2")


def deployed() -> str:
    """Set ``$MLOPS_TAG`` to the GTO tag that the deployment in this repository has just made."""
    return render(__package__, "deployed.sh.j2")


def record(error: str = "error: ") -> str:
    """Push the GTO tag of a deployment: ``$MLOPS_TAG`` for ``$MLOPS_COMMIT``, with the text ``$MLOPS_MESSAGE``.

    This needs no checkout: it reads and writes the tags of ``$MLOPS_ORIGIN``.
    """
    return render(__package__, "record.sh.j2", error=error)


def watch() -> str:
    """Run the monitor ``$MLOPS_MONITOR``."""
    return render(__package__, "monitor.sh.j2")


def tagged_models(project: Project) -> list[str]:
    """The models whose registry tags start a deployment."""
    return list(
        dict.fromkeys(deployment.model for deployment in project.deployments.values() if deployment.on == "tag")
    )
