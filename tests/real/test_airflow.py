"""The DAG by Airflow itself: run task by task, in parallel by its scheduler, with other parameters, and failing."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from cloned import STEP, commit, hashes, project, ran, restored
from conftest import BIN, answers, judge, run

pytestmark = [pytest.mark.real, pytest.mark.full]

OUTS = ["a/start.txt", "b/left.txt", "d/1.txt", "d/2.txt", "e/one.txt", "m.json"]


def spec(log: Path) -> str:
    step = f"python step.py {log}"
    return f"""\
mlops: 1
project: p
stack: {{orchestrator: [dvc, airflow], build: none, ci: []}}
stages:
  start: {{cmd: '{step} a/start.txt ${{start}} raw.txt', deps: [step.py, raw.txt], params: [start], outs: [a/start.txt]}}
  left: {{cmd: '{step} b/left.txt "${{left}}" a/start.txt', deps: [step.py, a/start.txt], params: [left], outs: [b/left.txt], timeout: 1m}}
  each:
    matrix: {{x: [one, two]}}
    cmd: '{step} d/${{item.x}}.txt ${{item.x}} raw.txt'
    deps: [step.py, raw.txt]
    outs: ['d/${{item.x}}.txt']
    resources: {{cpu: 2}}
  end:
    desc: It's the "end" {{{{ here }}}}
    cmd: ['{step} e/one.txt 1 b d', '{step} m.json 2 e/one.txt']
    deps: [step.py, b, d]
    outs: [e/one.txt]
    retries: 1
    metrics: [{{m.json: {{cache: false}}}}]
""".replace("one, two", '"1", "2"')


def states(home: Path, run_id: str) -> dict[str, tuple[str, str, str]]:
    """State, start and end of each task of a run."""
    with closing(sqlite3.connect(home / "airflow.db")) as store:
        rows = store.execute(
            "select task_id, state, start_date, end_date from task_instance where run_id like ?", (run_id,)
        )
        return {name: (state, start, end) for name, state, start, end in rows}


def test_run_by_airflow(tmp_path: Path, s3: str) -> None:
    airflow = str(judge("airflow") / "airflow")
    log, root, home = tmp_path / "ran.log", tmp_path / "p", tmp_path / "home"
    files = {"step.py": STEP, "raw.txt": "raw", "params.yaml": "start: 1\nleft: two words\n", "mlops.yaml": spec(log)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {
        **project(root, s3, "airflow", files),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "0",
    }
    run(airflow, "db", "migrate", cwd=tmp_path, **environment)

    # A stage that fails stops what is behind it, and nothing else.
    failing = json.dumps({"left": "new words", "set_params": ["start=fail"]})
    failed = run(airflow, "dags", "test", "p", "--conf", failing, cwd=tmp_path, check=False, **environment)
    assert failed.returncode != 0
    found = {name: state for name, (state, _, _) in states(home, "manual%").items()}
    assert found == {
        **dict.fromkeys(("git_revision", "each_1", "each_2"), "success"),
        "start": "failed",
        **dict.fromkeys(("left", "end"), "upstream_failed"),
    }
    assert set(ran(log)) == {"a/start.txt", "d/1.txt", "d/2.txt"}
    log.unlink()

    # By its scheduler, at the same time what can be; what is done is not done again.
    run(airflow, "dags", "reserialize", cwd=tmp_path, **environment)
    run(airflow, "dags", "unpause", "p", "--yes", cwd=tmp_path, **environment)
    run(
        airflow,
        "dags",
        "trigger",
        "p",
        "--run-id",
        "one",
        "--conf",
        '{"left": "new words"}',
        cwd=tmp_path,
        **environment,
    )
    settings = {**os.environ, **environment, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with (tmp_path / "services.log").open("w") as out:
        services = [subprocess.Popen([airflow, "api-server"], env=settings, stdout=out, stderr=out)]
        try:
            for _ in range(100):
                if answers(f"http://127.0.0.1:{port}/api/v2/version"):
                    break
                time.sleep(1)
            services.append(subprocess.Popen([airflow, "scheduler"], env=settings, stdout=out, stderr=out))
            done: dict[str, tuple[str, str, str]] = {}
            for _ in range(90):
                done = states(home, "one")
                if done and not {state for state, _, _ in done.values()} & {None, "scheduled", "queued", "running"}:
                    break
                time.sleep(2)
        finally:
            for service in services:
                service.terminate()
            for service in services:
                service.wait(30)
    assert {state for state, _, _ in done.values()} == {"success"}, (tmp_path / "services.log").read_text()[-3000:]
    spans = sorted(done[name][1:] for name in ("start", "each_1", "each_2"))
    assert spans[1][0] < spans[0][1], "nothing ran at the same time"
    assert ran(log) == ["a/start.txt", "b/left.txt", "e/one.txt", "m.json"]

    (root / "params.yaml").write_text("start: 1\nleft: new words\n")
    commit(root)
    got = restored(root, OUTS, log, environment)
    assert (tmp_path / "p-restored/b/left.txt").read_text() == "new words:1:raw"
    run("dvc", "repro", cwd=root)
    assert got == hashes(root, OUTS)
