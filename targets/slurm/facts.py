"""Facts of SLURM's `sbatch`, read in 2026-11 from 22.05 and https://slurm.schedmd.com/sbatch.html."""

from __future__ import annotations

SAVING = 600
"""Seconds added to the time limit of a stage's command, to hash and record what it made."""

OURS = {
    "array": "foreach and matrix become arrays",
    "chdir": "jobs run in the folder of the project",
    "clusters": "all jobs run on one cluster",
    "dependency": "jobs depend on each other as their stages do",
    "error": "it is in the log of the stage",
    "get-user-env": "a job has the environment of `make slurm`",
    "gid": "a job belongs to its user",
    "help": "it submits nothing",
    "hold": "the script holds and releases jobs itself",
    "input": "a stage reads its deps",
    "job-name": "a job is called after its stage",
    "kill-on-invalid-dep": "a job is cancelled if one that it depends on fails",
    "open-mode": "the log of a requeued job goes on",
    "output": "`make slurm-log STAGE=NAME` shows it",
    "parsable": "the script reads the number of the job",
    "test-only": "it submits nothing",
    "uid": "a job belongs to its user",
    "usage": "it submits nothing",
    "verbose": "the script reads what sbatch prints",
    "version": "it submits nothing",
    "wait": "`make slurm` returns once all jobs are submitted",
    "wrap": "a job runs its stage",
}
"""Options that the script sets itself, or that would break it, and why."""

OPTIONS = frozenset(
    """
    account acctg-freq bb bbf batch begin cluster-constraint comment constraint container contiguous core-spec
    cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot distribution exclude exclusive export
    export-file extra extra-node-info gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags
    hint ignore-pbs licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice no-kill
    no-requeue nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket overcommit
    oversubscribe partition power prefer priority profile propagate qos quiet reboot requeue reservation resv-ports segment
    signal sockets-per-node spread-job switches thread-spec threads-per-core time time-min tmp tres-bind tres-per-task
    use-min-nodes wait-all-nodes wckey
    """.split()
)
"""The other long options. Plugins of a cluster may add more."""

INSTEAD = {
    "cpus-per-task": ("cpus-per-gpu",),
    "gres": ("gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task", "tres-per-task"),
    "mem": ("mem-per-cpu", "mem-per-gpu"),
    "no-requeue": ("requeue",),
    "requeue": ("no-requeue",),
}
"""Options that replace one that stands for a key of the stage."""
