"""docs/getting-started.md, typed line by line into an empty folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import ROOT, initialise, run, write

pytestmark = pytest.mark.real

PAGE = (ROOT / "docs/getting-started.md").read_text()
STEP = """import os, sys
os.makedirs({folder!r}, exist_ok=True)
open({file!r}, "w").write({text!r})
"""


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def typed(title: str) -> list[str]:
    """The lines that a section has one type, without their comments."""
    lines = [
        line for block in re.findall(r"```console\n(.*?)```", section(title), re.DOTALL) for line in block.splitlines()
    ]
    assert all(line.startswith("$ ") for line in lines)
    return [line.removeprefix("$ ").partition("  #")[0].strip() for line in lines]


def step(name: str, file: str, text: str = "1\n") -> dict[str, str]:
    return {f"src/{name}.py": STEP.format(folder=os.path.dirname(file), file=file, text=text)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Scripts of a pipeline, in a fresh Git and DVC repository."""
    write(tmp_path, {
        "data/raw/wine.csv": "a,b\n", **step("prepare", "data/prepared/x"), **step("featurize", "data/featurize/x"),
        **step("train", "models/train/x"), **step("evaluate", "metrics/evaluate.json", '{"accuracy": 1}'),
    })  # fmt: skip
    with open(tmp_path / "src/evaluate.py", "a") as file:
        file.write(STEP.format(folder="plots/evaluate", file="plots/evaluate/x.csv", text="x\n1\n"))
    initialise(tmp_path)
    return tmp_path


def test_with_scripts(folder: Path) -> None:
    spec = re.findall(r"```yaml\n(.*?)```", section("With scripts"), re.DOTALL)
    assert len(spec) == 1
    (folder / "mlops.yaml").write_text(spec[0])
    lines = typed("With scripts")
    assert "make pipeline" in lines
    for line in lines:
        run("bash", "-euc", line, cwd=folder)
    assert (folder / "metrics/evaluate.json").exists()
    assert "<svg" in (folder / "pipeline.html").read_text()
    assert "up to date" in run("make", "pipeline", cwd=folder).stdout + run("dvc", "status", cwd=folder).stdout


def test_with_a_dvc_yaml(folder: Path) -> None:
    """The stages run no second time, and the dvc.yaml that was there is kept."""
    write(
        folder,
        {
            "dvc.yaml": "stages:\n    prepare: {cmd: python src/prepare.py, deps: [src/prepare.py], outs: [data/prepared]}\n"
        },
    )
    run("dvc", "repro", "--quiet", cwd=folder)
    mine = (folder / "dvc.yaml").read_text()
    lines = typed("With a dvc.yaml")
    assert lines[-1] == "mlopsc build --overwrite dvc.yaml"
    for line in lines[:-1]:
        said = run("bash", "-euc", line, cwd=folder, check="plan" not in line).stdout
    assert "stages: nothing to run" in said
    assert run("mlopsc", "build", cwd=folder, check=False).returncode == 1
    run("bash", "-euc", lines[-1], cwd=folder)
    assert (folder / "dvc.yaml.orig").read_text() == mine
    assert "up to date" in run("dvc", "status", cwd=folder).stdout


def test_with_code_that_is_there(folder: Path) -> None:
    write(
        folder,
        {"src/prepare.py": "import pandas as pd\npd.read_csv('data/raw/wine.csv').to_csv('data/prepared.csv')\n"},
    )
    lines = typed("With existing code")
    assert lines == ["mlopsc init", "mlopsc trace --all --write", "mlopsc build", "make pipeline"]
    for line in lines:
        run("bash", "-euc", line, cwd=folder)
    assert (folder / "dvc.lock").exists()
    assert (folder / "data/prepared.csv").exists()
