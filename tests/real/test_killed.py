"""The loop of examples/loop by its make targets, each step killed at random moments and run again: it ends the same.

All that a step started is killed with it, by SIGKILL, so nothing can tidy up. `LOOP_SEED=N` draws the same moments again.
"""

from __future__ import annotations

import contextlib
import csv
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BIN, ROOT, run
from test_loop import Loop, log

pytestmark = [pytest.mark.real, pytest.mark.full]
KILLS = int(os.environ.get("LOOP_KILLS", "2"))


class Killed:
    """A repository with the loop in it, its store and its data in folders, and steps that do not live long."""

    def __init__(self, root: Path) -> None:
        self.loop = Loop(root, "")
        self.seed = int(os.environ.get("LOOP_SEED", time.time_ns() % 100_000))
        self.draw = random.Random(self.seed)
        self.times: list[str] = []

    def mended(self) -> None:
        """What Git and DVC ask a person to do after a kill: docs/operations.md has it."""
        for lock in self.loop.work.glob(".git/**/*.lock"):
            lock.unlink()
        held = self.loop.work / ".dvc/tmp/rwlock"
        if held.exists() and not held.read_text().endswith("}"):
            held.unlink()

    def make(self, target: str, code: int = 0, **more: str) -> None:
        """A step: killed some times at a moment of its last duration, then left to its end."""
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        settings = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", **self.loop.environment, **more}
        last = 4.0
        for _ in range(KILLS):
            step = subprocess.Popen(
                ["make", target], cwd=self.loop.work, env=settings, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            begin, moment = time.monotonic(), self.draw.uniform(0.2, last)
            try:
                step.wait(timeout=moment)
                last = time.monotonic() - begin
                self.times.append(f"{target} had ended")
            except subprocess.TimeoutExpired:
                self.times.append(f"{target} killed after {moment:.2f} s")
                last = moment * 2
            with contextlib.suppress(ProcessLookupError):
                os.killpg(step.pid, signal.SIGKILL)
            step.wait()
            gone(step.pid)
            self.mended()
        done = run("make", target, cwd=self.loop.work, check=False, **self.loop.environment, **more)
        told = f"LOOP_SEED={self.seed}: {self.times}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert done.returncode == code, told


def gone(group: int) -> None:
    """Wait until the last process of a group has gone: what is killed takes a moment, and DVC asks who holds its lock."""
    for _ in range(300):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("a killed process is still there")


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Killed]:
    made = Killed(tmp_path)
    yield made
    made.loop.stop()


def test_each_step_can_be_killed_and_run_again(killed: Killed) -> None:
    loop, root = killed.loop, killed.loop.root
    shutil.copytree(ROOT / "examples/loop", loop.work, ignore=shutil.ignore_patterns("__pycache__", ".mlops", ".dvc"))
    spec = loop.work / "mlops.yaml"
    text = spec.read_text().replace("s3://loop/store", "../store").replace("s3://loop/live.csv", str(root / "live.csv"))
    spec.write_text(text.replace("PORT: 8765", f"PORT: {loop.port}").replace("ci: [github, gitlab]", "ci: []"))
    for made in ("dvc.yaml", "Makefile", "monitoring/dvc.yaml", ".gitlab-ci.yml", ".gitignore"):
        (loop.work / made).unlink()
    shutil.rmtree(loop.work / ".github")
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(root / "origin.git"), cwd=root)
    loop.here("git", "init", "--quiet", "--initial-branch=main")
    loop.here("git", "config", "user.name", "loop")
    loop.here("git", "config", "user.email", "loop@example.org")
    loop.here("git", "remote", "add", "origin", str(root / "origin.git"))
    loop.here("dvc", "init", "--quiet")
    loop.here("mlopsc", "build")
    (root / "live.csv").write_text(log(200, seed=1, shift=0))

    killed.make("data")
    killed.make("pipeline")
    loop.commit("The first model")
    killed.make("push")
    killed.make("register-shop", VERSION="v1.0.0")
    killed.make("deploy-staging")
    assert loop.asked(2, 2) == {"label": "snack", "version": "v1.0.0"}

    killed.make("monitor-drift")
    (root / "live.csv").write_text(log(200, seed=2, shift=2.0))
    killed.make("monitor-drift", code=2)
    with (loop.work / "monitoring/drift.csv").open(newline="") as file:
        looks = [(row["verdict"], row["retrain"]) for row in csv.DictReader(file)]
    assert set(looks) == {("fine", "no"), ("breach", "yes")}, "nothing was retrained yet"
    assert looks[0] == ("fine", "no")
    loop.here("git", "checkout", "--quiet", "--", "data/live.csv.dvc")
    killed.make("retrain-drift")
    branches = run("git", "branch", "--list", "retrain-drift-*", cwd=root / "origin.git").stdout.split()
    assert len(branches) == 1, killed.times
    before = run("git", "rev-parse", "--short=12", "main:dvc.lock", cwd=loop.work).stdout.strip()
    recorded = (loop.work / "monitoring/drift.retrained").read_text().splitlines()
    assert [line.split()[0] for line in recorded] == [before], killed.times
    loop.here("git", "checkout", "--quiet", "main")
    loop.here("git", "merge", "--quiet", "--ff-only", branches[0])
    loop.here("git", "push", "--quiet", "origin", "main")
    loop.here("dvc", "checkout", "--quiet")
    killed.make("register-shop", VERSION="v2.0.0")
    killed.make("deploy-staging")
    assert loop.asked(2, 2)["version"] == "v2.0.0"
    loop.here("rm", "-rf", ".dvc/cache")
    killed.make("deploy-staging", VERSION="v1.0.0")
    assert loop.asked(2, 2) == {"label": "snack", "version": "v1.0.0"}

    tags = run("git", "tag", "--list", "shop*", cwd=root / "origin.git").stdout.split()
    assert tags == ["shop#staging#1", "shop#staging#2", "shop#staging#3", "shop@v1.0.0", "shop@v2.0.0"], killed.times
    at = ("git", "rev-parse", "shop#staging#1^{}", "shop#staging#3^{}", "shop@v1.0.0^{}")
    assert len(set(run(*at, cwd=root / "origin.git").stdout.split())) == 1
