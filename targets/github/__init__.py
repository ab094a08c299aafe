"""The `github` target: one workflow that checks, tests, runs the pipeline and reports.

It starts what the other targets wrote (`make`, `dvc`), so what stages are made of is theirs to say. No expression
stands in a `run`; values go through `env`. Facts: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At
from ...compiler.model.target import Elsewhere, Emulated, Feature, File, Kept, Support
from ..ci import PIPELINE
from ..ci.shell import fans_out
from .operate import workflows
from .workflow import MAX_MINUTES, workflow

PATH = ".github/workflows/mlops.yml"


class Github:
    """GitHub Actions."""

    name = "github"
    support: ClassVar[Support] = {
        **PIPELINE,
        Feature.IMAGE: Emulated("the `container` of the stage's job", only_with=Feature.FAN_OUT),
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; the job has an hour more", only_with=Feature.FAN_OUT
        ),
        Feature.RETRIES: Elsewhere("GitHub does not start a job again; the command itself tries again"),
        Feature.EXPERIMENTS: Emulated("a workflow started by hand, which runs `make exp-NAME`"),
        Feature.DEPLOY: Emulated("a workflow started by a registry tag; who approves is a rule of the environment"),
        Feature.MONITOR: Emulated("a workflow started by the clock, which runs `make monitor-NAME`"),
        Feature.CI_TRIGGERS: Kept(),
        Feature.CI_RUNNER: Kept(),
        Feature.CI_SECRETS: Kept(),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The workflow; a diagnostic where a limit of GitHub's clips what the spec asks for."""
        asked = project.ci.timeout_minutes
        if asked is not None and asked > MAX_MINUTES and not project.ci.runner:
            yield Diagnostic(
                "MLC510",
                f"a job on GitHub's own machines ends after {MAX_MINUTES} minutes; the {asked} asked for are cut to that",
                At(("ci", "timeout")),
                help="name a self-hosted machine under `ci.runner`, or ask for less",
                severity="warning",
            )
        if fans_out(project):
            from ..ci.fan_out import worker
            from .fan_out import limits

            yield from limits(project)
            yield worker()
        yield yaml_file(PATH, workflow(project))
        for path, data in workflows(project):
            yield yaml_file(path, data)
