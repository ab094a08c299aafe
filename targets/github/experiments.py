"""The workflow that runs experiments, started by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.model.project import Project
from ..ci import operations, shell
from .escape import string
from .job import access, alone, choice, environment, job, restore, secrets, signed_in, upload, workflow


def experiments(project: Project) -> dict[str, Any]:
    """The whole workflow. The report is shown even if an experiment failed: the others are worth seeing."""
    has_report = f"${{{{ !cancelled() && hashFiles({string(project.from_top('report.md'))}) != '' }}}}"
    inputs = {"experiment": choice("Experiment to run", project.experiments)}
    steps = [
        *signed_in(project),
        restore(project),
        {
            "name": "Run the experiments and compare them",
            "env": environment(project, MLOPS_EXPERIMENT="${{ inputs.experiment }}"),
            "run": operations.experiment(),
        },
        {"name": "Push the run cache", **secrets(project), "run": shell.push()},
        {"name": "Show the results", "if": has_report, "run": 'cat report.md >> "$GITHUB_STEP_SUMMARY"'},
        {**upload(project, "Upload the plots", "experiments", "dvc_plots"), "if": has_report},
    ]
    one_at_a_time = alone(project, "experiments-${{ github.ref }}-${{ inputs.experiment }}")
    jobs = {"experiments": job(project, "Experiments", steps, **one_at_a_time, **access(project))}
    return workflow(project, "experiments", {"workflow_dispatch": {"inputs": inputs}}, jobs)
