"""What jobs are made of: limits, caches, environments, and the shell at the start of a script."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.yaml import Flow
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER
from ..ci import shell

DEFAULT_MINUTES = 180
"""The limit of the pipeline job where the spec gives none; GitLab's own is an hour, unless the project says otherwise."""
TOKEN = "GITLAB_TOKEN"
"""The variable with the access token that writes to GitLab."""
WRITES = "mlops-write"
"""The environment of that variable, so that no job which runs the project's code sees it, but for deployments."""
PROGRAM = f"{FOLDER}/gitlab.py"
PACKAGES = ".cache/packages"
WHOLE = {"GIT_DEPTH": "0"}
"""Variables of a job that needs the whole history, with all tags."""

_SECRETS = """\
for name in NAMES; do
  printenv "$name" > /dev/null || echo "warning: $name is not set; see Settings > CI/CD > Variables, environment ENVIRONMENT"
done
"""


def job(project: Project, stage: str, limit: int, script: list[str], **more: Any) -> dict[str, Any]:
    """A job; ``limit`` is in minutes, where the spec says none."""
    asked = project.ci.timeout_minutes
    return {"stage": stage, "timeout": f"{limit if asked is None else asked} minutes", **more, "script": script}


def short(stage: str, script: list[str], **more: Any) -> dict[str, Any]:
    """A job that runs nothing of the project's, only Git, the shell and Python, and so may write to GitLab."""
    environment = {"name": WRITES, "action": "access"}
    begin = {"timeout": "10 minutes", "environment": environment, "before_script": Flow([])}
    return {"stage": stage, **more, **begin, "script": script}


def install(project: Project) -> list[str]:
    """The lines before a script that runs something of the project's."""
    return [*shell.setup(project).splitlines(), 'export PATH="$PWD/.venv/bin:$PATH"']


def packages() -> dict[str, Any]:
    """The cache of what pip and uv have downloaded."""
    return {"key": "packages", "paths": Flow([PACKAGES])}


def caches(project: Project) -> list[dict[str, Any]]:
    """The caches of a job that runs stages; what it made is kept even where a later stage fails."""
    if not project.uses_dvc:
        return [packages()]
    fallback = Flow(["dvc-$CI_DEFAULT_BRANCH"])
    dvc = {"key": "dvc-$CI_COMMIT_REF_SLUG", "fallback_keys": fallback, "paths": Flow([".dvc/cache"])}
    return [packages(), {**dvc, "when": "always"}]


def access(project: Project) -> dict[str, Any]:
    """The environment of a job that sees the secrets; being in it is no deployment."""
    return {"environment": {"name": shell.ENVIRONMENT, "action": "access"}} if project.ci.secrets else {}


def missing(project: Project, environment: str = shell.ENVIRONMENT) -> list[str]:
    """The line of a script that names the secrets which are not set."""
    names = project.ci.secrets
    return [_SECRETS.replace("NAMES", " ".join(names)).replace("ENVIRONMENT", environment)] if names else []
