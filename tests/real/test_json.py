"""Every command that reads has JSON, so that a program can work with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import run, write

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
stack: {orchestrator: dvc, build: none, ci: []}
stages:
  one: {cmd: cat raw > a, deps: [raw], outs: [a], params: [depth]}
  two: {cmd: "cat a > b", deps: [a], outs: [b]}
"""


@pytest.mark.parametrize(
    "command",
    ["check", "plan", "explain", "graph", "targets", "code MLC319", "tidy --suggest", "affected HEAD", "diff HEAD"],
)
def test_it_is_json(command: str, tmp_path: Path) -> None:
    root = write(tmp_path, {"mlops.yaml": SPEC, "raw": "1", "params.yaml": "depth: 3\n"})
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "x", cwd=root)
    done = run("mlopsc", *command.split(), "--format", "json", cwd=root)
    data = json.loads(done.stdout)
    assert data
