# Made by mlopsc: what a job of SLURM does. It needs Python alone.
"""job.py STAGE...: run a stage of the pipeline in a job of SLURM, or the stage of the task's number in an array."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MLOPS = os.path.dirname(SCRIPTS)


def run(stages: list) -> None:
    """Become the runner of the stage. What it reports is kept by the id of the job, for `slurm-status`."""
    stage = stages[int(os.environ.get("SLURM_ARRAY_TASK_ID", "0"))]
    job = os.environ["SLURM_JOB_ID"]
    if "SLURM_ARRAY_TASK_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    result = os.path.join(MLOPS, "state", "slurm", "results", f"{job}.json")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(result)  # of an earlier start of this job: SLURM may have requeued it
    tools = os.path.join(os.path.dirname(MLOPS), ".venv", "bin")
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    python = shutil.which("python3") or sys.executable
    os.execv(python, [python, os.path.join(SCRIPTS, "run.py"), "--only", "--json", result, stage])


if __name__ == "__main__":
    run(sys.argv[1:])
