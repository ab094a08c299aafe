"""Random pipelines by every way to run them: the same outputs, the same stages run, the same failure and what it stops.

MLOPS_EXAMPLES sets how many are drawn. What a pipeline must come to is worked out in drawn.py, so that DVC is judged like
all others. Where stages fail, it is then repaired: what was left is done, and what was done is not done again.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from cloned import commit, project, ran, restored, work
from conftest import AWS, BIN, judge, run, write
from drawn import FEW, Drawn, Step, pipelines
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.targets.engines import worker
from services import acted, gitlab

pytestmark = [pytest.mark.real, pytest.mark.full]

NUMBERS = itertools.count()
CLONES = "stack: {orchestrator: [dvc, airflow, mlflow], build: none, ci: []}"
CI = f"ci: {{secrets: [{', '.join(AWS)}]}}"


class Place(NamedTuple):
    """Where a way runs a pipeline, and with what."""

    root: Path
    environment: dict[str, str]
    drawn: Drawn
    homes: pytest.TempPathFactory
    chance: random.Random | None = None


class Way(NamedTuple):
    """One way to run all stages.

    ``begin`` runs them, and tells whether that failed. ``goes_on``: other stages still run when one has failed.
    ``on_remote``: what is made is on the DVC remote, not in the folder it was started in. ``whole``: so are outs that are not
    cached; `dvc push --run-cache`, which CI runs, leaves them out. ``caches``: what is made outlives the run; ``keeps``: also one
    that failed. act has a stand-in for GitHub's cache; gitlab-ci-local keeps no cache behind one that is for success alone.
    """

    stack: str
    begin: Callable[[Place], bool]
    goes_on: bool = True
    on_remote: bool = True
    whole: bool = True
    caches: bool = True
    keeps: bool = True


def by(*command: str) -> Callable[[Place], bool]:
    return lambda place: run(*command, cwd=place.root, check=False).returncode != 0


def by_worker(place: Place) -> bool:
    """Each stage by a worker, in order; with a chance given, some are killed on the way and begun again."""
    failed: set[str] = set()
    for name, needs in place.drawn.needs.items():
        if place.chance is not None and place.chance.random() < 0.3:
            killed(name, place.chance.uniform(0.5, 4), place.root, place.environment)
        done = work(name, cwd=place.root.parent, check=False, **place.environment)
        if done.returncode:
            assert done.returncode == (3 if failed & set(needs) else 1), done.stdout + done.stderr
            failed.add(name)
    return bool(failed)


def killed(name: str, seconds: float, root: Path, environment: Mapping[str, str]) -> None:
    """Start a worker, and kill it and all that it has started after a while."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    started = subprocess.Popen(
        ["sh", "-c", worker.text(), "worker", name], cwd=root.parent, env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    time.sleep(seconds)
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def by_github(place: Place) -> bool:
    secrets = [word for name, value in AWS.items() for word in ("--secret", f"{name}={value}")]
    done = acted(place.root, place.homes, "push", "--job", "pipeline", "--defaultbranch", "main", *secrets)
    return _said(place, done)


def by_gitlab(place: Place) -> bool:
    home = place.root.parent / "home"  # the caches of a runner
    home.mkdir(exist_ok=True)
    variables = {name: {"type": "variable", "values": {"mlops": value}} for name, value in AWS.items()}
    write(place.root, {".gitlab-ci-local-variables.yml": yaml.safe_dump(variables)})
    return _said(place, gitlab(place.root, home))


def by_airflow(place: Place) -> bool:
    airflow = str(judge("airflow") / "airflow")
    home = place.homes.getbasetemp() / "airflow"
    environment = {
        **place.environment,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.root / "dags"),
    }
    if not home.exists():  # half a minute: once for all pipelines
        run(airflow, "db", "migrate", cwd=place.root, **environment)
    name = next((place.root / "dags").glob("*.py")).stem
    return _said(place, run(airflow, "dags", "test", name, cwd=place.root, check=False, **environment))


def by_mlflow(place: Place) -> bool:
    path = os.pathsep.join([str(judge("mlflow")), str(BIN), os.environ["PATH"]])
    store = f"sqlite:///{place.homes.getbasetemp()}/mlflow.db"
    environment = {**place.environment, "MLFLOW_TRACKING_URI": store, "PATH": path}
    mlflow = str(judge("mlflow") / "mlflow")
    return _said(place, run(mlflow, "run", ".", "--env-manager", "local", cwd=place.root, check=False, **environment))


def by_slurm(place: Place) -> bool:
    """The jobs of each stage; of a pipeline that failed before, those that are left."""
    run("make", "slurm", cwd=place.root, **place.environment)
    end = time.monotonic() + 250
    while run("squeue", "-h", cwd=place.root, **place.environment).stdout:
        assert time.monotonic() < end, "jobs are left in the queue"
        time.sleep(0.2)
    told = run("make", "slurm-status", cwd=place.root, **place.environment).stdout
    return "FAILED" in told


def _said(place: Place, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether it failed. What it said is kept, for when a test fails."""
    (place.root.parent / "said.txt").write_text(f"{done.stdout}\n{done.stderr}")
    print(done.stdout[-5000:], done.stderr[-5000:])
    return done.returncode != 0


WAYS = {
    "dvc": Way("stack: {ci: []}", by("dvc", "repro", "--keep-going"), on_remote=False),
    "make": Way("stack: {ci: []}", by("make", "pipeline-parallel", "JOBS=3", "KEEP_GOING=1"), on_remote=False),
    "native make": Way("stack: {orchestrator: make, ci: []}", by("make", "-k", "-j3", "pipeline"), on_remote=False),
    "worker": Way(CLONES, by_worker),
    "github": Way(f"stack: {{ci: github}}\n{CI}", by_github, goes_on=False, whole=False, caches=False, keeps=False),
    "gitlab": Way(f"stack: {{ci: gitlab}}\n{CI}", by_gitlab, goes_on=False, whole=False, keeps=False),
    "airflow": Way(CLONES, by_airflow),
    "mlflow": Way(CLONES, by_mlflow),
    "slurm": Way("stack: {orchestrator: [dvc, make, slurm], ci: []}", by_slurm, on_remote=False),
}


@pytest.mark.parametrize("name", WAYS)
@FEW
@given(drawn=pipelines(), seed=st.integers(0, 9))
def test_every_way_gives_the_same(
    name: str,
    drawn: Drawn,
    seed: int,
    tmp_path: Path,
    s3: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> None:
    way, number = WAYS[name], next(NUMBERS)
    base = tmp_path / str(number)
    log, root = base / "ran.log", base / "p"
    label = f"same-{number}-{os.getpid()}"
    environment = project(root, s3, label, drawn.files(log, label, way.stack))
    if name == "slurm":
        environment |= request.getfixturevalue("slurm").environment
    place = Place(root, environment, drawn, tmp_path_factory)

    assert way.begin(place) == bool(drawn.fails)
    first = ran(log)
    whole = sorted([*drawn.good(), *drawn.failing])
    if way.goes_on or not drawn.fails:
        assert first == whole
    else:
        stopped_at_the_first_failure(drawn, first)
    done = set(first) - set(drawn.failing)

    if drawn.fails:
        log.unlink(missing_ok=True)
        write(root, drawn.files(log, label, way.stack, repaired=True))
        run("mlopsc", "build", cwd=root)
        environment["MLOPS_REV"] = commit(root)
        assert not way.begin(place)
        left = set(drawn.outs()) - (done if way.keeps else set())
        assert ran(log) == sorted(left), "what was done is done again, or something is left out"

    log.unlink(missing_ok=True)
    if not (drawn.fails and name in ("github", "gitlab", "airflow", "mlflow")):  # the repair has shown it of these
        assert not way.begin(place._replace(chance=random.Random(seed)))
        assert ran(log) == ([] if way.caches else uncached(drawn)), "what was done is done again"
    if way.on_remote:
        log.unlink(missing_ok=True)
        root = base / "clone"
        run("git", "clone", "-q", str(base / "p"), str(root), cwd=base)
        run("dvc", "repro", "--pull", cwd=root, **environment)
        assert ran(log) == ([] if way.whole else uncached(drawn)), "a command ran again"
    assert {path: (root / path).read_text() for path in drawn.outs()} == drawn.texts()


def uncached(drawn: Drawn) -> list[str]:
    """What stages write that have an out which is not cached: DVC takes them out of its run cache whole, or not at all."""
    return sorted(step.out for steps in drawn.steps.values() if steps[1:] for step in steps)


def stopped_at_the_first_failure(drawn: Drawn, outs: list[str]) -> None:
    """CI runs `dvc repro`, which stops there: some stage failed, nothing behind one ran, and nothing before its time."""
    assert set(outs) & set(drawn.failing)
    assert set(outs) <= {*drawn.good(), *drawn.failing}
    assert len(outs) == len(set(outs))
    for stage, needs in drawn.needs.items():
        if set(outs) & set(drawn.outs(stage)):
            assert all(set(drawn.outs(each)) <= set(outs) for each in needs), stage


def test_killed_before_anything_is_kept(tmp_path: Path, s3: str) -> None:
    """Workers that die at any time leave nothing that another takes for a result."""
    steps = {"s0": [Step("out/s0/x.txt", "1", ["raw.txt"])], "s1": [Step("out/s1/x.txt", "2", ["out/s0"])]}
    drawn = Drawn({"s0": [], "s1": ["s0"]}, steps, set(), {})
    log, root = tmp_path / "ran.log", tmp_path / "p"
    environment = project(root, s3, f"killed-{os.getpid()}", drawn.files(log, "p", CLONES))
    for seconds in (0.3, 1.5, 2.5):
        killed("s0", seconds, root, environment)
        after_kill = work("s1", cwd=tmp_path, check=False, **environment)
        assert after_kill.returncode in (0, 3), after_kill.stderr
    work("s0", cwd=tmp_path, **environment)
    work("s1", cwd=tmp_path, **environment)
    restored(root, [], log, environment)
    assert {path: (tmp_path / "p-restored" / path).read_text() for path in drawn.outs()} == drawn.texts()
