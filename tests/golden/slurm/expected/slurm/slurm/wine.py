# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.
"""The pipeline wine as jobs of SLURM: `make slurm` submits those that must run.

    python3 slurm/wine.py submit|resume|status|cancel
    python3 slurm/wine.py log STAGE

The options of `sbatch` come from `resources`, `timeout`, `retries` and `slurm` in mlops.yaml. Several stages of a job are an
array. A job starts once all that it is `after` have succeeded, and is cancelled if one of them fails.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".mlops/scripts"))

from slurm.commands import main  # noqa: E402
from slurm.queue import Job  # noqa: E402

JOBS = [
    # Clean the raw table
    Job(
        ["prepare"],
        sbatch=["--account=ml", "--cpus-per-task=2", "--mail-user=o'neil@example.org", "--mem=96M", "--no-requeue", "--partition=cpu"],
    ),
    Job(
        ["train@4", "train@8"],
        after=["prepare"],
        sbatch=["--cpus-per-task=4", "--exclusive", "--gres=gpu:1", "--mail-user=o'neil@example.org", "--mem=8192M", "--partition=gpu", "--requeue", "--time=250"],
    ),
    Job(
        ["judge@4", "judge@8"],
        after=[
            ["train@4"],
            ["train@8"],
        ],
        sbatch=["--account=ml", "--mail-user=o'neil@example.org", "--no-requeue", "--partition=cpu"],
    ),
    Job(
        ["report"],
        after=["judge@4", "judge@8"],
        sbatch=["--account=ml", "--gpus=2", "--mail-user=o'neil@example.org", "--partition=cpu", "--requeue", "--time=00:10:00"],
    ),
]

if __name__ == "__main__":
    sys.exit(main("wine", JOBS, ROOT))
