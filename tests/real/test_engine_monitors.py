"""A monitor as a task of an engine: it watches and keeps its history, and never starts the pipeline by itself.

What Argo, AzureML and Airflow would run is run: Airflow's by Airflow itself. The pipeline writes a line to a log when it trains.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cloned import commit, project
from conftest import judge, run
from test_argo import run_workflow
from test_azureml import run_pipeline

pytestmark = [pytest.mark.real, pytest.mark.full]

SPEC = """\
mlops: 1
project: p
stack: {{orchestrator: [dvc, {engine}], ci: []}}
data: {{live: {{url: "{live}", path: data/live.json}}}}
stages:
  train: {{cmd: 'echo trained >> {log} && test ! -e {full} && cp data/live.json model', deps: [data/live.json], outs: [model]}}
monitor:
  drift: {{schedule: "*/10 * * * *", cmd: cp data/live.json d.json, deps: [data/live.json], metrics: [d.json], gates: {{x: "< 1"}}, on_breach: [retrain]}}
"""
Start = Callable[[str], str]


class Watched:
    """A repository with its origin, whose monitor an engine runs."""

    def __init__(self, tmp_path: Path, s3: str, engine: str) -> None:
        self.tmp_path, self.root, self.origin = tmp_path, tmp_path / "p", tmp_path / "origin.git"
        self.live, self.log, self.full = tmp_path / "live.json", tmp_path / "trained.log", tmp_path / "memory-is-full"
        self.seen(0)
        spec = SPEC.format(engine=engine, live=self.live, log=self.log, full=self.full)
        self.environment = project(self.root, s3, f"monitor-{engine}", {"mlops.yaml": spec})
        for target in ("data", "pipeline", "push"):
            run("make", target, cwd=self.root, **self.environment)
        commit(self.root)
        run("git", "clone", "--quiet", "--bare", str(self.root), str(self.origin), cwd=tmp_path)
        self.environment["MLOPS_REPO"] = f"file://{self.origin}"
        del self.environment["MLOPS_REV"]
        self.log.unlink()

    def seen(self, x: float) -> None:
        self.live.write_text(json.dumps({"x": x}))

    def trainings(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def history(self) -> list[tuple[str, str]]:
        text = run("git", "show", "mlops-monitoring:drift.csv", cwd=self.origin).stdout
        return [(row["verdict"], row["retrain"]) for row in csv.DictReader(io.StringIO(text))]

    def branches(self) -> list[str]:
        return run("git", "branch", "--list", "retrain-drift-*", cwd=self.origin).stdout.split()


def as_argo(watched: Watched, folder: str) -> str:
    path = watched.root / "argo/p-monitor-drift.yaml"
    return run_workflow(path, watched.environment, watched.tmp_path / folder)["monitor"]


def as_azureml(watched: Watched, folder: str) -> str:
    repository = watched.environment["MLOPS_REPO"]
    settings = {name: value for name, value in watched.environment.items() if name != "MLOPS_REPO"}
    path = watched.root / "azureml/p-monitor-drift.yml"
    return run_pipeline(path, settings, watched.tmp_path / folder, repository=repository)["monitor"]


def judged(watched: Watched, start: Start) -> None:
    """A look, a breach whose retraining fails, one that retrains, and one that does not again."""
    head = run("git", "rev-parse", "main", cwd=watched.origin).stdout
    assert start("1") == "done"
    assert (watched.history(), watched.trainings()) == ([("fine", "no")], 0), "a look is no training"
    watched.seen(5)
    watched.full.touch()
    assert start("2") == "failed"
    assert (watched.history()[-1], watched.trainings(), watched.branches()) == (("breach", "yes"), 1, [])
    watched.full.unlink()
    assert start("3") == "failed", "a breach is what the engine has to report"
    assert (watched.history()[-1], watched.trainings()) == (("breach", "yes"), 2), "the one that failed is tried again"
    (branch,) = watched.branches()
    assert run("git", "diff", "--name-only", f"main..{branch}", cwd=watched.origin).stdout.split() == [
        "data/live.json.dvc",
        "dvc.lock",
    ]
    assert start("4") == "failed"
    assert (watched.history()[-1], watched.trainings(), watched.branches()) == (("breach", "no"), 2, [branch])
    assert run("git", "rev-parse", "main", cwd=watched.origin).stdout == head


def test_argo_runs_a_monitor(tmp_path: Path, s3: str) -> None:
    watched = Watched(tmp_path, s3, "argo")
    judged(watched, lambda folder: as_argo(watched, folder))


def test_azureml_runs_a_monitor(tmp_path: Path, s3: str) -> None:
    watched = Watched(tmp_path, s3, "azureml")
    judged(watched, lambda folder: as_azureml(watched, folder))


def test_airflow_runs_a_monitor(tmp_path: Path, s3: str) -> None:
    airflow = str(judge("airflow") / "airflow")
    watched = Watched(tmp_path, s3, "airflow")
    environment: Mapping[str, str] = {
        **watched.environment,
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(watched.root / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    run(airflow, "db", "migrate", cwd=tmp_path, **environment)

    def start(folder: str) -> str:
        done = run(airflow, "dags", "test", "p_monitor_drift", cwd=tmp_path, check=False, **environment)
        return "failed" if done.returncode else "done"

    assert start("1") == "done"
    assert (watched.history(), watched.trainings()) == ([("fine", "no")], 0), "a look is no training"
    watched.seen(5)
    assert start("2") == "failed"
    assert (watched.history()[-1], watched.trainings(), len(watched.branches())) == (("breach", "yes"), 1, 1)
