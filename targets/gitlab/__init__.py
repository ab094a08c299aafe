"""The `gitlab` target: `.gitlab-ci.yml`, which checks, tests, runs the pipeline and reports.

It starts what the other targets wrote (`make`, `dvc`) by the same shell as every CI service (`targets/ci`). What people
wrote in the spec stands in lines of the shell, in rules, and in labels, each by its escaper; values that others
choose (names of branches, texts of merge requests) are only ever read as variables, in quotes.
Facts: https://docs.gitlab.com/ci/yaml/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.diagnostic import Diagnostic
from ...compiler.emit.gitlab import label
from ...compiler.graph import Project
from ...compiler.programs import program
from ...compiler.span import At, Path
from ...compiler.target import Emulated, Feature, File, Kept, Refused, Support, yaml_file
from ...schemas.words import listed
from ..ci.shell import minutes
from .job import PACKAGES
from .pipeline import pipeline

PATH = ".gitlab-ci.yml"
MAX_MINUTES = 180  # of a runner of gitlab.com's own: https://docs.gitlab.com/ci/runners/hosted_runners/

_STAGES = Refused("the pipeline job runs the whole pipeline through make or DVC, whose files say it")
_ONE_RUNNER = Refused("all stages run on the runner of the pipeline job; see `ci.runner`")


class Gitlab:
    """GitLab CI, 16.10 or newer."""

    name = "gitlab"
    support: ClassVar[Support] = {
        **dict.fromkeys(Feature, _STAGES),
        Feature.IMAGE: Refused("stages run in the container of the pipeline job"),
        Feature.CPU: _ONE_RUNNER,
        Feature.MEMORY: _ONE_RUNNER,
        Feature.GPU: _ONE_RUNNER,
        Feature.MODELS: Refused("a tag registers a model, and `make register-NAME` sets it"),
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
        yield yaml_file(PATH, pipeline(project), gap=1)
        yield File(".gitignore", f"/{PACKAGES}/\n", block=True)
        script = program("gitlab.py")
        yield File(script.path, script.text)


def _limits(project: Project) -> Iterator[Diagnostic]:
    asked = minutes(project.spec.ci)
    if asked is not None and asked > MAX_MINUTES and project.spec.ci.runner is None:
        yield Diagnostic(
            "MLC511",
            f"a job on gitlab.com's own machines ends after {MAX_MINUTES} minutes, though {asked} are asked for",
            At(("ci", "timeout")),
            help="name a runner of your own under `ci.runner`, or ask for less",
            severity="warning",
        )


def _labels(project: Project) -> Iterator[Diagnostic]:
    runner = project.spec.ci.runner
    texts: list[tuple[str, Path]] = []
    for index, text in enumerate(listed(runner)):
        texts.append((text, ("ci", "runner", index) if isinstance(runner, list) else ("ci", "runner")))
    for name, deployment in (project.spec.deploy or {}).items():
        texts.append((deployment.url or "", ("deploy", name, "url")))
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
