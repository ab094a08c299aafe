"""The `gitlab` target: `.gitlab-ci.yml`, which checks, tests, runs the pipeline and reports.

It calls what other targets write (`make`, `dvc`) by the same shell as every CI service (`targets/ci`). Text of the spec
stands in commands, rules and labels, each by its escaper; values that others choose (names of branches, texts of merge
requests) are only read as quoted variables. Facts: https://docs.gitlab.com/ci/yaml/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Lost, Support, header
from ...compiler.programs import program
from ..ci import PIPELINE, project_file
from ..ci.fan_out import worker
from ..ci.shell import fans_out, programs
from .document import document, parent, task_list
from .job import PACKAGES
from .problems import expanded_labels, limits

PATH = ".gitlab-ci.yml"
INCLUDED = ".gitlab/mlops-*.yml"
"""The files that start the pipelines of projects in folders."""
PROGRAMS = os.path.join(os.path.dirname(__file__), "programs")


class Gitlab:
    """GitLab CI, 16.10 or newer."""

    name = "gitlab"
    support: ClassVar[Support] = {
        **PIPELINE,
        Feature.IMAGE: Emulated("the `image` of the stage's job", only_with=Feature.FAN_OUT),
        Feature.SHM: Lost("the runner decides: `shm_size` in its config.toml"),
        Feature.CONTAINER: Emulated("the `image` of the stage's job", only_with=Feature.FAN_OUT),
        Feature.TIMEOUT: Emulated(
            "the command ends in time by itself; its job has an hour more", only_with=Feature.FAN_OUT
        ),
        Feature.RETRIES: Emulated(
            "GitLab retries the job up to twice; for more retries the command retries by itself",
            only_with=Feature.FAN_OUT,
        ),
        Feature.EXPERIMENTS: Emulated("jobs of a pipeline started by hand with MLOPS_TASK, which run `make exp-NAME`"),
        Feature.DEPLOY: Emulated("jobs started by a registry tag; to approve a deployment, start its job by hand"),
        Feature.MONITOR: Emulated("jobs of a schedule that sets MLOPS_TASK, which run `make monitor-NAME`"),
        Feature.SCHEDULE: Emulated(
            "a rule for pipelines of schedules; create one once, under Build > Pipeline schedules"
        ),
        Feature.NOTIFY: Emulated("a job in the stage `.post`, which runs if another one failed"),
        Feature.CI_TRIGGERS: Emulated("`workflow:rules`; create schedules once, under Build > Pipeline schedules"),
        Feature.CI_RUNNER: Kept(),
        Feature.CI_OIDC: Emulated(
            "`id_tokens` of the jobs that need them, and the variables by which the cloud's library reads them"
        ),
        Feature.CI_IMAGE: Kept(),
        Feature.CI_CACHE: Emulated("paths of the cache of the jobs that run stages"),
        Feature.CI_SECRETS: Emulated("variables of the environment `mlops`; each job names those that are missing"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline file and the program that its jobs call; a diagnostic for each limit of GitLab that is exceeded."""
        yield from limits(project)
        if (unwritable := next(expanded_labels(project), None)) is not None:
            yield unwritable
            return
        if fans_out(project):
            yield worker()
        yield from programs(project)
        yield yaml_file(PATH, document(project), gap=1)
        if project.folder:
            path = f".gitlab/{project_file(project)}.yml"
            top = header(project.folder) + task_list(project)
            yield yaml_file(project.at_top(path), parent(project, PATH), top, gap=1)
            yield File(project.at_top(PATH), f"- local: {INCLUDED}\n", included=True)
        yield File(".gitignore", f"/{PACKAGES}/\n", block=True)
        script = program("gitlab.py", PROGRAMS)
        yield File(script.path, script.text)
