"""The `github` target: a workflow that checks, tests, runs the pipeline and reports, and workflows around it.

They call what other targets write (`make`, `dvc`), so those state what a stage is. No expression stands in a `run`: values
are passed by `env`. Facts: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Elsewhere, Emulated, Feature, File, Kept, Support, header
from ..ci import PIPELINE
from ..ci.fan_out import worker
from ..ci.shell import fans_out, programs
from .document import documents
from .problems import problems
from .sign_in import CREDENTIALS_FILE


class Github:
    """GitHub Actions."""

    name = "github"
    support: ClassVar[Support] = {
        **PIPELINE,
        Feature.IMAGE: Emulated("the `container` of the stage's job", only_with=Feature.FAN_OUT),
        Feature.SHM: Emulated("with `image`: `--shm-size` of the container", only_with=Feature.FAN_OUT),
        Feature.CONTAINER: Emulated("the `container` of the stage's job", only_with=Feature.FAN_OUT),
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; its job has an hour more", only_with=Feature.FAN_OUT
        ),
        Feature.RETRIES: Elsewhere("GitHub does not retry a job; the command retries by itself"),
        Feature.EXPERIMENTS: Emulated("a workflow started by hand, which runs `make exp-NAME`"),
        Feature.DEPLOY: Emulated("a workflow started by a registry tag; the environment's rules say who approves"),
        Feature.MONITOR: Emulated("a scheduled workflow, which runs `make monitor-NAME`"),
        Feature.SCHEDULE: Kept(),
        Feature.NOTIFY: Emulated("a last job of each workflow, which runs if another one failed"),
        Feature.CI_TRIGGERS: Kept(),
        Feature.CI_RUNNER: Kept(),
        Feature.CI_SECRETS: Kept(),
        Feature.CI_OIDC: Emulated(
            "the cloud's own action, pinned, in the jobs that need it, which alone have `id-token: write`"
        ),
        Feature.CI_IMAGE: Emulated("the `container` of each job that runs code of the project"),
        Feature.CI_CACHE: Emulated("paths of the cache of the job that runs the pipeline"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The workflows; a diagnostic for each limit of GitHub that clips what the spec asks for."""
        yield from problems(project)
        if fans_out(project):
            yield worker()
        yield from programs(project)
        if project.ci.oidc.gcp is not None:
            yield File(".gitignore", f"{CREDENTIALS_FILE}\n", block=True)
        for path, document in documents(project):
            yield yaml_file(path, document, header(project.folder))
