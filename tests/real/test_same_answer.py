"""Random pipelines by every way to run them: the same outputs, the same stages run, the same failure and what it stops.

MLOPS_EXAMPLES sets how many pipelines are drawn (one, because each is run some dozens of times by real tools).
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cloned import STEP, hashes, project, ran, restored, work
from conftest import BIN, run, write
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.worker import TEXT

pytestmark = pytest.mark.real

EXAMPLES = int(os.environ.get("MLOPS_EXAMPLES", "1"))
FOLDERS = itertools.count()


class Drawn(NamedTuple):
    """A pipeline: the outs of each stage in an order that respects what they need, and which of them fails."""

    needs: dict[str, list[str]]
    stages: dict[str, Any]
    fails: str | None

    @property
    def stopped(self) -> set[str]:
        """What cannot run: the stage that fails, and all behind it."""
        found: set[str] = {self.fails} if self.fails else set()
        for name, needs in self.needs.items():
            if found & set(needs):
                found.add(name)
        return found


@st.composite
def pipelines(draw: st.DrawFn) -> Drawn:
    """Stages with one out each (a file, or a file in a folder that is the dep), fan-in and fan-out, params, a matrix."""
    count = draw(st.integers(2, 4))
    needs: dict[str, list[str]] = {}
    stages: dict[str, Any] = {}
    fails = draw(st.none() | st.integers(0, count - 1))
    for index in range(count):
        name = f"s{index}"
        before = draw(st.lists(st.sampled_from(sorted(needs)), unique=True, max_size=3)) if needs else []
        folders = [draw(st.sampled_from([f"out/{each}", f"out/{each}/x.txt"])) for each in before]
        word = "fail" if index == fails else draw(st.sampled_from(["${p}", "${deep.q}", "plain"]))
        body: dict[str, Any] = {
            "cmd": f"python step.py LOG out/{name}/x.txt {word} {' '.join(['raw.txt', *folders])}",
            "deps": ["step.py", "raw.txt", *folders],
            "outs": [f"out/{name}"],
        }
        if word.startswith("$"):
            body["params"] = [word[2:-1]]
        stages[name] = body
        needs[name] = before
    if draw(st.booleans()):
        stages["m"] = {
            "matrix": {"x": ["a", "b"]},
            "cmd": "python step.py LOG out/m-${item.x}/x.txt ${item.x} out/s0",
            "deps": ["step.py", "out/s0"],
            "outs": ["out/m-${item.x}"],
        }
        needs |= {"m@a": ["s0"], "m@b": ["s0"]}
    return Drawn(needs, stages, None if fails is None else f"s{fails}")


def files(drawn: Drawn, log: Path, orchestrator: str) -> dict[str, str]:
    text = json.dumps(drawn.stages).replace("LOG", str(log))
    spec = f"mlops: 1\nproject: p\nstack: {{orchestrator: {orchestrator}, ci: []}}\nstages: {text}\n"
    return {"step.py": STEP, "raw.txt": "raw", "params.yaml": "p: 1\ndeep: {q: two}\n", "mlops.yaml": spec}


def out(name: str) -> str:
    return f"out/{name.replace('@', '-')}/x.txt"


def by_worker(drawn: Drawn, root: Path, environment: Mapping[str, str], chance: random.Random | None) -> set[str]:
    """Each stage by a worker, in order; with a chance given, some are killed on the way and begun again."""
    failed: set[str] = set()
    for name, needs in drawn.needs.items():
        if chance is not None and chance.random() < 0.5:
            killed(name, chance.uniform(0.5, 4), root, environment)
        done = work(name, cwd=root.parent, check=False, **environment)
        if done.returncode:
            assert done.returncode == (3 if failed & set(needs) else 1), done.stdout + done.stderr
            failed.add(name)
    return failed


def killed(name: str, seconds: float, root: Path, environment: Mapping[str, str]) -> None:
    """Start a worker, and kill it and all that it has started after a while."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    started = subprocess.Popen(
        ["sh", "-c", TEXT, "worker", name], cwd=root.parent, env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    time.sleep(seconds)
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(drawn=pipelines(), seed=st.integers(0, 9))
def test_every_way_gives_the_same(drawn: Drawn, seed: int, tmp_path: Path, s3: str) -> None:
    base = tmp_path / str(next(FOLDERS))
    expected = {name for name in drawn.needs if name not in drawn.stopped}
    begun = sorted([*map(out, expected), *([out(drawn.fails)] if drawn.fails else [])])
    good = sorted(map(out, expected))
    found: dict[str, dict[str, str]] = {}

    # One after the other, going on where something failed; make goes on likewise with -k.
    local = {
        "dvc": ("[dvc]", ("dvc", "repro", "--keep-going")),
        "make": ("[dvc, make]", ("make", "-k", "-j3", ".stages")),
        "native": ("make", ("make", "-k", "-j3", "pipeline")),
    }
    for name, (orchestrator, command) in local.items():
        log, root = base / f"{name}.log", base / name
        write(root, files(drawn, log, orchestrator))
        run("git", "init", "--quiet", cwd=root)
        run("dvc", "init", "--quiet", cwd=root)
        run("mlopsc", "build", cwd=root)
        assert (run(*command, cwd=root, check=False).returncode != 0) == bool(drawn.fails), name
        assert ran(log) == begun, name
        found[name] = hashes(root, good)
        log.unlink(missing_ok=True)
        run(*command, cwd=root, check=False)
        assert ran(log) == ([out(drawn.fails)] if drawn.fails else []), f"{name}: what was done is done again"

    # A clone for each, with the S3 endpoint between them; the second time some are killed.
    log, root = base / "worker.log", base / "worker"
    environment = project(root, s3, f"same-{base.name}-{os.getpid()}", files(drawn, log, "[dvc, airflow]"))
    assert by_worker(drawn, root, environment, None) == drawn.stopped
    assert ran(log) == begun
    log.unlink(missing_ok=True)
    assert by_worker(drawn, root, environment, random.Random(seed)) == drawn.stopped
    assert set(ran(log)) <= {out(drawn.fails)} if drawn.fails else ran(log) == [], "a worker did it again"
    if drawn.fails is None:
        found["worker"] = restored(root, good, log, environment)
    else:
        clone = base / "clone"
        run("git", "clone", "-q", str(root), str(clone), cwd=base)
        for name in expected:
            work(name, cwd=clone, **{**environment, "MLOPS_REPO": ""})
        found["worker"] = hashes(clone, good)
    assert all(each == found["dvc"] for each in found.values()), found


def test_killed_before_anything_is_kept(tmp_path: Path, s3: str) -> None:
    """Workers that die at any time leave nothing that another takes for a result."""
    command = {"cmd": "python step.py LOG out/s0/x.txt 1 raw.txt", "deps": ["step.py", "raw.txt"], "outs": ["out/s0"]}
    after = {"cmd": "python step.py LOG out/s1/x.txt 2 out/s0", "deps": ["step.py", "out/s0"], "outs": ["out/s1"]}
    drawn = Drawn({"s0": [], "s1": ["s0"]}, {"s0": command, "s1": after}, None)
    log, root = tmp_path / "ran.log", tmp_path / "p"
    environment = project(root, s3, f"killed-{os.getpid()}", files(drawn, log, "[dvc, airflow]"))
    for seconds in (0.3, 1.5, 2.5):
        killed("s0", seconds, root, environment)
        after_kill = work("s1", cwd=tmp_path, check=False, **environment)
        assert after_kill.returncode in (0, 3), after_kill.stderr
    work("s0", cwd=tmp_path, **environment)
    work("s1", cwd=tmp_path, **environment)
    assert (hashes(root, []) | restored(root, [out("s0"), out("s1")], log, environment)).keys() == {
        out("s0"),
        out("s1"),
    }
    assert (tmp_path / "p-restored" / out("s1")).read_text() == "2:1:raw"
