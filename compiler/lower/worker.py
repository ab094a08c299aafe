"""The worker: one POSIX script, the same for every engine, that runs one stage of a pipeline in a clone of its own.

Its second half is a program for the Python that DVC is installed in, because one process that does all of it starts DVC
once, and because DVC's own commands cannot say what is needed: `dvc repro --pull STAGE` runs an upstream stage again in
silence where its result is missing, and `dvc fetch --run-cache` copies the run cache of every stage there ever was.
What it promises stands in docs/engines/worker.md; why it is made so in docs/decisions/0016-one-process-worker.md.
"""

from __future__ import annotations

from ..model.project import Project, Script
from ..programs import program
from ..resolve.commands import SCRIPTS

WORKER = f"{SCRIPTS}/worker.sh"
"""Where the script lies in a repository that has an engine among its targets."""

TEXT = program("worker.sh").text.replace("@PROGRAM@\n", program("worker.py").text)
"""The whole script: `programs/worker.sh`, with `programs/worker.py` where that starts Python."""

BOOTSTRAP = (
    'set -e; d=$(mktemp -d); git clone -q "$MLOPS_REPO" "$d"; cd "$d"; git checkout -q "$MLOPS_REV"; '
    f'cd "./${{MLOPS_SUBDIR:-}}"; unset MLOPS_REPO MLOPS_SUBDIR; exec sh {WORKER} "$@"'
)
"""The same with the script from the repository, for engines that limit the length of a command (SageMaker: 256)."""


def lacking(project: Project) -> tuple[str, str] | None:
    """What workers need to hand results over and this project lacks, and what to do about it."""
    if not project.uses_dvc:
        what = "tasks run their stages by DVC, and `stack.orchestrator` does not name it"
        return what, f"write `orchestrator: [{', '.join(['dvc', *project.orchestrators])}]`"
    if project.remote_url is None:
        what = "tasks hand results over by a DVC remote, and there is none"
        return what, "say where it is: `stack: {registry: s3://BUCKET/PATH}`"
    if project.remote_url.startswith(("http://", "https://")):
        what = f"tasks hand results over by the run cache, which DVC cannot keep on a remote by HTTP: `{project.remote_url}`"
        return what, "name one on S3, GS, Azure, SSH, or a folder that all machines see"
    return None


def command(stage: str) -> list[str]:
    """The argument list that runs one stage in a bare container with Git, DVC and what the stage needs.

    Run-time parameters (``KEY=VALUE`` of params.yaml, or ``FILE:KEY=VALUE``) may be appended to it.
    """
    return ["sh", "-c", TEXT, "worker", stage]


def bootstrap(stage: str) -> list[str]:
    """The same in few words, which needs `script_file` to be in the repository at that commit."""
    return ["sh", "-c", BOOTSTRAP, "worker", stage]


def script_file() -> Script:
    """The script as a file, for engines and people that have the repository already: ``sh .mlops/scripts/worker.sh STAGE``."""
    return Script(WORKER, TEXT)
