"""MLflow and Sacred themselves: as what runs the stages, and as the store that remembers them."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from cloned import STEP, project, ran, restored
from conftest import BIN, answers, judge, run

pytestmark = [pytest.mark.real, pytest.mark.full]

OUTS = ["a/start.txt", "b/left.txt", "b/side.txt", "m.json"]
MEASURE = """\
import json, pathlib, sys
text = pathlib.Path("b/left.txt").read_text()
pathlib.Path("m.json").write_text(json.dumps({"length": len(text), "deep": {"x": 0.5}}))
pathlib.Path("p.csv").write_text("x,y\\n1,2\\n")
with open(sys.argv[1], "a") as log:
    log.write("m.json\\n")
"""


def files(log: Path, stack: str) -> dict[str, str]:
    step = f"python step.py {log}"
    return {
        "step.py": STEP,
        "measure.py": MEASURE,
        "raw.txt": "raw",
        "params.yaml": "train:\n  lr: 0.1\n  kind: wide\n",
        "mlops.yaml": f"""\
mlops: 1
project: p
stack: {{{stack}, ci: []}}
stages:
  start: {{cmd: '{step} a/start.txt ${{train.lr}} raw.txt', deps: [step.py, raw.txt], params: [train], outs: [a/start.txt]}}
  left: {{cmd: '{step} b/left.txt x a/start.txt', deps: [step.py, a/start.txt], outs: [b/left.txt]}}
  side: {{cmd: '{step} b/side.txt ${{train.kind}} raw.txt', deps: [step.py, raw.txt], params: [train.kind], outs: [b/side.txt]}}
  measure:
    cmd: python measure.py {log}
    deps: [measure.py, b/left.txt]
    metrics: [{{m.json: {{cache: false}}}}]
    plots: [p.csv]
""",
    }


def query(store: Path, text: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(store)) as connection:
        return sorted(connection.execute(text).fetchall())


def test_run_by_mlflow_and_by_sacred(tmp_path: Path, s3: str) -> None:
    place, log, root, store = judge("mlflow"), tmp_path / "ran.log", tmp_path / "p", tmp_path / "store.db"
    environment = project(root, s3, "mlflow", files(log, "orchestrator: [dvc, mlflow, sacred], build: none"))
    environment |= {"MLFLOW_TRACKING_URI": f"sqlite:///{store}", "SACRED_DIR": str(tmp_path / "sacred")}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dvc").symlink_to(BIN / "dvc")  # a machine whose `python` has MLflow, and DVC elsewhere
    environment["PATH"] = os.pathsep.join([str(place), str(tmp_path / "bin"), os.environ["PATH"]])
    mlflow = (str(place / "mlflow"), "run", ".", "--env-manager", "local")

    failed = run(*mlflow, "-P", "train_lr=fail", cwd=root, check=False, **environment)
    assert failed.returncode != 0
    assert ran(log) == ["a/start.txt", "b/side.txt"]
    assert "measure is skipped, because" in failed.stdout + failed.stderr
    runs = query(store, "select name, status from runs")
    assert [each for each in runs if each[0] in ("start", "side")] == [("side", "FINISHED"), ("start", "FAILED")]
    assert sum(status == "FAILED" for _, status in runs) == 2

    log.unlink()
    run(*mlflow, cwd=root, **environment)
    assert ran(log) == ["a/start.txt", "b/left.txt", "m.json"]
    run("dvc", "repro", cwd=root)
    log.unlink()
    assert restored(root, OUTS, log, environment)["m.json"]
    metrics = query(store, "select key, value from metrics")
    assert metrics == [("deep.x", 0.5), ("length", len("x:0.1:raw"))]
    assert ("train.lr", "0.1") in query(store, "select key, value from params")
    commits = query(store, "select distinct value from tags where key = 'mlflow.source.git.commit'")
    assert commits == [(environment["MLOPS_REV"],)]
    nested = query(store, "select count(*) from tags where key = 'mlflow.parentRunId'")
    assert nested == [(2 + 4,)]

    run("python", ".mlops/scripts/track.py", "sacred", "run", "measure", cwd=root, **environment)
    assert ran(log) == []
    said = json.loads((tmp_path / "sacred/1/run.json").read_text())
    assert said["status"] == "COMPLETED"
    assert said["result"]["length"] == len("x:0.1:raw")
    assert "m.json" in said["artifacts"]
    bad = ("python", ".mlops/scripts/track.py", "sacred", "run", "side", "--set", "train.kind=fail")
    assert run(*bad, cwd=root, check=False, **environment).returncode == 1
    assert json.loads((tmp_path / "sacred/2/run.json").read_text())["status"] == "FAILED"


def test_the_same_commands_recorded(tmp_path: Path, s3: str) -> None:
    place, log, root, store = judge("mlflow"), tmp_path / "ran.log", tmp_path / "p", tmp_path / "store.db"
    environment = project(root, s3, "metadata", files(log, "metadata: [mlflow, sacred]"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [place / "mlflow", "server", "--backend-store-uri", f"sqlite:///{store}", "--port", str(port), "--workers", "1",
         "--serve-artifacts", "--artifacts-destination", str(tmp_path / "artifacts")],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    try:
        run("make", "pipeline", cwd=root)
        for _ in range(300):
            if answers(f"http://127.0.0.1:{port}/health"):
                break
            time.sleep(0.2)
        environment |= {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
        environment["PATH"] = os.pathsep.join([str(place), os.environ["PATH"]])
        assert "4 new runs" in run("make", "record-mlflow", cwd=root, **environment).stdout
        assert "0 new runs" in run("make", "record-mlflow", cwd=root, **environment).stdout
    finally:
        server.terminate()
        server.wait()
    assert query(store, "select key, value from metrics") == [("deep.x", 0.5), ("length", 9.0)]
    found = query(store, "select key, value from params")
    assert found == [("train.kind", "wide"), ("train.kind", "wide"), ("train.lr", "0.1")]
    assert {path.name for path in (tmp_path / "artifacts").rglob("*") if path.is_file()} == {
        "m.json",
        "p.csv",
        "dvc.json",
    }
    assert query(store, "select distinct value from tags where key = 'mlflow.source.git.commit'") == [
        (environment["MLOPS_REV"],)
    ]
    assert "4 new runs" in run("make", "record-sacred", cwd=root, **environment).stdout
    assert "0 new runs" in run("make", "record-sacred", cwd=root, **environment).stdout
    infos = [json.loads(path.read_text()) for path in sorted((root / ".sacred").glob("[0-9]*/info.json"))]
    assert {info["git"] for info in infos} == {environment["MLOPS_REV"]}
    assert re.search(r"\"lr\": 0.1", (root / ".sacred/1/config.json").read_text())
    assert run("dvc", "status", cwd=root).stdout.strip() == "Data and pipelines are up to date."
