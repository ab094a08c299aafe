"""The `gitlab` target: `.gitlab-ci.yml`, which checks, tests, runs the pipeline and reports.

It starts what the other targets wrote (`make`, `dvc`) by the same shell as every CI service (`targets/ci`). What people
wrote in the spec stands in lines of the shell, in rules, and in labels, each by its escaper; values that others
choose (names of branches, texts of merge requests) are only ever read as variables, in quotes.
Facts: https://docs.gitlab.com/ci/yaml/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At, Path
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ...compiler.programs import program
from ..ci import PIPELINE
from ..ci.shell import fans_out
from .escape import label
from .job import PACKAGES
from .pipeline import pipeline

PATH = ".gitlab-ci.yml"
MAX_MINUTES = 180  # of a runner of gitlab.com's own: https://docs.gitlab.com/ci/runners/hosted_runners/


class Gitlab:
    """GitLab CI, 16.10 or newer."""

    name = "gitlab"
    support: ClassVar[Support] = {
        **PIPELINE,
        Feature.IMAGE: Emulated("the `image` of the stage's job", only_with=Feature.FAN_OUT),
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; the job has an hour more", only_with=Feature.FAN_OUT
        ),
        Feature.RETRIES: Emulated(
            "GitLab starts the job again; more often than twice the command itself tries again",
            only_with=Feature.FAN_OUT,
        ),
        Feature.EXPERIMENTS: Emulated("jobs of a pipeline started by hand with MLOPS_TASK, which run `make exp-NAME`"),
        Feature.DEPLOY: Emulated("jobs started by a registry tag; to approve one is to start its job by hand"),
        Feature.MONITOR: Emulated("jobs of a schedule that sets MLOPS_TASK, which run `make monitor-NAME`"),
        Feature.CI_TRIGGERS: Emulated(
            "`workflow:rules`; a schedule has to be made once, under Build > Pipeline schedules"
        ),
        Feature.CI_RUNNER: Kept(),
        Feature.CI_SECRETS: Emulated("variables of the environment `mlops`; the job names those that are missing"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline file, and the program that writes notes; a diagnostic for what GitLab takes otherwise."""
        yield from _limits(project)
        if (wrong := next(_labels(project), None)) is not None:
            yield wrong
            return
        if fans_out(project):
            from ..ci.fan_out import worker

            yield worker()
        yield yaml_file(PATH, pipeline(project), gap=1)
        yield File(".gitignore", f"/{PACKAGES}/\n", block=True)
        script = program("gitlab.py")
        yield File(script.path, script.text)


def _limits(project: Project) -> Iterator[Diagnostic]:
    asked = project.ci.timeout_minutes
    if asked is not None and asked > MAX_MINUTES and not project.ci.runner:
        yield Diagnostic(
            "MLC511",
            f"a job on gitlab.com's own machines ends after {MAX_MINUTES} minutes, though {asked} are asked for",
            At(("ci", "timeout")),
            help="name a runner of your own under `ci.runner`, or ask for less",
            severity="warning",
        )
    if fans_out(project):
        from .fan_out import limits

        yield from limits(project, MAX_MINUTES)


def _labels(project: Project) -> Iterator[Diagnostic]:
    texts: list[tuple[str, Path]] = []
    for index, text in enumerate(project.ci.runner):
        texts.append((text, ("ci", "runner", index)))
    for name, deployment in project.deployments.items():
        texts.append((deployment.url, ("deploy", name, "url")))
    if fans_out(project):
        from .fan_out import texts as more

        texts += more(project)
    for text, path in texts:
        try:
            label(text)
        except ValueError as error:
            yield Diagnostic(
                "MLC512",
                f"GitLab would put a variable in place of `{error}`, and knows no escape for it",
                At(path),
                help="write it without, or set what GitLab is to see under `patches`",
            )
