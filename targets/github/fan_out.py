"""One job for each stage (`ci.fan-out`), and the last one, which restores what they made. Imported only where asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.emit.yaml import Flow
from ...compiler.lower.fan_out import fan, place
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project, Stage
from ...compiler.model.target import Feature
from ..ci import fan_out
from .escape import literal
from .workflow import MAX_MINUTES, access, begin, job_on, pipeline, secrets

OURS = ("check", "test", "pipeline", "comment")
"""Jobs that are not stages."""

_FROM_HERE = "github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository"
"""A fork's pull request has no secrets, and may not write to the remote: its stages are skipped."""

_OWNED = 'chown -R "$(id -u)" . || true\n'
"""In a container the checkout belongs to the user outside, and Git refuses to work in it."""


def fanned(project: Project, first: list[str]) -> dict[str, Any]:
    """The jobs by id; ``first`` are those that come before all of them."""
    found = fan(project)
    ids = distinct(found.jobs, _id, taken=OURS, mark="-")
    jobs: dict[str, Any] = {}
    for name, needs in found.jobs.items():
        jobs[ids[name]] = _stage(
            project, project.stages[name], [ids[each] for each in needs] or first, begins=not needs
        )
    step = {"name": "Restore what the stages made", "run": literal(fan_out.finish(found, "::error::"))}
    jobs["pipeline"] = pipeline(project, [ids[name] for name in found.ends] or first, step)
    return jobs


def limits(project: Project) -> Iterator[Diagnostic]:
    """Where GitHub ends a job before the limit of its stage."""
    told: set[str] = set()
    for name in fan(project).jobs:
        stage = project.stages[name]
        asked = _minutes(project, stage)
        if (
            stage.timeout is None
            or stage.entry in told
            or asked <= MAX_MINUTES
            or project.ci.labels_for(stage.resources)
        ):
            continue
        told.add(stage.entry)
        yield Diagnostic(
            "MLC510",
            f"a job on GitHub's own machines ends after {MAX_MINUTES} minutes; the {asked} of `{stage.name}` are cut to that",
            place(project, stage, Feature.TIMEOUT),
            help="let the stage run on a machine of your own, by `ci.runner` or `ci.runners`, or ask for less",
            severity="warning",
        )


def _id(name: str) -> str:
    """A job's id; GitHub does not tell upper from lower case in it."""
    slug = re.sub(r"[^a-z0-9_-]", "-", name.lower())
    return f"stage-{slug}" if slug in OURS or not re.match("[a-z_]", slug) else slug


def _minutes(project: Project, stage: Stage) -> int:
    return fan_out.limit(project, stage, stage.retries + 1) or MAX_MINUTES


def _stage(project: Project, stage: Stage, needs: list[str], *, begins: bool) -> dict[str, Any]:
    run = {"name": "Run the stage", **secrets(project), "run": literal(fan_out.work(stage))}
    steps = [*begin(project, depth=0), run]
    more: dict[str, Any] = {"needs": Flow(needs), **({"if": _FROM_HERE} if begins else {}), **access(project)}
    if stage.image:  # it has all that the stage needs, but perhaps no bash
        more["container"] = literal(stage.image)
        steps = [steps[0], {**run, "shell": "sh", "run": f"{_OWNED}{run['run']}\n"}]
    return job_on(project.ci.labels_for(stage.resources), literal(stage.name), _minutes(project, stage), steps, **more)
