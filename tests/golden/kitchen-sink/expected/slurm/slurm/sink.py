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
        sbatch=["--no-requeue"],
    ),
    # Clean it
    Job(
        ["clean"],
        after=["fetch"],
        sbatch=["--no-requeue"],
    ),
    Job(
        ["split@a", "split@b"],
        after=["clean"],
        sbatch=["--no-requeue"],
    ),
    Job(
        ["train@1", "train@2"],
        after=["split@a", "split@b"],
        sbatch=["--cpus-per-task=2", "--gres=gpu:1", "--mem=4096M", "--requeue", "--time=190"],
    ),
    Job(
        ["evaluate"],
        after=["train@1", "train@2"],
        sbatch=["--no-requeue"],
    ),
    # Judge the metrics of evaluate
    Job(
        ["gate-evaluate"],
        after=["evaluate"],
        sbatch=["--no-requeue"],
    ),
]

if __name__ == "__main__":
    sys.exit(main("sink", JOBS, ROOT))
