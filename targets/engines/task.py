"""What a task needs besides the worker: an image, the packages to install in it, credentials, and the commit."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from ...compiler.model.environment import Environment
from ...compiler.model.project import Project, Stage
from .facts import IMAGE

CREDENTIALS = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "credential.helper",
    "GIT_CONFIG_VALUE_0": '!f() { printf "username=%s\\npassword=%s\\n" "$GIT_USERNAME" "$GIT_PASSWORD"; }; f',
}
"""Environment through which Git finds GIT_USERNAME and GIT_PASSWORD before `worker.BOOTSTRAP` has the script."""

REVISION = (
    'set -eu; found=$(git ls-remote "$MLOPS_REPO" "refs/heads/$REVISION" "refs/tags/$REVISION"); '
    'commit=$(echo "$found" | head -n 1 | cut -f 1); printf %s "${commit:-$REVISION}" | tee "$1"'
)
"""The shell command of a first task: resolve a branch or tag to a commit, and write it to the file $1 for all other tasks."""


def credentials(project: Project) -> list[str]:
    """Names of the environment variables that a task needs from the engine's secret store."""
    return list(dict.fromkeys(["GIT_USERNAME", "GIT_PASSWORD", *project.ci.secrets]))


def subfolder(project: Project) -> dict[str, str]:
    """The variable by which the worker finds a project in a folder of the repository."""
    return {"MLOPS_SUBDIR": project.folder} if project.folder else {}


def image(stage: Stage) -> str:
    """The container image that the stage runs in."""
    return stage.image or IMAGE


def variables(project: Project, stage: Stage) -> dict[str, str]:
    """Variables of a stage's task. MLOPS_SETUP installs what `IMAGE` lacks.

    An image that the spec names is expected to be complete; MLOPS_IMAGE says that the command is in it already.
    """
    if stage.image:
        return {"MLOPS_IMAGE": stage.image}
    return {"MLOPS_SETUP": setup(project, [stage.environment])}


def setup(project: Project, needed: Iterable[Environment | None]) -> str:
    """Installs what `IMAGE` lacks, and prepares the environments."""
    environments = [environment for environment in needed if environment is not None]
    uses_uv = any(environment.kind == "uv" for environment in environments)
    packages = [*project.pip_arguments, quote(project.dvc_package), *(["uv"] if uses_uv else [])]
    commands = [environment.setup for environment in environments if environment.kind not in ("run", "container")]
    prepare = dict.fromkeys(command for command in commands if command)
    return " && ".join([f"pip install --quiet {' '.join(packages)}", *prepare])
