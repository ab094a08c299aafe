"""What jobs are made of: the runner, the first steps, secrets, artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...compiler.emit.yaml import Flow, Remarked
from ...compiler.model.project import Project
from ..ci import project_file, shell, watched
from ..ci.facts import ENVIRONMENT, PULL, PYTHON, UV
from . import sign_in
from .escape import literal
from .facts import FOLDER, HOSTED, MAX_MINUTES, SHELL
from .pins import uses

Step = dict[str, Any]
Job = dict[str, Any]

READS = {"contents": Remarked("read", "to check out the repository")}
"""The permissions of a job that writes nothing to GitHub."""

CREDENTIALS = {
    "GH_TOKEN": "${{ github.token }}",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "credential.helper",
    "GIT_CONFIG_VALUE_0": '!f() { echo username=x-access-token; echo "password=$GH_TOKEN"; }; f',
}
"""The environment of a step that fetches or pushes: Git gets the token from a credential helper, so no command line has it."""
ORIGIN = {"MLOPS_ORIGIN": "${{ github.server_url }}/${{ github.repository }}"}
"""The URL of the repository, for a job that does not check it out."""


def workflow(
    project: Project, name: str, triggers: dict[str, Any], jobs: dict[str, Job], **more: Any
) -> dict[str, Any]:
    """A workflow without permissions: each job states its own. ``name`` is what it does, empty for the pipeline."""
    defaults = {"run": {"shell": SHELL}}
    words = ["mlops", *([project.name] if project.folder else []), *([name] if name else [])]
    return {"name": " ".join(words), "on": triggers, "permissions": {}, **more, "defaults": defaults, "jobs": jobs}


def job(project: Project, name: str, steps: list[Step], limit: int = MAX_MINUTES, **settings: Any) -> Job:
    """A job on the runner that the spec names; ``limit`` is its timeout in minutes if the spec sets none."""
    settings = {**container(project), **settings}
    return job_on(project, project.ci.runner, name, project.ci.timeout_minutes or limit, steps, **settings)


def job_on(
    project: Project,
    labels: tuple[str, ...],
    name: str,
    minutes: int,
    steps: list[Step],
    *,
    needs: Iterable[str] | None = None,
    condition: str | None = None,
    permissions: Mapping[str, Remarked] = READS,
    **more: Any,
) -> Job:
    """A job on a runner with these labels; without labels on a GitHub-hosted one."""
    return {
        "name": name,
        **({"needs": Flow(needs)} if needs is not None else {}),
        **({"if": condition} if condition is not None else {}),
        "runs-on": _runs_on(labels),
        "timeout-minutes": minutes if labels else min(minutes, MAX_MINUTES),
        "permissions": permissions,
        **more,
        **({"defaults": {"run": {"working-directory": literal(project.folder)}}} if project.folder else {}),
        "steps": steps,
    }


def writer(
    name: str,
    condition: str | None,
    needs: Iterable[str],
    permissions: Mapping[str, Remarked],
    *steps: Step,
    **more: Any,
) -> Job:
    """A job that writes to GitHub. It checks out nothing and installs nothing: its shell is in the workflow itself.

    What it writes comes from other jobs, which run code of the project, so its steps do not trust it.
    """
    return {
        "name": name,
        "needs": Flow(needs),
        **({"if": condition} if condition is not None else {}),
        "runs-on": HOSTED,
        "timeout-minutes": 5,
        **more,
        "permissions": permissions,
        "steps": list(steps),
    }


def _runs_on(labels: tuple[str, ...]) -> Any:
    escaped = [literal(label) for label in labels]
    return Flow(escaped) if len(escaped) > 1 else escaped[0] if escaped else HOSTED


def alone(project: Project, group: str) -> dict[str, Any]:
    """One run at a time; up to 100 others wait, in order. Without ``queue`` GitHub would drop all but one of them.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#concurrency
    """
    return {
        "concurrency": {
            "group": project.scoped(group),
            "cancel-in-progress": False,
            "queue": Remarked("max", "none is dropped"),
        }
    }


def paths(project: Project) -> dict[str, list[str]]:
    """The part of a trigger by which only changes of some files start the workflow."""
    files = watched(project, f"{FOLDER}/{project_file(project)}*.yml")
    return {"paths": files} if files else {}


def choice(description: str, options: Iterable[str]) -> dict[str, Any]:
    """An input of a workflow that is started by hand."""
    return {"description": description, "type": "choice", "required": True, "options": list(options)}


def own_checkout(project: Project) -> str:
    """In a container the checkout belongs to the user outside of it, and Git refuses to work in it."""
    return 'chown -R "$(id -u)" {} || true\n'.format('"$GITHUB_WORKSPACE"' if project.folder else ".")


def signed_in(project: Project, depth: int = 0) -> list[Step]:
    """`begin`, and the steps that sign in to the clouds of the spec; for jobs with `access` or `identity`."""
    return [*begin(project, depth), *sign_in.steps(project)]


def begin(project: Project, depth: int = 1) -> list[Step]:
    """Check out the repository and install uv, Python and the project's packages. ``depth`` 0 is the whole history.

    The action caches what uv downloads, except for pushes of tags and on runners of your own, which keep it themselves.
    """
    checkout: dict[str, Any] = {"persist-credentials": False}
    if depth != 1:
        checkout = {"fetch-depth": depth, **checkout}
    install = (own_checkout(project) if project.ci.image else "") + shell.setup(project)
    install += '\necho "$PWD/.venv/bin" >> "$GITHUB_PATH"\n'
    uv: dict[str, Any] = {"version": UV, "python-version": project.ci.python or PYTHON}
    uv |= _own_cache(project) if project.ci.caches else {"enable-cache": False}
    return [
        {"name": "Check out", "uses": uses("actions/checkout"), "with": checkout},
        {
            "name": "Set up uv and Python",
            "uses": uses("astral-sh/setup-uv"),
            "with": uv,
        },
        {"name": "Install dependencies", "run": install},
    ]


def _own_cache(project: Project) -> dict[str, str]:
    """The inputs by which the cache of uv is that of this project, and new if this project's packages change."""
    if not project.folder:
        return {}
    names = ("*requirements*.txt", "pyproject.toml", "uv.lock")
    files = "".join(f"{project.from_top(name)}\n" for name in names)
    return {"cache-suffix": project.name, "cache-dependency-glob": files}


def restore(project: Project, fork: shell.Fork | None = None) -> Step:
    """Pull data and the run cache."""
    run = shell.restore("::warning::", f'echo "{PULL}" >> "$GITHUB_ENV"', fork)
    return {"name": "Pull data and the run cache", **secrets(project), "run": run}


def download(project: Project, step: str, name: str, path: str) -> Step:
    """Get the files that another job of the run has kept."""
    artifact = {"name": project.scoped(name), "path": path}
    return {"name": step, "uses": uses("actions/download-artifact"), "with": artifact}


def upload(project: Project, step: str, name: str, path: str) -> Step:
    """Keep files of the project as an artifact of the run."""
    files = {"name": project.scoped(name), "path": project.from_top(path), "if-no-files-found": "ignore"}
    return {"name": step, "uses": uses("actions/upload-artifact"), "with": files}


def environment(project: Project, **more: str) -> dict[str, str]:
    """The environment of a step: the secrets, and ``more``."""
    return {**{name: f"${{{{ secrets.{name} }}}}" for name in project.ci.secrets}, **more}


def secrets(project: Project) -> dict[str, Any]:
    """The part of a step that gives it the secrets."""
    return {"env": environment(project)} if project.ci.secrets else {}


def identity(project: Project) -> dict[str, Any]:
    """The part of a job that lets it sign in to a cloud, where `begin` has a step for that."""
    return {"permissions": {**READS, **sign_in.permissions(project)}} if project.ci.oidc else {}


def access(project: Project) -> dict[str, Any]:
    """The part of a job that gives it access to the secrets and the cloud: its GitHub environment, which a role may ask for."""
    environment = {"environment": ENVIRONMENT} if project.ci.secrets or project.ci.oidc else {}
    return {**environment, **identity(project)}


def container(project: Project) -> dict[str, Any]:
    """The part of a job that runs it in the image of the spec."""
    return {"container": literal(project.ci.image)} if project.ci.image else {}
