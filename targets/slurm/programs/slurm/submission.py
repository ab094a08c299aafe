# Made by mlopsc: submits a pipeline to SLURM. It needs Python alone.
"""Submits the stages that must run, in the order of their dependencies.

Jobs without a dependency are held until all are submitted: a submission is there as a whole or not at all, and no job
ends before another one can depend on it. (SLURM starts a job at once if the one that it depends on is unknown.)
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile

from slurm.queue import Failure, Job, Pipeline, call, slug

RUNNER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "run.py")
MAX_TASKS = 1000
"""Tasks of one array; SLURM's own limit (MaxArraySize) is 1001 unless a cluster sets another one."""


def rehearse(pipeline: Pipeline) -> dict:
    """What would become of each stage, by the runner: {stage: (status, reason)}."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        runner("--dry-run", "--json", report, root=pipeline.root, quiet=True)
        with open(report, encoding="utf-8") as file:
            return {outcome["stage"]: (outcome["status"], outcome["reason"]) for outcome in json.load(file)["stages"]}


def runner(*options: str, root: str, quiet: bool = False) -> None:
    command = [sys.executable, RUNNER, *options]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE if quiet else None, text=True)
    if done.returncode:
        raise Failure((done.stdout or "").strip() or f"`run.py {shlex.join(options)}` failed")


def that_must_run(pipeline: Pipeline) -> dict:
    """The stages to submit, with the reason. What needs no command (`.dvc` files, edits of comments) is recorded now."""
    outcomes = rehearse(pipeline)
    inline = [stage for stage, (status, _) in outcomes.items() if status in ("would be committed", "cosmetic")]
    if inline:
        runner("--only", *inline, root=pipeline.root)
        outcomes = rehearse(pipeline)
    reasons = {stage: reason for stage, (status, reason) in outcomes.items() if status != "unchanged"}
    if others := [stage for stage in reasons if stage not in pipeline.parents]:
        raise Failure(
            f"{others[0]} is not up to date ({reasons[others[0]]}), and no job runs it: run `dvc repro {shlex.quote(others[0])}` first"
        )
    for stage in pipeline.stages:  # parents come first
        above = [parent for parent in pipeline.parents[stage] if parent in reasons]
        if stage not in reasons and above:
            reasons[stage] = f"after {', '.join(above)}"
    return reasons


@contextlib.contextmanager
def alone(pipeline: Pipeline):
    """Keep other submissions of this pipeline out."""
    import fcntl

    with open(os.path.join(pipeline.folder, "lock"), "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Failure(f"another submission is being made, by {file.read() or 'somebody else'}") from None
        except OSError:
            pass  # a file system without locks: the queue has to do
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield


def submit(pipeline: Pipeline, again: bool = False) -> int:
    """Submit what must run. Unless it is ``again``, there must be no job of this pipeline in the queue."""
    with alone(pipeline):
        queued = pipeline.queued()
        if queued and not again:
            raise Failure(
                f"{len(queued)} jobs of this pipeline are in the queue: "
                "`make slurm-status` shows them; use `make slurm-resume` to submit what failed, or `make slurm-cancel`"
            )
        ending = [name for name, entry in queued.items() if entry.state == "COMPLETING"]
        submission = Submission(pipeline, queued.keys() - set(ending), ending)
        reasons = that_must_run(pipeline)
        try:
            submission.submit(reasons)
            submission.release(held for held, entry in queued.items() if entry.held)
        except BaseException:
            submission.undo()
            raise
    if not reasons:
        print("nothing to run: all stages are up to date")
    for stage in pipeline.stages:
        if stage in submission.new:
            print(f"{stage}: job {submission.ids[stage]} ({reasons[stage]})")
        elif stage in submission.ids:
            print(f"{stage}: job {submission.ids[stage]} is in the queue")
    return 0


class Submission:
    """Jobs that are submitted together.

    ``active`` are the ids of jobs that wait or run, and stay; ``ending`` those of jobs that end, which the new ones wait for.
    """

    def __init__(self, pipeline: Pipeline, active, ending: list) -> None:
        self.pipeline, self.ending = pipeline, ending
        self.ids = {stage: job["id"] for stage, job in pipeline.submitted.items() if job["id"] in active}
        self.before = dict(pipeline.submitted)
        self.new: set = set()
        self.held: list = []
        self.sizes: dict = {}  # the number of tasks of each new array

    def submit(self, stages) -> None:
        """Submit those of the stages that have no job yet."""
        todo = {stage for stage in stages if stage not in self.ids}
        for stage in self.pipeline.stages:  # parents come first
            if stage in self.ids and (above := todo.intersection(self.pipeline.parents[stage])):
                job = self.ids.pop(stage)
                print(f"{stage}: job {job} is cancelled and submitted again, because {min(above)} runs again")
                call("scancel", job)
                self.ending.append(job)
                todo.add(stage)
        for job in self.pipeline.jobs:
            wanted = [stage for stage in job.stages if stage in todo]
            for start in range(0, len(wanted), MAX_TASKS):
                self._submit(job, wanted[start : start + MAX_TASKS])

    def _submit(self, job: Job, stages: list) -> None:
        """One job or one array; several jobs where its tasks depend on different jobs, and not task by task."""
        needs = [[self.ids[parent] for parent in job.parents(stage) if parent in self.ids] for stage in stages]
        if all(need == needs[0] for need in needs):
            self._sbatch(job, stages, self._afterok(needs[0]))
        elif arrays := self._correspond(needs):
            self._sbatch(job, stages, [f"aftercorr:{':'.join(arrays)}"])
        else:
            for stage, need in zip(stages, needs):
                self._sbatch(job, [stage], self._afterok(need))

    def _afterok(self, needs: list) -> list:
        whole = [
            array for array, size in self.sizes.items() if {f"{array}_{index}" for index in range(size)} <= set(needs)
        ]
        single = [need for need in needs if need.partition("_")[0] not in whole]
        return [f"afterok:{':'.join([*whole, *single])}"] if needs else []

    def _correspond(self, needs: list) -> list:
        """The arrays whose task N each task N depends on, and on nothing else; empty if it is not so."""
        arrays = [need.partition("_")[0] for need in needs[0]]
        matches = all(need == [f"{array}_{index}" for array in arrays] for index, need in enumerate(needs))
        return arrays if matches and all(self.sizes.get(array) == len(needs) for array in arrays) else []

    def _sbatch(self, job: Job, stages: list, dependencies: list) -> None:
        pipeline, name = self.pipeline, slug(stages[0] if len(stages) == 1 else stages[0].partition("@")[0])
        number = "%j" if len(stages) == 1 else "%A_%a"
        logs = os.path.join(pipeline.folder, "logs")
        log = os.path.join(logs.replace("%", "%%"), f"{name}.{number}.log")
        hold = not any(parent in self.new for stage in stages for parent in pipeline.parents[stage])
        if hold and self.ending:
            dependencies = [*dependencies, f"afterany:{':'.join(self.ending)}"]
        options = [
            *job.sbatch,
            f"--job-name={pipeline.project}.{name}",
            f"--chdir={pipeline.root}",
            f"--output={log}",
            "--open-mode=append",
            "--kill-on-invalid-dep=yes",
            *([f"--dependency={','.join(dependencies)}"] if dependencies else []),
            *([f"--array=0-{len(stages) - 1}"] if len(stages) > 1 else []),
            *(["--hold"] if hold else []),
        ]
        words = " ".join(map(shlex.quote, stages))
        script = f"#!/bin/sh\nexec python3 .mlops/scripts/slurm/job.py {words}\n"
        try:
            number = call("sbatch", "--parsable", *options, text=script).strip().partition(";")[0]
        except Failure as error:
            raise Failure(f"{', '.join(stages[:3])}: {error}") from None
        if len(stages) > 1:
            self.sizes[number] = len(stages)
        if hold:
            self.held.append(number)
        for index, stage in enumerate(stages):
            task = number if len(stages) == 1 else f"{number}_{index}"
            self.ids[stage] = task
            self.new.add(stage)
            pipeline.submitted[stage] = {"id": task, "log": os.path.join(logs, f"{name}.{task}.log")}
        pipeline.save()

    def release(self, others) -> None:
        """Let the jobs start, and those that an earlier submission left held."""
        held = [*self.held, *others]
        for start in range(0, len(held), 100):
            call("scontrol", "release", ",".join(held[start : start + 100]))

    def undo(self) -> None:
        """Cancel what was submitted."""
        if self.new:
            with contextlib.suppress(Failure):
                call("scancel", *{self.ids[stage].partition("_")[0] for stage in self.new})
            self.pipeline.submitted = self.before
            self.pipeline.save()
