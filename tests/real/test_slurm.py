"""The pipeline as jobs of a real SLURM: order, arrays, failures, requeued jobs, cancelled ones, and the records of `dvc repro`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cluster import DAEMONS, NODE, Cluster
from conftest import BIN, initialise, run, tool, write
from running import records

pytestmark = [pytest.mark.real, pytest.mark.full]

STEP = """\
name=$1 out=$2; shift 2
echo "$name begins $(date +%s.%N)" >> "$LOG"
cat "$@" > "$out"
echo "$name" >> "$out"
if [ -f "hang-$name" ]; then sleep 300; fi
if [ -f "fail-$name" ]; then echo "$name is broken"; exit 3; fi
while [ -f "$LOG.together" ] && [ "$(grep -c "^${name%-*}-. begins" "$LOG")" = 1 ]; do sleep 0.1; done
echo "$name ends $(date +%s.%N)" >> "$LOG"
"""
"""A command: writes what it reads into its out; hangs, fails or waits for the other task of its array if a file says so."""


def stage(name: str, out: str, *deps: str, **more: Any) -> dict[str, Any]:
    return {"cmd": f"sh step.sh {name} {out} {' '.join(deps)}", "deps": [*deps], "outs": [out], **more}


CHAIN: dict[str, Any] = {
    "prepare": stage("prepare", "a.txt", "raw.txt"),
    "train": {"foreach": ["x", "y"], "do": stage("train-${item}", "t/${item}.txt", "a.txt")},
    "score": {"foreach": ["x", "y"], "do": stage("score-${item}", "s/${item}.txt", "t/${item}.txt")},
    "all": stage("all", "all.txt", "s", "extra.txt") | {"cmd": "sh step.sh all all.txt s/x.txt s/y.txt extra.txt"},
}
"""One stage, an array, an array whose tasks depend on the tasks of the first one, and a stage that depends on them all."""


class Project:
    """A repository with the target, and the SLURM that runs it."""

    def __init__(self, root: Path, cluster: Cluster, stages: Mapping[str, Any], **more: Any) -> None:
        self.root = root
        self.log = root.parent / f"{root.name}.log"
        self.environment = {**cluster.environment, "LOG": str(self.log)}
        spec = {"mlops": 1, "project": "p", "stack": {"orchestrator": ["dvc", "make", "slurm"], "ci": []}, **more}
        files = {"mlops.yaml": json.dumps({**spec, "stages": stages}), "step.sh": STEP, "raw.txt": "raw\n"}
        write(root, {**files, "extra.txt": "extra\n", "t/keep": "", "s/keep": ""})
        initialise(root)
        run("mlopsc", "build", cwd=root)

    def make(self, goal: str, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return run("make", goal, *words, cwd=self.root, check=check, **{**self.environment, **environment})

    def states(self) -> dict[str, str]:
        """The state of each stage, by `make slurm-status`."""
        return {line.split()[0]: line.split()[2] for line in self.make("slurm-status").stdout.splitlines()}

    def ran(self, what: str = "begins") -> list[str]:
        """The stages whose commands have begun, in that order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split()[0] for line in lines if line.split()[1] == what]

    def time(self, name: str, what: str) -> float:
        return next(
            float(line.split()[2]) for line in self.log.read_text().splitlines() if line.startswith(f"{name} {what}")
        )

    def processes(self) -> str:
        """The runners that work here."""
        return subprocess.run(
            ["pgrep", "-f", f"{self.root}.*run.py"], capture_output=True, text=True, check=False
        ).stdout

    def read(self, path: str) -> str:
        return (self.root / path).read_text()


ALL = ["prepare", *(f"{name}-{item}" for name in ("train", "score") for item in "xy"), "all"]


def test_the_jobs_leave_what_dvc_repro_leaves(tmp_path: Path, slurm: Cluster) -> None:
    ours, dvc = (Project(tmp_path / name, slurm, CHAIN) for name in ("ours", "dvc"))
    for project in (ours, dvc):
        (project.root / "extra.txt").unlink()
        write(project.root, {"extra.txt": "one\n"})
        run("dvc", "add", "-q", "extra.txt", cwd=project.root)
        write(project.root, {"extra.txt": "two\n"})  # which a run has to record
    run("dvc", "repro", "-q", cwd=dvc.root, **dvc.environment)

    together = Path(f"{ours.log}.together")  # the tasks of an array end once both have begun
    together.touch()
    told = ours.make("slurm").stdout
    assert re.search(r"prepare: job \d+ .*\n", told), told
    assert len(set(re.findall(r"train@.: job (\d+)_", told))) == 1, "foreach is one array"
    slurm.settle()
    assert set(ours.states().values()) == {"COMPLETED"}, ours.make("slurm-status").stdout
    assert records(ours.root) == records(dvc.root)
    assert ours.read("dvc.lock") == dvc.read("dvc.lock"), "its entries are in the order of DVC"
    assert sorted(ours.ran()) == sorted(ALL)
    assert ours.time("prepare", "ends") < min(ours.time(f"train-{item}", "begins") for item in "xy")
    assert all(ours.time(f"train-{item}", "ends") < ours.time(f"score-{item}", "begins") for item in "xy")
    together.unlink()
    assert "nothing to run" in ours.make("slurm").stdout
    assert "up to date" in run("dvc", "status", cwd=ours.root).stdout

    write(ours.root, {"extra.txt": "three\n"})
    assert re.fullmatch(r"(?s).*all: job \d+ .*", told := ours.make("slurm").stdout)
    assert "train" not in told, "only what must run is submitted"
    slurm.settle()
    assert sorted(ours.ran()) == sorted([*ALL, "all"])


def test_a_failure_stops_what_depends_on_it_and_resume_does_the_rest(tmp_path: Path, slurm: Cluster) -> None:
    project = Project(tmp_path / "p", slurm, CHAIN)
    write(project.root, {"fail-train-y": ""})
    project.make("slurm")
    slurm.settle()
    states = project.states()
    assert states == {
        **dict.fromkeys(["prepare", "train@x", "score@x"], "COMPLETED"),
        **dict.fromkeys(["score@y", "all"], "CANCELLED"),
        "train@y": "FAILED",
    }
    told = project.make("slurm-status").stdout
    assert "exit status 3: see .mlops/state/slurm/logs/train." in told
    assert "DependencyNeverSatisfied" in told
    assert "train-y is broken" in project.make("slurm-log", "STAGE=train@y").stdout
    assert "no job was submitted for 'x'" in project.make("slurm-log", "STAGE=x", check=False).stderr

    (project.root / "fail-train-y").unlink()
    project.log.unlink()
    project.make("slurm-resume")
    slurm.settle()
    assert sorted(project.ran()) == ["all", "score-y", "train-y"], (
        "what was done is done again, or something is left out"
    )
    assert set(project.states().values()) == {"COMPLETED"}
    assert project.read("s/y.txt") == "raw\nprepare\ntrain-y\nscore-y\n"


def test_two_submissions_at_once(tmp_path: Path, slurm: Cluster) -> None:
    project = Project(tmp_path / "p", slurm, CHAIN)
    write(project.root, {"hang-prepare": ""})
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    both = [
        subprocess.Popen(
            ["make", "slurm"], cwd=project.root, env={**os.environ, **project.environment, "PATH": path},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [process.communicate() for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], told
    refused = next(errors for process, (_, errors) in zip(both, told, strict=True) if process.returncode)
    assert (
        "another submission is being made, by process" in refused or "jobs of this pipeline are in the queue" in refused
    )
    assert len(slurm.jobs()) == 6

    third = project.make("slurm", check=False)
    assert third.returncode, third.stdout
    assert "6 jobs of this pipeline are in the queue" in third.stderr
    assert "is in the queue" in project.make("slurm-resume").stdout
    assert len(slurm.jobs()) == 6

    slurm.until(lambda: project.ran() == ["prepare"], "prepare runs")
    assert "cancelled 6 jobs" in project.make("slurm-cancel").stdout
    (project.root / "hang-prepare").unlink()
    project.make("slurm-resume")  # the cancelled job may still be ending
    slurm.settle()
    assert sorted(project.ran()) == sorted(["prepare", *ALL])
    assert project.read("all.txt").endswith("extra\nall\n")
    assert "no job of this pipeline" in project.make("slurm-cancel").stdout
    assert not project.processes()


def test_a_lost_node(tmp_path: Path, slurm: Cluster) -> None:
    """The job of a stage with retries starts again by itself; that of another one by `make slurm-resume`."""
    stages = {"a": stage("a", "a.txt", "raw.txt", retries=1), "b": stage("b", "b.txt", "raw.txt")}
    project = Project(tmp_path / "p", slurm, stages)
    write(project.root, {"hang-a": "", "hang-b": ""})
    project.make("slurm")
    slurm.until(lambda: sorted(project.ran()) == ["a", "b"], "both run")
    slurm.call("scontrol", "update", f"NodeName={NODE}", "State=DOWN", "Reason=lost")
    (project.root / "hang-a").unlink()
    (project.root / "hang-b").unlink()
    slurm.until(lambda: list(slurm.jobs().values()) == ["PENDING"], "only one is requeued")
    slurm.until(lambda: not project.processes(), "the processes of both are gone")
    assert project.states()["b"] == "NODE_FAIL"
    slurm.call("scontrol", "update", f"NodeName={NODE}", "State=RESUME", check=False)  # it may be back by itself
    assert re.search(r"a: job \d+ is in the queue\n", project.make("slurm-resume").stdout)
    slurm.call("scontrol", "update", f"JobId={next(iter(slurm.jobs()))}", "StartTime=now", check=False)
    slurm.settle()
    assert project.states() == {"a": "COMPLETED", "b": "COMPLETED"}
    assert project.read("a.txt") == "raw\na\n"
    assert project.read("b.txt") == "raw\nb\n"
    assert sorted(project.ran()) == ["a", "a", "b", "b"]
    assert sorted(project.ran("ends")) == ["a", "b"]
    assert "up to date" in run("dvc", "status", cwd=project.root).stdout


def test_a_submission_is_whole_or_not_at_all(tmp_path: Path, slurm: Cluster) -> None:
    """A submitter that dies leaves held jobs, which `make slurm-resume` completes; a refused job leaves none."""
    pair = {"a": stage("a", "a.txt", "raw.txt"), "b": stage("b", "b.txt", "a.txt")}
    project = Project(tmp_path / "p", slurm, pair)
    fake = write(tmp_path / "bin", {"sbatch": f'#!/bin/sh\n{tool("sbatch")} "$@"\nkill -9 $PPID\n'})
    (fake / "sbatch").chmod(0o755)
    (project.root / ".venv").mkdir()
    (project.root / ".venv/bin").symlink_to(fake)  # the Makefile puts it first
    project.make("slurm", check=False)
    (project.root / ".venv/bin").unlink()
    assert len(slurm.jobs()) == 1
    assert "1 jobs of this pipeline are in the queue" in project.make("slurm", check=False).stderr
    assert "slurm-resume` goes on" in project.make("slurm-status").stdout
    time.sleep(1.5)  # longer than the scheduler's interval
    assert project.ran() == [], "a held job has started"
    project.make("slurm-resume")
    slurm.settle()
    assert project.ran() == ["a", "b"]

    stages = {**pair, "b": {**pair["b"], "slurm": {"partition": "nowhere"}}}
    broken = Project(tmp_path / "broken", slurm, stages)
    refused = broken.make("slurm", check=False)
    assert refused.returncode, refused.stdout
    assert re.search(r"b: sbatch: .*nvalid partition", refused.stderr), refused.stderr
    assert not slurm.jobs()
    assert broken.ran() == []


def test_the_options_of_a_job(tmp_path: Path, slurm: Cluster) -> None:
    """What SLURM itself read of them, and a hostile value stays a value."""
    hostile = 'x\' --wrap=id; $(touch pwned) "`touch pwned`" %j \\'
    asked = {"resources": {"cpu": 1.5, "memory": "100Mi", "gpu": 1}, "timeout": "10m", "retries": 1}
    stages = {
        "a": stage("a", "a.txt", "raw.txt", **asked),
        "b b": stage(
            "b", "b.txt", "raw.txt", slurm={"partition": "other", "comment": None, "gres": "gpu:a100:2", "nice": 7}
        ),
    }
    project = Project(tmp_path / "p's %j", slurm, stages, slurm={"comment": hostile, "exclusive": False, "mem": "50M"})
    project.make("slurm")
    submitted = json.loads(project.read(".mlops/state/slurm/jobs.json"))
    shown = {name: slurm.call("scontrol", "show", "job", job["id"], "-o") for name, job in submitted.items()}
    slurm.settle()
    assert (
        set(project.states().values()) == {"COMPLETED"} or project.make("slurm-status").stdout.count("COMPLETED") == 2
    )
    for wanted in (
        "CPUs/Task=2",
        "MinMemoryNode=50M",
        "TresPerNode=gres:gpu:1",
        "TimeLimit=00:30:00",
        "Requeue=1",
        "Partition=main",
    ):
        assert wanted in shown["a"], (wanted, shown["a"])
    assert f"Comment={hostile}" in shown["a"]
    for wanted in ("TresPerNode=gres:gpu:a100:2", "Partition=other", "Requeue=0", "Nice=7"):
        assert wanted in shown["b b"], (wanted, shown["b b"])
    assert "Comment=" not in shown["b b"]
    assert not list(project.root.glob("**/pwned"))
    assert project.read("b.txt") == "raw\nb\n"
    assert "] > sh step.sh b" in project.make("slurm-log", "STAGE=b b").stdout


def test_edits_while_jobs_run(tmp_path: Path, slurm: Cluster) -> None:
    """A stage is recorded with what it read; what became of an edit runs the next time."""
    project = Project(tmp_path / "p", slurm, {"a": stage("a", "a.txt", "raw.txt"), "b": stage("b", "b.txt", "a.txt")})
    write(
        project.root,
        {
            "step.sh": STEP.replace('[ -f "hang-$name" ]', "[ ! -f go ]").replace(
                "sleep 300", "while [ ! -f go ]; do sleep 0.1; done"
            )
        },
    )
    project.make("slurm")
    slurm.until(lambda: project.ran() == ["a"], "a runs")
    write(project.root, {"raw.txt": "edited\n", "go": ""})
    slurm.settle()
    assert project.states()["a"] == "COMPLETED"
    assert "raw.txt was edited while the stage ran" in project.make("slurm-log", "STAGE=a").stdout
    assert project.read("a.txt") == "raw\na\n"
    assert "raw.txt" in run("dvc", "status", cwd=project.root).stdout
    project.make("slurm-resume")
    slurm.settle()
    assert project.read("b.txt") == "edited\na\nb\n"
    assert "up to date" in run("dvc", "status", cwd=project.root).stdout


def test_a_job_that_starts_too_early_runs_nothing(tmp_path: Path, slurm: Cluster) -> None:
    """SLURM starts a job at once if it knows no job that it depends on: the runner compares what the stage needs."""
    project = Project(tmp_path / "p", slurm, CHAIN)
    script = "#!/bin/sh\nexec python3 .mlops/scripts/slurm/job.py train@x train@y\n"
    write(project.root, {"early.sh": script})
    early = [f"--chdir={project.root}", "--array=0-1", "--dependency=afterok:999999", f"--output={tmp_path}/early"]
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    run("sbatch", *early, str(project.root / "early.sh"), cwd=project.root, **{**project.environment, "PATH": path})
    slurm.settle()
    assert "prepare is not up to date" in (tmp_path / "early").read_text()
    assert project.ran() == []


def test_a_killed_test_run_leaves_no_daemon() -> None:
    for name in ("sbatch", "slurmctld", "slurmd", "munged"):
        tool(name)
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    program = f"import cluster, pathlib\nwith cluster.cluster(pathlib.Path({str(folder)!r})): print('ready', flush=True); input()"
    search = os.pathsep.join(str(Path(__file__).parents[above]) for above in (0, 1))
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": search},
    ) as tests:
        assert tests.stdout is not None
        assert tests.stdout.readline() == "ready\n"
        daemons = [int((folder / f"{name}.pid").read_text()) for name in DAEMONS]
        tests.kill()
    end = time.monotonic() + 60
    while any(map(is_running, daemons)) or folder.exists():
        assert time.monotonic() < end, f"still there: {[*filter(is_running, daemons)]}"
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
