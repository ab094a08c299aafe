"""The worker script: one stage in a clone of its own, by the remote's run cache alone."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from cloned import STEP, commit, project, ran, restored, work
from conftest import run
from mlopsc.targets.engines import worker
from mlopsc.targets.engines.worker import BOOTSTRAP

pytestmark = pytest.mark.real

OUTS = ["a/start.txt", "b/left.txt", "b/right.txt", "e/one.txt", "m.json", "g.txt"]


def files(log: Path) -> dict[str, str]:
    step = f"python step.py {log}"
    return {
        "step.py": STEP,
        "raw.txt": "raw",
        "params.yaml": "start: 1\nleft: 2  # as ever\n",
        "mlops.yaml": f"""\
mlops: 1
project: p
stack: {{orchestrator: [dvc, airflow], build: none, ci: []}}
stages:
  start: {{cmd: '{step} a/start.txt ${{start}} raw.txt', deps: [step.py, raw.txt], params: [start], outs: [a/start.txt]}}
  left: {{cmd: '{step} b/left.txt ${{left}} a/start.txt', deps: [step.py, a/start.txt], params: [left], outs: [b/left.txt]}}
  right: {{cmd: '{step} b/right.txt x a', deps: [step.py, a], outs: [{{b/right.txt: {{cache: false}}}}]}}
  end:
    cmd: ['{step} e/one.txt 1 b', '{step} m.json 2 e/one.txt']
    deps: [step.py, b]
    outs: [e]
    metrics: [{{m.json: {{cache: false}}}}]
  after: {{cmd: '{step} g.txt 3 m.json e/one.txt', deps: [step.py, m.json, e/one.txt], outs: [g.txt]}}
""",
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "ran.log"


@pytest.fixture
def there(tmp_path: Path, s3: str, log: Path) -> tuple[Path, Mapping[str, str]]:
    root = tmp_path / "p"
    return root, project(root, s3, f"worker-{abs(hash(str(tmp_path))) % 10**8}", files(log))


@pytest.mark.full
def test_stage_by_stage(there: tuple[Path, dict[str, str]], log: Path, tmp_path: Path) -> None:
    root, environment = there
    output = tmp_path / "output"
    early = work("end", cwd=tmp_path, check=False, **environment)
    assert early.returncode == 3
    assert "the remote lacks the result of stage start, which end needs" in early.stderr
    assert ran(log) == []
    for stage in ("start", "left", "right", "end", "after"):
        work(stage, cwd=tmp_path, MLOPS_OUTPUT=str(output), **environment)
    assert ran(log) == sorted(OUTS)
    record = json.loads((output / "stage-end.json").read_text())
    assert record["ran"]
    assert record["rev"] == environment["MLOPS_REV"]
    assert (output / "m.json").read_text().startswith("2:1:")
    again = work("end", cwd=tmp_path, MLOPS_OUTPUT=str(output), **environment)
    assert "was done before" in again.stdout
    assert not json.loads((output / "stage-end.json").read_text())["ran"]
    assert ran(log) == sorted(OUTS)
    found = restored(root, OUTS, log, environment)
    run("dvc", "repro", cwd=root)
    assert found == restored(root, OUTS, log, environment)
    assert work("left", "left=2", cwd=tmp_path, **environment).stdout.count("was done before") == 1
    changed = work("left", cwd=tmp_path, MLOPS_SET="left=7", **environment)
    assert "left.txt 7 a/start.txt" in changed.stdout
    assert work("end", "left=8", cwd=tmp_path, check=False, **environment).returncode == 3
    same = {"MLOPS_SET": "left=2\nstart=1", "MLOPS_DEFAULTS": "left=2\nstart=1\n"}
    assert "was done before" in work("left", cwd=tmp_path, **environment, **same).stdout
    assert "start.txt 9 raw.txt" in work("start", "start=9", cwd=tmp_path, **environment, **same).stdout


@pytest.mark.full
def test_failures_and_what_they_say(there: tuple[Path, dict[str, str]], log: Path, tmp_path: Path) -> None:
    root, environment = there
    failed = work("start", "start=fail", cwd=tmp_path, check=False, **environment)
    assert failed.returncode == 1
    assert "exited with 3" in failed.stderr
    assert work("nope", cwd=tmp_path, check=False, **environment).returncode == 2
    secret = {**environment, "MLOPS_REPO": "http://user:s3cret@127.0.0.1:9/x.git"}
    gone = work("start", cwd=tmp_path, check=False, **secret)
    assert gone.returncode == 4
    assert "s3cret" not in gone.stdout + gone.stderr
    (root / ".dvc/config").write_text((root / ".dvc/config").read_text().replace("127.0.0.1:", "127.0.0.1:1"))
    down = {**environment, "MLOPS_REV": commit(root), "AWS_MAX_ATTEMPTS": "1"}
    broken = work("start", cwd=tmp_path, check=False, **down)
    assert broken.returncode == 4
    assert "Traceback" not in broken.stderr
    assert not list(tmp_path.glob("worker.*"))


@pytest.mark.full
def test_killed_and_run_again(there: tuple[Path, dict[str, str]], log: Path, tmp_path: Path) -> None:
    root, environment = there
    text = (root / "step.py").read_text()
    (root / "step.py").write_text(text.replace("out.parent", "import time; time.sleep(2)\nout.parent", 1))
    settings = {**environment, "MLOPS_REV": commit(root), "TMPDIR": str(tmp_path)}
    for kill in (signal.SIGTERM, signal.SIGKILL):
        started = subprocess.Popen(
            ["sh", "-c", worker.text(), "worker", "start"], env=_env(settings), stdout=subprocess.DEVNULL
        )
        for _ in range(100):
            if started.poll() is not None or list(tmp_path.glob("worker.*/.dvc/tmp/ran")):
                break
            time.sleep(0.1)
        started.send_signal(kill)
        assert started.wait(20) != 0
        if kill == signal.SIGTERM:
            assert not list(tmp_path.glob("worker.*"))
    assert "worker: start ran" in work("start", cwd=tmp_path, **settings).stdout


@pytest.mark.full
def test_in_the_repository_itself(there: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    root, environment = there
    run("sh", "-c", BOOTSTRAP, "worker", "start", cwd=tmp_path, **environment)
    done = run("sh", ".mlops/scripts/worker.sh", "start", cwd=root, **{**environment, "MLOPS_REPO": ""})
    assert "was done before" in done.stdout
    assert (root / "a/start.txt").exists()


def test_no_sign_that_a_template_engine_would_read() -> None:
    for sign in ("{{", "{%", "{#", "\t"):
        assert sign not in worker.text()


def _env(settings: Mapping[str, str]) -> dict[str, str]:
    import os

    from conftest import BIN

    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **settings}


@pytest.mark.full
def test_what_is_above_a_frozen_stage_is_not_asked_for(tmp_path: Path, s3: str, log: Path) -> None:
    """DVC does not look there either: the frozen stage's own result is in dvc.lock."""
    step = f"python step.py {log}"
    spec = f"""\
mlops: 1
project: p
stack: {{orchestrator: [dvc, airflow], build: none, ci: []}}
stages:
  above: {{cmd: '{step} a.txt 1 raw.txt', deps: [step.py, raw.txt], outs: [a.txt], always_changed: true}}
  frozen: {{cmd: '{step} b.txt 2 a.txt', deps: [step.py, a.txt], outs: [b.txt], frozen: FROZEN}}
  after: {{cmd: '{step} c.txt 3 b.txt', deps: [step.py, b.txt], outs: [c.txt]}}
"""
    root = tmp_path / "p"
    made = {"step.py": STEP, "raw.txt": "raw", "mlops.yaml": spec.replace("FROZEN", "false")}
    environment = project(root, s3, "worker-frozen", made)
    run("dvc", "repro", "frozen", cwd=root)
    run("dvc", "push", "frozen", cwd=root, **environment)
    (root / "mlops.yaml").write_text(spec.replace("FROZEN", "true"))
    run("mlopsc", "build", cwd=root)
    work("after", cwd=tmp_path, **{**environment, "MLOPS_REV": commit(root)})
    assert ran(log) == ["a.txt", "b.txt", "c.txt"]


@pytest.mark.full
def test_a_stage_runs_again_for_a_bump_of_a_package_that_no_build_has_seen(tmp_path: Path, s3: str, log: Path) -> None:
    root, name = tmp_path / "p", f"worker-{abs(hash(str(tmp_path))) % 10**8}"
    code = {"step.py": f"def never():\n    import yaml, numpy\n\n{STEP}", "other.py": STEP}
    spec = f"""\
mlops: 1
project: p
stack: {{orchestrator: [dvc, airflow], build: none, ci: []}}
infer: [packages]
stages:
  one: {{cmd: 'python step.py {log} one.txt 1 raw.txt', deps: [step.py, raw.txt], outs: [one.txt]}}
  two: {{cmd: 'python other.py {log} two.txt 2 raw.txt', deps: [other.py, raw.txt], outs: [two.txt]}}
"""
    lock = "numpy==1.26.4\npyyaml==6.0\n"
    environment = project(root, s3, name, {**code, "raw.txt": "raw", "mlops.yaml": spec, "requirements.txt": lock})
    for stage in ("one", "two"):
        work(stage, cwd=tmp_path, **environment)
    (root / "requirements.txt").write_text("numpy==2.3.0\npyyaml==6.0\n")
    environment["MLOPS_REV"] = commit(root)
    assert "was done before" in work("two", cwd=tmp_path, **environment).stdout
    assert "was done before" not in work("one", cwd=tmp_path, **environment).stdout
    assert "was done before" in work("one", cwd=tmp_path, **environment).stdout
