"""One job for each stage (`ci.fan-out`). Imported only where asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.emit.yaml import Flow
from ...compiler.lower.fan_out import fan, place
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project, Stage
from ...compiler.model.source import Path
from ...compiler.model.target import Feature
from ..ci import fan_out
from .escape import label
from .job import DEFAULT_MINUTES, WHOLE, access, install, missing, packages

STAGE = "run"
"""GitLab's stage of these jobs; the last job is in the next one, and so waits for all of them."""
BASE = ".stage"
"""What these jobs have in common."""
MAX_NEEDS = 50  # https://docs.gitlab.com/administration/cicd/limits/#limit-the-number-of-needs, also on gitlab.com
MAX_RETRIES = 2  # https://docs.gitlab.com/ci/yaml/#retry
KEYWORDS = frozenset(
    "image services stages types before_script after_script variables cache include default workflow spec pages "
    "pages:deploy true false nil".split()
)  # https://docs.gitlab.com/ci/jobs/#job-names


def fanned(project: Project, first: list[str], taken: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The jobs by name; ``first`` are those that come before all of them, ``taken`` the names of all others."""
    jobs = fan(project).jobs
    if jobs:
        begin = [*install(project), *missing(project)]
        shared = {"stage": STAGE, **access(project), "variables": WHOLE, "cache": [packages()], "before_script": begin}
        yield BASE, shared
    others = {*KEYWORDS, *taken}
    names = distinct(
        jobs, lambda name: f"stage-{name}" if name in others or name.startswith(".") else name, taken=others
    )
    for name, needs in jobs.items():
        yield names[name], _job(project, project.stages[name], [names[each] for each in needs] or first)


def _job(project: Project, stage: Stage, needs: list[str]) -> dict[str, Any]:
    machine = project.ci.labels_for(stage.resources)
    said: dict[str, Any] = {"extends": BASE, "timeout": f"{minutes(project, stage)} minutes", "needs": Flow(needs)}
    if machine != project.ci.runner:
        said["tags"] = Flow(map(label, machine))
    if stage.image:
        said |= {"image": label(stage.image), "before_script": missing(project)}  # it has all that the stage needs
    if by_gitlab(stage):
        said |= {"retry": stage.retries, "variables": {"MLOPS_RETRIES": "0"}}
    return {**said, "script": [fan_out.work(stage)]}


def finish(project: Project) -> str:
    """The shell of the last job, which has all results there."""
    return fan_out.finish(fan(project))


def by_gitlab(stage: Stage) -> bool:
    """Whether GitLab tries again in place of the command: where it does so as often as is asked for."""
    return 0 < stage.retries <= MAX_RETRIES


def minutes(project: Project, stage: Stage) -> int:
    """The limit of a stage's job."""
    return fan_out.limit(project, stage, 1 if by_gitlab(stage) else stage.retries + 1) or DEFAULT_MINUTES


def limits(project: Project, hosted: int) -> Iterator[Diagnostic]:
    """Where gitlab.com ends a job before the limit of its stage, and where a job waits for too many."""
    told: set[tuple[str, str]] = set()
    for name, needs in fan(project).jobs.items():
        stage = project.stages[name]
        asked = minutes(project, stage)
        if (
            stage.timeout
            and asked > hosted
            and not project.ci.labels_for(stage.resources)
            and ("time", stage.entry) not in told
        ):
            told.add(("time", stage.entry))
            yield Diagnostic(
                "MLC511",
                f"a job on gitlab.com's own machines ends after {hosted} minutes, though `{name}` may take {asked}",
                place(project, stage, Feature.TIMEOUT),
                help="let the stage run on a machine of your own, by `ci.runner` or `ci.runners`, or ask for less",
                severity="warning",
            )
        if len(needs) > MAX_NEEDS and ("needs", stage.entry) not in told:
            told.add(("needs", stage.entry))
            yield Diagnostic(
                "MLC516",
                f"`{name}` waits for {len(needs)} jobs, and GitLab takes no more than {MAX_NEEDS}",
                stage.at,
                help="let stages in between gather them, or take `fan-out` out; an administrator can raise the limit",
                severity="warning",
            )


def texts(project: Project) -> Iterator[tuple[str, Path]]:
    """What of the spec stands where GitLab would put in variables, with its place."""
    for name, machine in project.ci.machines.items():
        yield from ((text, ("ci", "runners", name)) for text in machine.labels)
    for stage in project:
        if stage.image:
            yield stage.image, place(project, stage, Feature.IMAGE).path
