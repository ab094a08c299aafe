"""Monitors: a breach starts one retraining and never a second, the history survives races, and people's files stay theirs."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import run, write
from mlopsc.compiler import programs
from test_operate import commit, named

pytestmark = pytest.mark.real
PROGRAMS = Path(programs.__file__).parent
Make = Callable[[Mapping[str, str]], Path]


def look(root: Path, shift: float, **environment: str) -> list[tuple[str, str]]:
    """A look of the monitor; the verdict and what it starts, of all looks so far."""
    write(root, {"m.json": json.dumps({"shift": shift, "deep": {"x": float("nan")}})})
    command = (sys.executable, str(PROGRAMS / "monitor.py"), "drift", "m.json", "--", "shift <= 1")
    settings = {"GITHUB_RUN_ID": "", "CI_PIPELINE_ID": "", **environment}
    assert run(*command, cwd=root, check=False, **settings).returncode == (shift > 1)
    with (root / "monitoring/drift.csv").open(newline="") as file:
        return [(row["verdict"], row["retrain"]) for row in csv.DictReader(file)]


def retrained(root: Path) -> None:
    """Record, as CI and engines do, that the retraining for the dvc.lock of HEAD has succeeded."""
    lock = run("git", "rev-parse", "--short=12", "HEAD:./dvc.lock", cwd=root).stdout.strip()
    assert history(root, "retrained", "drift", lock).wait(120) == 0
    assert history(root, "restore", "drift").wait(120) == 0


def test_a_breach_starts_one_retraining_for_each_model(tmp_path: Path) -> None:
    """Whatever else is committed, once it has succeeded: one that failed is tried again by the next breach. And a run of
    CI that is started again says what it said before."""
    root, origin = tmp_path / "work", tmp_path / "origin"
    run("git", "init", "--quiet", "--bare", str(origin), cwd=tmp_path)
    run("git", "clone", "--quiet", str(origin), str(root), cwd=tmp_path)
    named(root)
    write(root, {"dvc.lock": "one\n"})
    commit(root)
    assert look(root, 0.5) == [("fine", "no")]
    assert look(root, 2, GITHUB_RUN_ID="7")[-1] == ("breach", "yes")
    assert look(root, 2, GITHUB_RUN_ID="7") == [("fine", "no"), ("breach", "yes")]
    assert look(root, 2)[-1] == ("breach", "yes"), (
        "the first retraining has failed, or its result could not be proposed"
    )
    assert history(root, "keep", "drift").wait(120) == 0
    retrained(root)
    write(root, {"README": "unrelated\n"})
    commit(root)
    assert look(root, 2, CI_PIPELINE_ID="8")[-1] == ("breach", "no")
    assert look(root, 0.5)[-1] == ("fine", "no")
    assert look(root, 2)[-1] == ("breach", "no")
    write(root, {"dvc.lock": "two\n"})
    commit(root)
    assert look(root, 2)[-1] == ("breach", "yes")
    retrained(root)
    retrained(root)
    recorded = run("git", "show", "mlops-monitoring:drift.retrained", cwd=origin).stdout.splitlines()
    assert len(recorded) == 2, "one line for each dvc.lock"
    for hostile in ("", "x", "12; touch /tmp/x", "../a"):
        assert history(root, "retrained", "drift", hostile).wait(120) == 2
    page = (root / "monitoring/drift.html").read_text()
    assert len(re.findall(r'<circle class="dot bad"', page)) == 5
    assert not re.search(r"(?i)(https?:)?//|<script|url\(|@import|nan", page), "it needs no network, and draws numbers"


def test_metrics_have_names_of_their_own(tmp_path: Path) -> None:
    """A metric called like a column of the history overwrites nothing, nor does one that two files have."""
    run("git", "init", "--quiet", cwd=tmp_path)
    named(tmp_path)
    commit(tmp_path)
    taken = ["time", "commit", "verdict", "retrain", "lock", "run"]
    values: dict[str, object] = {**dict.fromkeys(taken, 7), "retrain": "1", "verdict": 2.0, "both": 1, "own": 3}
    write(tmp_path, {"m.json": json.dumps(values), "n.json": json.dumps({"both": 2})})
    command = (sys.executable, str(PROGRAMS / "monitor.py"), "drift", "m.json", "n.json", "--")
    for bounds in (["verdict < 3", "own < 4"], ["m.json:verdict < 3", "m.json:both == 1", "m.json:own > 3"]):
        run(*command, *bounds, cwd=tmp_path, check=False, GITHUB_RUN_ID="", CI_PIPELINE_ID="")
    with (tmp_path / "monitoring/drift.csv").open(newline="") as file:
        first, last = csv.DictReader(file)
    assert (first["verdict"], first["retrain"]) == ("fine", "no")
    assert (last["verdict"], last["retrain"]) == ("breach", "yes")
    assert {name: last[name] for name in ("m.json:verdict", "m.json:both", "n.json:both", "own")} == {
        "m.json:verdict": "2", "m.json:both": "1", "n.json:both": "2", "own": "3",
    }  # fmt: skip
    page = (tmp_path / "monitoring/drift.html").read_text()
    assert len(re.findall(r'class="dot bad"', page)) == 2, "the bound of one file's metric is drawn for that one alone"
    assert page.count("&lt; 3") >= 2, "in the table, and at its line"


def history(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sh", str(PROGRAMS / "history.sh"), *arguments], cwd=root)


def test_two_monitors_keep_their_histories_at_the_same_time(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    run("git", "init", "--quiet", "--bare", str(origin), cwd=tmp_path)
    roots = [tmp_path / name for name in ("a", "b", "c")]
    for root in roots:
        run("git", "clone", "--quiet", str(origin), str(root), cwd=tmp_path)
        named(root)
        write(root, {f"monitoring/{root.name}.csv": f"{root.name}\n", f"monitoring/{root.name}.html": ""})
    started = [history(root, "keep", root.name) for root in roots]
    assert [each.wait(120) for each in started] == [0, 0, 0]
    kept = run("git", "ls-tree", "--name-only", "mlops-monitoring", cwd=origin).stdout.split()
    assert kept == ["a.csv", "a.html", "b.csv", "b.html", "c.csv", "c.html"]
    assert history(roots[0], "keep", "a").wait(120) == 0, "nothing to keep is no failure"
    (roots[0] / "monitoring/a.csv").unlink()
    assert history(roots[0], "restore", "a").wait(120) == 0
    assert (roots[0] / "monitoring/a.csv").read_text() == "a\n"
    origin.rename(tmp_path / "away")
    assert history(roots[0], "restore", "a").wait(120) != 0, "a history that cannot be had is not an empty one"


SPEC = """\
mlops: 1
stack: {ci: []}
stages:
  train: {cmd: "cp in model && cp in m.txt", deps: [in], outs: [model, {m.txt: {cache: false}}]}
monitor:
  drift: {cmd: "cp in d.json", deps: [in, model], metrics: [d.json], gates: {x: "< 1"}, on_breach: [retrain]}
"""


def test_a_retraining_proposes_what_the_pipeline_made_and_nothing_else(repository: Make, tmp_path: Path) -> None:
    root = repository({"mlops.yaml": SPEC, "in": '{"x": 0}'})
    named(root)
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", cwd=root)
    commit(root)
    assert "nothing came out differently" in run("make", "retrain-drift", cwd=root).stdout
    write(root, {"private.txt": "mine", "in": '{"x": 5}'})
    assert "commit these first" in run("make", "retrain-drift", cwd=root, check=False).stderr
    run("git", "add", "in", cwd=root)
    run("git", "commit", "--quiet", "-m", "new data", cwd=root)
    assert run("make", "monitor-drift", cwd=root, check=False).returncode
    assert (root / "monitoring/drift.csv").read_text().splitlines()[-1].split(",")[2:4] == ["breach", "yes"]
    lock = root / ".git/index.lock"
    lock.touch()  # as where it is killed between the pipeline and the commit
    assert run("make", "retrain-drift", cwd=root, check=False).returncode
    lock.unlink()
    run("make", "retrain-drift", cwd=root)
    branch = run("git", "branch", "--show-current", cwd=root).stdout.strip()
    assert branch.startswith("retrain-drift-")
    shown = run("git", "show", "--name-only", "--format=", cwd=root).stdout.split()
    assert shown == ["dvc.lock", "m.txt"]
    assert f"branch {branch} has the result" in run("make", "retrain-drift", cwd=root).stdout, "done again, it is done"
    assert run("git", "log", "--oneline", cwd=root).stdout.count("Retrain:") == 1
    before = run("git", "rev-parse", "--short=12", "HEAD^:./dvc.lock", cwd=root).stdout.strip()
    recorded = [line.split()[0] for line in (root / "monitoring/drift.retrained").read_text().splitlines()]
    assert recorded == [before], "a retraining that finds nothing new is no retraining"
