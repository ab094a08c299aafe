"""The job that tells a webhook that another one failed."""

from __future__ import annotations

from ...compiler.emit.yaml import Flow
from ...compiler.model.project import Project
from ..ci.facts import ENVIRONMENT
from ..ci.notify import notify as program
from .job import Job


def notify(project: Project, secret: str) -> Job:
    """A job without a checkout. GitLab starts it after all stages, if a job has failed: https://docs.gitlab.com/ci/yaml/#stage-post"""
    return {
        "stage": ".post",
        "timeout": "5 minutes",
        "rules": [{"when": "on_failure"}],
        "environment": {"name": ENVIRONMENT, "action": "access"},
        "variables": {"GIT_STRATEGY": "none", "MLOPS_SECRET": secret, "MLOPS_PROJECT": project.name},
        "before_script": Flow([]),
        "script": [
            f'export MLOPS_WEBHOOK="${{{secret}:-}}" MLOPS_TEXT="$MLOPS_PROJECT: the pipeline of $CI_COMMIT_REF_NAME failed, $CI_PIPELINE_URL"',
            program(),
        ],
    }
