"""`make corpus`: the table, the figures, and a file that imported before and no longer does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run, write

pytestmark = pytest.mark.real

GOOD = """\
stages:
  prepare:
    cmd: python src/prepare.py
    deps:
      - src/prepare.py
    outs:
      - data/prepare
  train:
    cmd: python train/it.py
    deps:
      - data/prepare
    outs:
      - model
"""


def corpus(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    record = str(folder.parent / "record.json")
    return run(
        sys.executable, str(ROOT / "bench/corpus.py"), str(folder), "--against", record, *words, cwd=ROOT, check=False
    )


def test_a_file_that_no_longer_imports_fails(tmp_path: Path) -> None:
    folder = write(tmp_path / "corpus", {"a__b/dvc.yaml": GOOD, "c__d/sub/dvc.yaml": "vars: [gone.yaml]\nstages: {}\n"})
    said = corpus(folder, "--record")
    assert said.returncode == 0, said.stderr
    assert "1 of 2 files imported (50 %)" in said.stdout
    assert "tidy saves 5 of 18 lines (27.8 %)" in said.stdout
    assert "1 of 2 Python stages do not depend on the file that they run (50.0 %)" in said.stdout
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["a__b/dvc.yaml"] == "imported"
    assert "'sub/gone.yaml' does not exist" in record["c__d/sub/dvc.yaml"]
    assert list((folder / "a__b").iterdir()) == [folder / "a__b/dvc.yaml"], "nothing is left behind"
    (folder / "a__b/dvc.yaml").write_text(GOOD.replace("cmd:", "command:"))
    (folder / "c__d/sub/dvc.yaml").unlink()
    worse = corpus(folder)
    assert worse.returncode == 1
    assert "`a__b/dvc.yaml` imported before, and no longer does: MLC703" in worse.stderr
    assert "`c__d/sub/dvc.yaml` is in the record, but was not found" in worse.stderr
