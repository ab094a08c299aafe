"""The `slurm` target: a script that submits the pipeline to SLURM, one job a stage, in the folder that all nodes share.

Each job runs its stage by the runner (docs/decisions/0050-slurm.md). Facts: https://slurm.schedmd.com/sbatch.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.python import comment, literal
from ...compiler.emit.templates import render
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import HEADER, Emulated, Feature, File, Kept, Refused, Support
from ...compiler.programs import program
from ..engines.support import BY_DVC, TASKS
from .document import document
from .problems import problems

FOLDER = os.path.join(os.path.dirname(__file__), "programs")
PROGRAMS = ("slurm/commands.py", "slurm/job.py", "slurm/queue.py", "slurm/submission.py")
"""What slurm/PROJECT.py consists of, below .mlops/scripts."""
_FILTERS = {"comment": comment, "literal": literal}
_ARRAY = Emulated("a job for each stage it makes; one array where they differ in parameters alone")


class Slurm:
    """SLURM 20.11 or newer."""

    name = "slurm"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.FOREACH: _ARRAY,
        Feature.MATRIX: _ARRAY,
        Feature.DESC: Emulated("a comment above the job"),
        Feature.SCRIPT: Emulated("a job; DVC runs the script"),
        Feature.STAGE_GATES: Emulated("a job for each gate; it fails if a bound is not met"),
        Feature.TIMEOUT: Emulated("the command itself times out; `--time` adds ten minutes to record results"),
        Feature.RETRIES: Emulated("a loop in the job; `--requeue` starts a job again that lost its node"),
        Feature.CPU: Emulated("`--cpus-per-task`, rounded up"),
        Feature.MEMORY: Emulated("`--mem`"),
        Feature.GPU: Emulated("`--gres=gpu:N`"),
        Feature.GPU_TYPE: Emulated("`--gres=gpu:TYPE:N`, with the type as the cluster names it"),
        Feature.DISK: Emulated("`--tmp`"),
        Feature.SHM: Refused("the machine decides"),
        Feature.SPOT: Refused("the partition decides: `slurm: {partition: NAME}`"),
        Feature.REGISTRY: BY_DVC,
        Feature.SLURM: Kept(),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The script with its jobs, and the programs that it calls."""
        yield from problems(project)
        text = render(__package__, "jobs.py.j2", _FILTERS, header=HEADER, **document(project))
        yield File(f"slurm/{project.name}.py", text)
        for name in PROGRAMS:
            script = program(name, FOLDER)
            yield File(script.path, script.text)
