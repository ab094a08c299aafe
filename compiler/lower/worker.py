"""The worker: one POSIX script, the same for every engine, that runs one stage of a pipeline in its own clone.

Its second half is a program for the Python that DVC is installed in: one process starts DVC only once, and DVC's commands
do not do what is needed: `dvc repro --pull STAGE` silently runs an upstream stage again if its result is missing, and
`dvc fetch --run-cache` copies the run cache of every stage. docs/engines/worker.md describes what it guarantees,
docs/decisions/0016-one-process-worker.md explains why.
"""

from __future__ import annotations

from ..model.project import Project, Script
from ..programs import program
from ..resolve.commands import SCRIPTS

WORKER = f"{SCRIPTS}/worker.sh"
"""Path of the script in a repository with an engine among its targets."""

TEXT = program("worker.sh").text.replace("@PROGRAM@\n", program("worker.py").text)
"""The whole script: `programs/worker.sh`, with `programs/worker.py` in the place where it starts Python."""

BOOTSTRAP = (
    'set -e; d=$(mktemp -d); git clone -q "$MLOPS_REPO" "$d"; cd "$d"; git checkout -q "$MLOPS_REV"; '
    f'cd "./${{MLOPS_SUBDIR:-}}"; unset MLOPS_REPO MLOPS_SUBDIR; exec sh {WORKER} "$@"'
)
"""The same with the script of the repository, for engines that limit the length of a command (SageMaker: 256)."""


def lacking(project: Project) -> tuple[str, str] | None:
    """What this project lacks for workers to pass on results, and the remedy; None if it lacks nothing."""
    if not project.uses_dvc:
        problem = "tasks run their stages with DVC, and `stack.orchestrator` does not name it"
        return problem, f"write `orchestrator: [{', '.join(['dvc', *project.orchestrators])}]`"
    if project.remote_url is None:
        problem = "tasks pass on results through a DVC remote, and there is none"
        return problem, "name one: `stack: {registry: s3://BUCKET/PATH}`"
    if project.remote_url.startswith(("http://", "https://")):
        problem = f"tasks pass on results through the run cache, which DVC does not support on HTTP remotes: `{project.remote_url}`"
        return problem, "use a remote on S3, GS, Azure, SSH, or a folder that all machines share"
    return None


def command(stage: str) -> list[str]:
    """The arguments that run one stage in a container with Git, DVC and what the stage needs.

    Run-time parameters (``KEY=VALUE`` of params.yaml, or ``FILE:KEY=VALUE``) may be appended to it.
    """
    return ["sh", "-c", TEXT, "worker", stage]


def bootstrap(stage: str) -> list[str]:
    """A short form of `command`; it needs `script_file` in the repository at that commit."""
    return ["sh", "-c", BOOTSTRAP, "worker", stage]


def script_file() -> Script:
    """The script as a file, for engines and people that have a clone: ``sh .mlops/scripts/worker.sh STAGE``."""
    return Script(WORKER, TEXT)
