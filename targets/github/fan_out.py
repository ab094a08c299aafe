"""One job for each stage (`ci.fan-out`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.lower.fan_out import Fan
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ..ci import fan_out
from . import sign_in
from .escape import literal
from .facts import MAX_MINUTES
from .job import Job, Step, access, begin, container, job_on, own_checkout, secrets

FROM_HERE = sign_in.HERE
FROM_FORK = "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name != github.repository"
"""A fork's pull request gets no secrets and may not write to the remote: GitHub skips its first stages, and so all others."""


def stage_jobs(project: Project, fan: Fan, ids: dict[str, str], first: list[str]) -> Iterator[tuple[str, Job]]:
    """The job of each stage, by id. Jobs that need no other stage wait for the jobs ``first``."""
    for name, parents in fan.jobs.items():
        stage = project.stages[name]
        needs = [ids[parent] for parent in parents]
        yield ids[name], _stage_job(project, stage, needs) if needs else _stage_job(project, stage, first, FROM_HERE)


def collect(fan: Fan) -> Step:
    """The step of the last job that brings the results of all jobs together."""
    return {"name": "Restore the results of the stages", "run": literal(fan_out.collect(fan, "::error::"))}


def notice() -> Step:
    """The step of the first job that says why a fork's stages do not run."""
    text = (
        "this is a fork, which may not write to the DVC remote, so its stages do not run; "
        "to run them, push the branch to the repository itself"
    )
    return {"name": "Say that the stages do not run", "if": FROM_FORK, "run": f'echo "::notice::{text}"'}


def minutes(project: Project, stage: Stage) -> int:
    """The timeout of a stage's job, before GitHub's limit."""
    return fan_out.timeout(project, stage, stage.retries + 1) or MAX_MINUTES


def _stage_job(project: Project, stage: Stage, needs: list[str], condition: str | None = None) -> Job:
    step: Step = {"name": "Run the stage", **secrets(project), "run": literal(fan_out.stage_command(stage))}
    check_out, *install = begin(project, depth=0)
    steps = [check_out, *install, *sign_in.steps(project), step]
    runs_in = container(project)
    if stage.image:  # the image has all that the stage needs, but perhaps no bash
        runs_in = {"container": _container(stage.image, stage.resources)}
        own = {**step, "shell": "sh", "run": f"{own_checkout(project)}{step['run']}\n"}
        steps = [check_out, *sign_in.steps(project), own]
    elif project.ci.image:
        runs_in = {"container": _container(project.ci.image, stage.resources)}
    return job_on(
        project,
        project.ci.labels_for(stage.resources),
        literal(stage.name),
        minutes(project, stage),
        steps,
        needs=needs,
        condition=condition,
        **access(project),
        **runs_in,
    )


def _container(image: str, resources: Resources) -> Any:
    """The container of a job. Docker shows it no GPU by itself, and gives it 64 MiB of shared memory.

    https://docs.docker.com/reference/cli/docker/container/run/, and what PyTorch asks for: the host's shared memory.
    """
    options = ["--gpus all"] if resources.gpu else []
    if resources.shm:
        options.append(f"--shm-size={resources.shm}")
    elif resources.gpu:
        options.append("--ipc=host")
    return {"image": literal(image), "options": " ".join(options)} if options else literal(image)
