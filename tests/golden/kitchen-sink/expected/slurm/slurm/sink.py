# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.
"""The pipeline sink as jobs of SLURM: `make slurm` submits those that must run.

    python3 slurm/sink.py submit|resume|status|cancel
    python3 slurm/sink.py log STAGE

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
    Job(
        ["fetch"],
        sbatch=["--account=ml", "--no-requeue", "--partition=cpu"],
    ),
    # Clean it
    Job(
        ["clean"],
        after=["fetch"],
        sbatch=["--account=ml", "--no-requeue", "--partition=cpu"],
    ),
    Job(
        ["split@a", "split@b"],
        after=["clean"],
        sbatch=["--account=ml", "--no-requeue", "--partition=cpu"],
    ),
    Job(
        ["train@1", "train@2"],
        after=["split@a", "split@b"],
        sbatch=["--account=ml", "--cpus-per-task=2", "--gres=gpu:nvidia-tesla-t4:1", "--mem=4096M", "--partition=cpu", "--requeue", "--time=190", "--tmp=102400M"],
    ),
    Job(
        ["evaluate"],
        after=["train@1", "train@2"],
        sbatch=["--account=ml", "--no-requeue", "--partition=cpu"],
    ),
    # Judge the metrics of evaluate
    Job(
        ["gate-evaluate"],
        after=["evaluate"],
        sbatch=["--account=ml", "--no-requeue", "--partition=cpu"],
    ),
]

if __name__ == "__main__":
    sys.exit(main("sink", JOBS, ROOT))
