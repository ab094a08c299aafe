"""What jobs are made of: timeouts, caches, environments, and the shell at the start of a script."""

from __future__ import annotations

from typing import Any

from ...compiler.emit.shell import quote
from ...compiler.emit.templates import render
from ...compiler.emit.yaml import Flow
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER
from ..ci import shell
from ..ci.facts import DURATIONS, ENVIRONMENT, UV, WRITE_ENVIRONMENT
from .escape import label
from .facts import DEFAULT_MINUTES, TOKEN
from .sign_in import id_tokens
from .sign_in import script as sign_in

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


def short_job(project: Project, stage: str, script: list[str], **more: Any) -> Job:
    """A job that runs nothing of the project, only Git, the shell and Python, and so may write to GitLab."""
    environment = {"name": WRITE_ENVIRONMENT, "action": "access"}
    begin = {"timeout": "10 minutes", "environment": environment, "before_script": Flow(enter(project))}
    return {"stage": stage, **more, **begin, "script": script}


def enter(project: Project) -> list[str]:
    """The first line of each job of a project in a folder, whose other lines run there."""
    return [f"cd {quote(project.folder)}"] if project.folder else []


def install(project: Project) -> list[str]:
    """The lines before a script that runs something of the project."""
    return [
        *enter(project),
        f"python3 -m pip install --quiet uv=={UV}",
        *shell.setup(project).splitlines(),
        'export PATH="$PWD/.venv/bin:$PATH"',
    ]


def package_cache(project: Project) -> list[dict[str, Any]]:
    """The cache of what pip and uv have downloaded."""
    cache = {"key": project.scoped("packages"), "paths": Flow([project.from_top(PACKAGES)])}
    return [cache] if project.ci.caches else []


def caches(project: Project) -> list[dict[str, Any]]:
    """The caches of a job that runs stages. DVC's is saved even if a later stage fails."""
    packages = package_cache(project)
    if not project.uses_dvc or not project.ci.caches:
        return packages
    fallback = Flow([project.scoped("dvc-$CI_DEFAULT_BRANCH")])
    paths = [project.from_top(f"{project.dvc_root}/.dvc/cache"), project.from_top(DURATIONS), *cached_paths(project)]
    dvc = {"key": project.scoped("dvc-$CI_COMMIT_REF_SLUG"), "fallback_keys": fallback, "paths": Flow(paths)}
    return [*packages, {**dvc, "when": "always"}]


def cached_paths(project: Project) -> list[str]:
    """The paths of the spec that GitLab can cache: those in the repository."""
    paths = [project.from_top(path) for path in project.ci.cached if not path.startswith(("/", "~"))]
    return [label(path) for path in paths if not path.startswith("../")]


def access(project: Project) -> dict[str, Any]:
    """The environment of a job that sees the secrets, and its tokens; the action `access` makes it no deployment."""
    has_access = project.ci.secrets or project.ci.oidc
    environment = {"environment": {"name": ENVIRONMENT, "action": "access"}} if has_access else {}
    return {**environment, **id_tokens(project)}


def missing(project: Project, environment: str = ENVIRONMENT) -> list[str]:
    """The lines of a script that name each secret which is not set, and sign in to the clouds of the spec."""
    if not project.ci.secrets:
        return sign_in(project)
    return [
        *sign_in(project),
        render(__package__, "secrets.sh.j2", secrets=project.ci.secrets, environment=environment),
    ]


def credentials(token: str | None = None) -> str:
    """Let Git push to GitLab, with the variable ``token`` instead of the usual one."""
    return render(__package__, "credentials.sh.j2", token=token or TOKEN)
