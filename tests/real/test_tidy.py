"""Tidy and trace, on a pipeline that ran: nothing runs again for a tidy, and what a stage opens is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import BIN, run, tool
from mlopsc.compiler.adopt import trace
from mlopsc.compiler.model.project import Command, Stage

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

SPEC = """\
mlops: 1
project: t
stack: {orchestrator: dvc, build: none, ci: []}
stages:
  prepare:
    cmd: python src/prepare.py
    deps:
      - in.txt
      - src/prepare.py
      - src/lib.py
    outs:
      - data/prepare
  train:   # slow
    cmd: python src/train.py --fast yes
    deps:
      - data/prepare
      - src/train.py
    params: [train.lr, train.dead]
    outs: [models/train]
  show:
    cmd: cat models/train secret.txt > shown.txt
    deps: [models/train, params.yaml]
    outs: [{shown.txt: {persist: true}}]
"""
FILES = {
    "mlops.yaml": SPEC,
    "in.txt": "1",
    "secret.txt": "2",
    "params.yaml": "train: {lr: 1, dead: 2}\n",
    "src/lib.py": "def get(path):\n    return open(path).read()\n",
    "src/prepare.py": "import lib\nopen('data/prepare', 'w').write(lib.get('in.txt'))\n",
    "src/train.py": "import lib\nlr = 'lr'\nopen('models/train', 'w').write(lib.get('data/prepare'))\n",
    "data/.keep": "",
    "models/.keep": "",
}


@pytest.fixture
def ran(repository: Make) -> Path:
    root = repository(FILES)
    run("mlopsc", "build", cwd=root)
    run("dvc", "repro", "--quiet", cwd=root)
    return root


def test_tidy_leaves_to_the_conventions_what_they_give(ran: Path) -> None:
    before = run("dvc", "status", cwd=ran).stdout
    done = run("mlopsc", "tidy", cwd=ran)
    text = (ran / "mlops.yaml").read_text()
    assert "  prepare:\n    deps:\n      - in.txt\n  train:   # slow\n    cmd: python src/train.py --fast yes\n" in text
    assert f"{len(SPEC.splitlines())} lines before, {len(text.splitlines())} after" in done.stdout
    assert "up to date" in before
    assert run("dvc", "status", cwd=ran).stdout == before
    assert "nothing to do" in run("mlopsc", "build", cwd=ran).stdout
    assert "nothing to tidy" in run("mlopsc", "tidy", cwd=ran).stdout


def test_a_dry_run_writes_nothing(ran: Path) -> None:
    assert "-    cmd: python src/prepare.py" in run("mlopsc", "tidy", "--dry-run", cwd=ran).stdout
    assert (ran / "mlops.yaml").read_text() == SPEC


def test_suggest_names_what_is_wrong_and_fix_adds_the_code(ran: Path) -> None:
    said = run("mlopsc", "tidy", "--suggest", cwd=ran).stdout
    assert "warning[MLC414]: `train` runs `src/lib.py`" in said
    assert "warning[MLC711]: `train` tracks the param `train.dead`" in said
    assert "train.lr" not in said
    assert "warning[MLC712]: DVC never restores `show` from the run cache: `shown.txt` has `persist`" in said
    assert (ran / "mlops.yaml").read_text() == SPEC
    done = run("mlopsc", "tidy", "--fix", cwd=ran).stdout
    assert "will run again, and the stages below them if their results change: train" in done
    assert "  train: 1 more deps, by `infer: [code]`: src/lib.py\n" in done
    assert (ran / "mlops.yaml").read_text() == SPEC.replace("      - src/train.py\n", "").replace(
        "    cmd: python src/train.py", "    infer: [code]\n    cmd: python src/train.py"
    )
    built = (ran / "dvc.yaml").read_text()
    assert "- src/train.py\n    - src/lib.py\n" in built or "- src/lib.py\n    - src/train.py\n" in built
    status = run("dvc", "status", cwd=ran).stdout
    assert [line for line in status.splitlines() if line.endswith(":") and line[0] != "\t"] == ["train:"]


@pytest.mark.full
def test_trace_proposes_what_is_missing_and_changes_nothing(ran: Path) -> None:
    tool("strace")
    (ran / "shown.txt").write_text("as it was")
    done = run("mlopsc", "trace", "show", cwd=ran).stdout
    assert "reads, not declared: secret.txt" in done
    assert "declared, not opened: params.yaml" in done
    assert "+    deps: [models/train, params.yaml, secret.txt]" in done
    assert (ran / "mlops.yaml").read_text() == SPEC
    assert run("mlopsc", "trace", "nope", cwd=ran, check=False).returncode == 2


def test_a_traced_stage_that_fails_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    from mlopsc.compiler.model.project import Out

    seen = trace.trace(Stage("s", "s", (Command.of(("false",)),), outs=(Out("out"),)), str(tmp_path))
    assert seen.code == 1
    assert (tmp_path / "out").read_text() == "precious"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_trace_that_is_stopped_puts_the_outs_back(number: signal.Signals, repository: Make) -> None:
    stage = "  s: {cmd: touch begun && exec sleep 60, outs: [{out: {cache: false}}, dir/other]}\n"
    root = repository({"mlops.yaml": f"mlops: 1\nstages:\n{stage}", "out": "dear", "dir/other": "too"})
    process = subprocess.Popen([BIN / "mlopsc", "trace", "s"], cwd=root, stderr=subprocess.PIPE, text=True)
    begun = time.monotonic()
    while not (root / "begun").exists():
        assert time.monotonic() - begun < 60
        time.sleep(0.01)
    assert not (root / "out").exists(), "it is aside while the stage runs"
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False), said
    assert ((root / "out").read_text(), (root / "dir/other").read_text()) == ("dear", "too")
    assert [*(root / ".mlops/state").iterdir()] == []


@pytest.mark.parametrize("watcher", [pytest.param("strace", marks=pytest.mark.full), "Python's audit hook"])
def test_both_watchers_see_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watcher: str) -> None:
    if watcher == "strace":
        tool(watcher)
    else:
        monkeypatch.setattr(trace.shutil, "which", lambda name: None)
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "sub").mkdir()
    code = "open('b.txt', 'w').write(open('../a.txt').read()); open('b.txt').read()"
    line = f'{sys.executable} -c "{code}"'
    seen = trace.trace(Stage("s", "s", (Command.of((line,)),), wdir="sub"), str(tmp_path))
    if watcher == "strace" and seen.by != "strace":
        pytest.skip("strace may not watch here")
    assert seen == trace.Traced(0, watcher, ("a.txt",), ("sub/b.txt",))


@pytest.mark.full
def test_strace_is_read_where_processes_run_at_once_and_names_are_not_plain(tmp_path: Path) -> None:
    names = [f"größe <{number}>.txt" for number in range(40)]
    for name in names:
        (tmp_path / name).write_text("1")
    code = (
        "import os; from concurrent.futures import ThreadPoolExecutor as P; files = sorted(f for f in os.listdir() "
        "if f.endswith('.txt')); list(P(8).map(lambda f: open(f).read(), files)); open('ü', 'w'); os.rename('ü', 'ä \"q\"')"
    )
    (tmp_path / "many.py").write_text(code)
    (tmp_path / "sub").mkdir()
    tool("strace")
    lines = (f"{sys.executable} many.py", "cd sub && echo 1 > x && mv x y")
    seen = trace.trace(Stage("s", "s", tuple(Command.of((line,)) for line in lines)), str(tmp_path))
    if seen.by != "strace":
        pytest.skip("strace may not watch here")
    assert seen == trace.Traced(0, "strace", tuple(sorted([*names, "many.py"])), ("sub/y", 'ä "q"'))


def test_without_strace_it_says_that_only_python_was_watched(ran: Path) -> None:
    """A folder of programs on the path, without strace: what a machine that lacks it has."""
    programs = ran / ".git/programs"
    programs.mkdir()
    for name in ("sh", "cat"):
        (programs / name).symlink_to(tool(name))
    done = run(str(BIN / "mlopsc"), "trace", "show", cwd=ran, PATH=str(programs)).stdout
    assert "declared, not opened by Python: models/train" in done
    assert "other than Python" in done
