"""Somebody else's repository, in which every program and setting is a trap: no command runs anything of it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import hostile
import pytest
from conftest import run

pytestmark = pytest.mark.real

SPEC = "mlops: 1\nproject: p\nstack: {orchestrator: [dvc, evil], ci: github}\n" + hostile.DVC_YAML
COMMANDS = (
    "check", "plan", "plan --format json", "explain", "explain train", "explain src/train.py", "graph", "affected", "diff",
    "affected HEAD", "diff HEAD", "tidy --dry-run", "tidy --suggest", "tidy --fix --dry-run", "tidy", "build --check", "build",
    "import", "init", "targets",
)  # fmt: skip


@pytest.fixture
def planted(tmp_path: Path) -> tuple[Path, Path]:
    """The repository, and the folder in which whatever runs leaves its mark."""
    root, canary = tmp_path / "repository", tmp_path / "canary"
    hostile.plant(root, canary)
    assert hostile.works(canary, root)
    return root, canary


def _untouched(root: Path, canary: Path, what: str) -> None:
    assert sorted(path.name for path in canary.iterdir()) == [], what
    assert [(root / name).read_text() for name in ("gone.txt", "kept.txt")] == [hostile.USERS] * 2, what


def test_import_runs_nothing_and_says_what_it_did_not_compare(planted: tuple[Path, Path]) -> None:
    root, canary = planted
    for words in (["--dry-run"], []):
        done = run("mlopsc", "import", *words, cwd=root, check=False)
        _untouched(root, canary, done.stdout + done.stderr)
        assert done.returncode == 0, done.stderr
        assert "the status of `fetch` (" in done.stdout
        assert "`imported.dvc` (it is imported from another repository)" in done.stdout


@pytest.mark.parametrize(
    "spec", [SPEC, SPEC.replace("[dvc, evil]", "dvc")], ids=["a planted target", "the real targets"]
)
def test_no_command_runs_anything(planted: tuple[Path, Path], spec: str) -> None:
    root, canary = planted
    (root / "mlops.yaml").write_text(spec)
    for command in COMMANDS:
        done = run("mlopsc", *command.split(), cwd=root, check=False)
        _untouched(root, canary, f"{command}: {done.stdout}{done.stderr}")
        assert "Traceback" not in done.stderr, done.stderr
    assert (root / "Makefile").read_text() == hostile.makefile(canary)


def test_a_first_spec_runs_nothing(planted: tuple[Path, Path]) -> None:
    root, canary = planted
    (root / "dvc.yaml").unlink()
    shutil.rmtree(root / ".dvc")
    done = run("mlopsc", "init", cwd=root, check=False)
    _untouched(root, canary, done.stdout + done.stderr)
    assert (root / "mlops.yaml").exists(), done.stderr


def test_the_interpreter_of_the_repository_is_used_if_it_is_named(planted: tuple[Path, Path]) -> None:
    root, canary = planted
    done = run("mlopsc", "import", "--dry-run", "--python", ".venv/bin/python3", cwd=root, check=False)
    assert done.returncode == 1
    assert (canary / ".venv-bin-python3").exists(), done.stderr
    assert run("mlopsc", "import", "--dry-run", "--python", sys.executable, cwd=root).returncode == 0


@pytest.mark.parametrize(
    "name", ["journal.json", "lock", "seen.json", "code.json", "txn", "../lock.json", "../../params.yaml"]
)
def test_pipes_are_not_waited_for(tmp_path: Path, name: str) -> None:
    spec = "mlops: 1\nproject: p\nstack: {build: none, ci: []}\nstages:\n  a: {cmd: 'true', deps: [x], outs: [y]}\n"
    (tmp_path / ".mlops/state").mkdir(parents=True)
    (tmp_path / "mlops.yaml").write_text(spec)
    os.mkfifo(tmp_path / ".mlops/state" / name)
    for command in ("check", "plan", "build", "build --check", "tidy --dry-run"):
        done = run("mlopsc", *command.split(), cwd=tmp_path, check=False, seconds=60)
        assert "Traceback" not in done.stderr, done.stderr
