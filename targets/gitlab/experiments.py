"""The jobs that run experiments, started by hand."""

from __future__ import annotations

from ...compiler.emit.yaml import Flow
from ...compiler.model.project import Project
from ..ci import operations, shell
from .job import NO_RESTART, WHOLE_HISTORY, Job, access, caches, job, missing
from .tasks import rule


def experiment(project: Project, name: str) -> Job:
    """The job of one experiment."""
    script = [*missing(project), shell.restore(), operations.experiment(), shell.push(), "cat report.md"]
    return job(
        project,
        "pipeline",
        script,
        rules=[rule(project, f"exp-{name}")],
        **NO_RESTART,
        **access(project),
        variables={**WHOLE_HISTORY, "MLOPS_EXPERIMENT": name},
        cache=caches(project),
        artifacts={"when": "always", "paths": Flow([project.from_top("report.md"), project.from_top("dvc_plots")])},
    )
