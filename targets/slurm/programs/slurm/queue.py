# Made by mlopsc: the jobs of a pipeline in SLURM. It needs Python alone.
"""The jobs of a pipeline: as slurm/PROJECT.py has them, as they were submitted, and as SLURM knows them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import NamedTuple

FIELDS = "%i|%T|%r|%M|%N|%j|%Z"
"""Columns of squeue: id, state, reason, time used, nodes, name, folder. https://slurm.schedmd.com/squeue.html"""
ENDED = {
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",
    "SPECIAL_EXIT", "TIMEOUT",
}  # fmt: skip
"""States of jobs that run no more: https://slurm.schedmd.com/job_state_codes.html"""


HELD = {"jobhelduser", "launch failed requeued held"}
"""Reasons of jobs that wait until somebody releases them: until all are submitted, or after a node could not start one."""


class Failure(Exception):
    """What keeps a command from being done, for people."""


@dataclass
class Job:
    """A stage, or several that differ in a parameter alone and become an array.

    ``after`` are the stages that each of them depends on, or a list of stages for each of them. ``sbatch`` are options.
    """

    stages: list
    after: list = field(default_factory=list)
    sbatch: list = field(default_factory=list)

    def parents(self, stage: str) -> list:
        if self.after and isinstance(self.after[0], list):
            return self.after[self.stages.index(stage)]
        return self.after


class Entry(NamedTuple):
    """A job, or a task of an array, as squeue lists it."""

    id: str
    state: str
    reason: str
    time: str
    nodes: str
    name: str
    folder: str

    @property
    def held(self) -> bool:
        return self.state == "PENDING" and self.reason.lower().replace("_", " ").strip("()") in HELD


class Pipeline:
    """The jobs of a project in a folder, and what is known of those that were submitted."""

    def __init__(self, project: str, jobs: list, root: str) -> None:
        self.project, self.jobs, self.root = project, jobs, os.path.realpath(root)
        self.folder = os.path.join(self.root, ".mlops", "state", "slurm")
        self.stages = [stage for job in jobs for stage in job.stages]
        self.parents = {stage: job.parents(stage) for job in jobs for stage in job.stages}
        for name in ("logs", "results"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        with open(os.path.join(os.path.dirname(self.folder), ".gitignore"), "w") as file:
            file.write("*\n")
        self.submitted = self._read()  # by stage: the id and the log of its last job

    def _read(self) -> dict:
        try:
            with open(os.path.join(self.folder, "jobs.json"), encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def save(self) -> None:
        path = os.path.join(self.folder, "jobs.json")
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(self.submitted, file, indent=1)
        os.replace(f"{path}.new", path)

    def entries(self) -> dict:
        """The jobs of this folder that SLURM knows, by id; it forgets those that ended some minutes ago."""
        output = call("squeue", "--noheader", "--array", "--states=all", f"--format={FIELDS}")
        entries = [Entry(*line.split("|", 6)) for line in output.splitlines() if line.count("|") >= 6]
        ours = [entry for entry in entries if entry.folder == self.root]
        return {entry.id: entry for entry in ours if entry.name.startswith(f"{self.project}.")}

    def queued(self) -> dict:
        """The jobs that wait or run."""
        return {name: entry for name, entry in self.entries().items() if entry.state not in ENDED}

    def result(self, job: str, stage: str) -> dict:
        """What the runner reported of a stage, if its job came to that."""
        try:
            with open(os.path.join(self.folder, "results", f"{job}.json"), encoding="utf-8") as file:
                return next(outcome for outcome in json.load(file)["stages"] if outcome["stage"] == stage)
        except (OSError, ValueError, LookupError, StopIteration):
            return {}


def call(*command: str, text: str | None = None) -> str:
    """Run a command of SLURM; what it prints."""
    environment = {name: value for name, value in os.environ.items() if name not in ("SBATCH_ARRAY_INX", "SBATCH_WAIT")}
    try:
        done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        raise Failure(f"there is no {command[0]} here: run this on a machine that submits jobs to SLURM") from None
    if done.returncode:
        raise Failure(f"{command[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def slug(name: str) -> str:
    """A name that is safe in file names and in what squeue prints."""
    return re.sub(r"[^A-Za-z0-9_.@=+-]+", "_", name)
