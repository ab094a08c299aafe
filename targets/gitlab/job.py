"""What jobs are made of: timeouts, caches, environments, and the shell at the start of a script."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER
from ..ci import shell
from ..ci.facts import DURATIONS, ENVIRONMENT, UV, WRITE_ENVIRONMENT
from .facts import DEFAULT_MINUTES, TOKEN

Job = dict[str, Any]

PROGRAM = f"{FOLDER}/gitlab.py"
PACKAGES = ".cache/packages"
WHOLE_HISTORY = {"GIT_DEPTH": "0"}
"""Variables of a job that needs the whole history with all tags."""
NO_RESTART: dict[str, Any] = {"interruptible": False, "needs": Flow([])}
"""A job that waits for no other one and that a newer commit does not cancel."""


def job(project: Project, stage: str, script: list[str], limit: int = DEFAULT_MINUTES, **more: Any) -> Job:
    """A job; ``limit`` is its timeout in minutes if the spec sets none."""
    minutes = project.ci.timeout_minutes
    return {"stage": stage, "timeout": f"{limit if minutes is None else minutes} minutes", **more, "script": script}


def short_job(stage: str, script: list[str], **more: Any) -> Job:
    """A job that runs nothing of the project, only Git, the shell and Python, and so may write to GitLab."""
    environment = {"name": WRITE_ENVIRONMENT, "action": "access"}
    begin = {"timeout": "10 minutes", "environment": environment, "before_script": Flow([])}
    return {"stage": stage, **more, **begin, "script": script}


def install(project: Project) -> list[str]:
    """The lines before a script that runs something of the project."""
    return [
        f"python3 -m pip install --quiet uv=={UV}",
        *shell.setup(project).splitlines(),
        'export PATH="$PWD/.venv/bin:$PATH"',
    ]


def package_cache() -> dict[str, Any]:
    """The cache of what pip and uv have downloaded."""
    return {"key": "packages", "paths": Flow([PACKAGES])}


def caches(project: Project) -> list[dict[str, Any]]:
    """The caches of a job that runs stages. DVC's is saved even if a later stage fails."""
    if not project.uses_dvc:
        return [package_cache()]
    fallback = Flow(["dvc-$CI_DEFAULT_BRANCH"])
    dvc = {"key": "dvc-$CI_COMMIT_REF_SLUG", "fallback_keys": fallback, "paths": Flow([".dvc/cache", DURATIONS])}
    return [package_cache(), {**dvc, "when": "always"}]


def access(project: Project) -> dict[str, Any]:
    """The environment of a job that sees the secrets; the action `access` makes it no deployment."""
    return {"environment": {"name": ENVIRONMENT, "action": "access"}} if project.ci.secrets else {}


def missing(project: Project, environment: str = ENVIRONMENT) -> list[str]:
    """The lines of a script that name each secret which is not set."""
    if not project.ci.secrets:
        return []
    return [render(__package__, "secrets.sh.j2", secrets=project.ci.secrets, environment=environment)]


def credentials(token: str | None = None) -> str:
    """Let Git push to GitLab, with the variable ``token`` instead of the usual one."""
    return render(__package__, "credentials.sh.j2", token=token or TOKEN)
