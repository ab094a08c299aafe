"""docs/architecture.md is true: its values are those of the phases, and its diffs do what it says."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
DIFFS = dict(
    re.findall(r"^## How to add a (.+?)\n.*?^```diff\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
)

COMPILE = """
import sys
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
compiled = compile_spec(Memory({"mlops.yaml": sys.argv[1], "raw.csv": ""}))
for diagnostic in compiled.report:
    print(diagnostic.severity, diagnostic.code, diagnostic.message)
for file in compiled.files:
    print(file.path, file.text)
"""
STAGE = (
    "mlops: 1\nstages: {{sort: {{cmd: sort raw.csv > sorted.csv, deps: [raw.csv], outs: [sorted.csv]{keys}}}}}\n{rest}"
)


def compiled(diff: str, spec: str, folder: Path) -> str:
    """What a copy of the package with this change says about a spec, and emits for it."""
    package = folder / "mlopsc"
    for name in ("compiler", "schemas", "targets"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "pyproject.toml"):
        shutil.copy(ROOT / name, package / name)
    subprocess.run(
        ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-"], input=diff, text=True, cwd=package, check=True
    )
    targets = tomllib.loads((package / "pyproject.toml").read_text())["project"]["entry-points"]["mlopsc.targets"]
    metadata = folder / "mlopsc-1.dist-info"  # found before that of the installed package
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mlopsc\nVersion: 1\n")
    entry_points = [f"{name} = {value}" for name, value in targets.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[mlopsc.targets]", *entry_points]))
    path = {**os.environ, "PYTHONPATH": str(folder)}
    program = [sys.executable, "-c", COMPILE, spec]
    return subprocess.run(program, cwd=folder, env=path, text=True, capture_output=True, check=True).stdout


def test_the_values_of_the_page_are_those_of_the_phases() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 20
    assert result.failed == 0


def test_a_stage_key_touches_the_model_its_lowering_and_targets(tmp_path: Path) -> None:
    touched = re.findall(r"^\+\+\+ b/(\S+)", DIFFS["stage key"], re.MULTILINE)
    assert {path.partition("/")[0] for path in touched if not path.startswith("compiler/")} == {"schemas", "targets"}
    assert {path.split("/")[1] for path in touched if path.startswith("compiler/")} == {"model", "lower"}
    spec = STAGE.format(keys=", priority: 5", rest="stack: {orchestrator: [dvc, airflow], registry: /srv/dvc}\n")
    output = compiled(DIFFS["stage key"], spec, tmp_path)
    assert "priority_weight=5" in output
    assert "note MLC503 `priority` has no effect in the files of dvc" in output
    assert "error" not in output.partition("dvc.yaml ")[0]


@pytest.mark.parametrize(("keys", "reported"), [(", frozen: true, retries: 2", True), (", retries: 2", False)])
def test_a_check(keys: str, reported: bool, tmp_path: Path) -> None:
    output = compiled(DIFFS["check"], STAGE.format(keys=keys, rest=""), tmp_path)
    assert ("warning MLC460 `retries` has no effect: `sort` is frozen and never runs" in output) == reported
    assert "MLC460.md" in DIFFS["check"]


def test_a_target(tmp_path: Path) -> None:
    output = compiled(DIFFS["target"], STAGE.format(keys="", rest="stack: {orchestrator: [dvc, mermaid]}\n"), tmp_path)
    assert 'pipeline.mmd flowchart LR\n    0["sort"]\n' in output
