"""`extends`: an organisation's base, from the repository or an installed package, merged by key; each value keeps its origin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import At

OWN = """\
mlops: 1
extends: [org/base.yaml]
stages:
  train: {deps: [train.py, extra.txt], timeout: 2h}
  own: {cmd: run, deps: [train.py]}
"""
BASE = """\
extends: org/root.yaml
stack: {ci: []}
stages:
  train: {cmd: python train.py, deps: [train.py], outs: [model], timeout: 1h}
"""
ROOT = """\
stack: {ci: gitlab, test: make verify}
vars: [{lr: 0.1}]
"""
FILES = {"mlops.yaml": OWN, "org/base.yaml": BASE, "org/root.yaml": ROOT, "train.py": "", "extra.txt": ""}


def place(run: Compiled, *path: str | int) -> tuple[str, int, int]:
    assert run.document is not None
    span = run.document.span(At(path))
    return span.source.name, span.line, span.column


def test_mappings_merge_by_key_and_all_else_is_replaced() -> None:
    run = compile_spec(Memory(FILES))
    assert not run.report.failed, list(run.report)
    assert run.project is not None
    train = run.project.stages["train"]
    assert (train.deps, train.timeout, [out.path for out in train.outs]) == (("train.py", "extra.txt"), 7200, ["model"])
    assert list(run.project.stages) == ["train", "own"]
    assert set(run.project.targets) == {"dvc", "make"}
    assert run.project.test_command == "make verify"
    assert {"org/base.yaml", "org/root.yaml"} <= run.inputs


def test_each_value_keeps_the_place_that_it_was_written_at() -> None:
    run = compile_spec(Memory(FILES))
    assert place(run, "stages", "train", "cmd") == ("org/base.yaml", 4, 16)
    assert place(run, "stages", "train", "deps", 1) == ("mlops.yaml", 4, 28)
    assert place(run, "stages", "train", "timeout") == ("mlops.yaml", 4, 49)
    assert place(run, "stack", "ci") == ("org/base.yaml", 2, 13)
    assert place(run, "stack", "test") == ("org/root.yaml", 1, 27)


def test_what_is_wrong_in_a_base_is_told_there() -> None:
    run = compile_spec(Memory({**FILES, "org/root.yaml": ROOT + "stagse: {}\n"}))
    wrong = [each for each in run.report if each.severity == "error"]
    assert [each.code for each in wrong] == ["MLC101"]
    assert run.document is not None
    assert wrong[0].place is not None
    span = run.document.span(wrong[0].place)
    assert (span.source.name, span.line, span.column) == ("org/root.yaml", 3, 1)


def test_a_base_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_base").mkdir()
    (tmp_path / "acme_base/__init__.py").write_text("raise SystemExit('a spec never runs code')\n")
    (tmp_path / "acme_base/mlops.yaml").write_text("vars: [{lr: 0.5}]\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    spec = "mlops: 1\nextends: acme_base:mlops.yaml\nstages: {a: {cmd: 'run ${lr}', deps: [train.py]}}\n"
    run = compile_spec(Memory({"mlops.yaml": spec, "train.py": ""}))
    assert not run.report.failed, list(run.report)
    assert run.project is not None
    assert run.project.stages["a"].commands[0].text == "run 0.5"


@pytest.mark.parametrize(
    "files",
    [
        {"mlops.yaml": "mlops: 1\nextends: a.yaml\n", "a.yaml": "extends: mlops.yaml\n"},
        {"mlops.yaml": "mlops: 1\nextends: nowhere.yaml\n"},
        {"mlops.yaml": "mlops: 1\nextends: ../outside.yaml\n"},
        {"mlops.yaml": "mlops: 1\nextends: no_such_package:mlops.yaml\n"},
    ],
)
def test_what_cannot_be_extended(files: dict[str, Any]) -> None:
    run = compile_spec(Memory(files))
    assert [each.code for each in run.report if each.severity == "error"] == ["MLC009"]
    assert run.files == []
