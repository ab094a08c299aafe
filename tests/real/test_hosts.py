"""Every task on a host of its own, as engines start them that only load here: nothing but Git and S3 between the hosts.

Hosts are network namespaces with an empty disk each. Workers are killed and the S3 endpoint fails now and then; a task
that failed is begun again on another host.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from cloned import commit, ran, repository
from conftest import AWS, judge, run
from drawn import FEW, Drawn, pipelines
from hosts import SERVICES, Network, network
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.targets.engines import worker

pytestmark = [pytest.mark.real, pytest.mark.full]

NUMBERS = itertools.count()
AT_ONCE = 3
ATTEMPTS = 12
SECONDS = 280  # of one attempt, at most
S3, FAILING = "5000", "5001"
FOR_ALL = {**AWS, "AWS_MAX_ATTEMPTS": "2", "DVC_NO_ANALYTICS": "1"}


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A network whose first host serves Git and S3, S3 by two doors: a good one, and one that fails now and then."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "seen").mkdir()
    failing = Path(__file__).with_name("failing.py")
    services = [
        [str(judge("moto") / "moto_server"), "-H", SERVICES, "-p", S3],
        [sys.executable, str(failing), SERVICES, FAILING, S3, "1", str(tmp_path / "seen/failed")],
        ["git", "daemon", f"--listen={SERVICES}", f"--base-path={tmp_path / 'disk'}", "--export-all"],
    ]
    with network(tmp_path / "disk") as made:
        for command in services:
            made.start(made.services, *command, log=tmp_path / "services.log", HOME=str(tmp_path))
        yield made


def bucket(net: Network, name: str, log: Path) -> str:
    """Make a bucket, as soon as the server is there."""
    made = f"""
import time, urllib.request
for _ in range(300):
    try:
        urllib.request.urlopen(urllib.request.Request("http://{SERVICES}:{S3}/{name}", method="PUT"), timeout=10)
        break
    except OSError:
        time.sleep(0.2)
else:
    raise SystemExit("no S3")
"""
    assert net.start(net.services, sys.executable, "-c", made, log=log).wait(120) == 0, log.read_text()
    return f"s3://{name}"


def engine(needs: dict[str, list[str]], task: Callable[[str], None]) -> None:
    """Begin each stage's task as soon as those of the stages that it needs are done, a few at a time."""
    running: dict[Future[None], str] = {}
    done: set[str] = set()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while len(done) < len(needs):
            for name in set(needs) - done - set(running.values()):
                if set(needs[name]) <= done:
                    running[pool.submit(task, name)] = name
            for each in wait(running, return_when=FIRST_COMPLETED).done:
                done.add(running.pop(each))
                each.result()


def attempt(net: Network, stage: str, seconds: float | None, log: Path, environment: dict[str, str]) -> int:
    """The status of one task on one host, killed after some seconds where they are given."""
    with net.host() as host:
        task = net.start_empty(host, "sh", "-c", worker.text(), "worker", stage, log=log, environment=environment)
        try:
            return task.wait(seconds or SECONDS)
        except subprocess.TimeoutExpired:
            assert seconds is not None, f"{stage} takes more than {SECONDS} seconds:\n{log.read_text()}"
            os.killpg(task.pid, signal.SIGKILL)
            return task.wait(60)


@FEW
@given(drawn=pipelines(), seed=st.integers(0, 99))
def test_each_task_on_a_host_of_its_own(drawn: Drawn, seed: int, tmp_path: Path, net: Network) -> None:
    number = next(NUMBERS)
    root, said, log = tmp_path / f"disk/p{number}", tmp_path / f"said{number}.log", tmp_path / f"seen/ran{number}.log"
    failed, calm = tmp_path / "seen/failed", tmp_path / "seen/failed.calm"
    calm.unlink(missing_ok=True)
    stack = "stack: {orchestrator: [dvc, airflow], build: none, ci: []}"
    files = drawn.files(log, "p", stack, repaired=True)
    repository(root, bucket(net, f"hosts-{number}", said), f"http://{SERVICES}:{FAILING}", files)
    environment = {**FOR_ALL, "MLOPS_REPO": f"git://{SERVICES}/p{number}", "MLOPS_REV": commit(root)}
    statuses: list[int] = []
    over = threading.Event()  # one stage has failed for good: others need not be tried again

    def task(stage: str, kills: bool = False) -> None:
        chance = random.Random(f"{seed} {stage}")
        for turn in range(ATTEMPTS):
            kill = kills and turn < 2 and ((stage == "s0" and turn == 0) or chance.random() < 0.3)
            status = attempt(net, stage, chance.choice([0.3, 1, 2, 4]) if kill else None, said, environment)
            statuses.append(status)
            if status == 0:
                return
            if over.is_set() or status not in (4, -signal.SIGKILL):
                break
        over.set()
        raise AssertionError(f"{stage} was not done in {turn + 1} attempts, and gave {status}:\n{said.read_text()}")

    engine(drawn.needs, lambda stage: task(stage, kills=True))
    assert set(ran(log)) == set(drawn.outs()), "every command has run"
    print(f"tasks: {len(statuses)}, killed: {statuses.count(-signal.SIGKILL)}, failed: {statuses.count(4)}")
    assert statuses.count(-signal.SIGKILL) > 0
    assert failed.read_text().count("outage") > 0

    calm.touch()
    log.unlink()
    engine(drawn.needs, task)
    assert ran(log) == [], "what was done is done again"

    # Fetched by somebody on yet another host, all of it; and the same as DVC makes here.
    fetch = 'git clone -q "$MLOPS_REPO" p; cd p; dvc repro -q --pull; tar -C "$PWD" -cf "$KEPT" $OUTS'
    kept = tmp_path / f"seen/outs{number}.tar"
    told = {**environment, "KEPT": str(kept), "OUTS": " ".join(drawn.outs())}
    with net.host() as host:
        people = (net.start_empty(host, "sh", "-ec", fetch, log=said, environment=told) for _ in range(3))
        assert any(person.wait(SECONDS) == 0 for person in people), said.read_text()
    assert ran(log) == [], "a command ran again"
    there = tmp_path / f"fetched{number}"
    there.mkdir()
    run("tar", "-xf", str(kept), cwd=there)
    run("dvc", "repro", cwd=root)
    for path, text in drawn.texts().items():
        assert (there / path).read_text() == (root / path).read_text() == text
