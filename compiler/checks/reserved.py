"""Names that the generated jobs and programs give to variables of their own."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

RESERVED_SECRET = Code(
    "MLC423",
    "error",
    "the secret `{name}` would never arrive: {why}",
    help="give the secret another name, in the settings of the CI service and under `ci.secrets`",
)

_SETTINGS = frozenset(
    "PATH SHELL REPRO_FLAGS JOBS KEEP_GOING GIT_DEPTH PIP_CACHE_DIR UV_CACHE_DIR PYTEST_ADDOPTS".split()
)
"""What jobs and the Makefile set for Git, make, pip, uv and pytest."""
_DEPLOYED = frozenset("VERSION MODEL MODEL_PATH MODEL_VERSION MODEL_COMMIT DEPLOY_ENVIRONMENT".split())
"""What the command of a deployment gets."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC423."""
    for index, name in enumerate(project.ci.secrets):
        if (why := reason(project, name)) is not None:
            yield RESERVED_SECRET.at("ci", "secrets", index, name=name, why=why)


def reason(project: Project, name: str) -> str | None:
    """Why no secret can have this name; None if one can."""
    if name.upper().startswith("MLOPS_"):
        return "names that begin with `MLOPS_` are for the variables of the generated jobs"
    if name.upper().startswith(("GITHUB_", "GIT_CONFIG_")):
        return "GitHub and the generated jobs set names that begin with `GITHUB_` and `GIT_CONFIG_`"
    if name in _SETTINGS:
        return "the generated jobs set this variable"
    if name in _DEPLOYED and project.deployments:
        return "the command of a deployment gets this variable from the deployment"
    return None
