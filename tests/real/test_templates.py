"""Each packaged template, from an empty directory: it is made, set up, runs, is tested, and is up to date."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import BIN, run, tool
from mlopsc.compiler.scaffold.library import Library

MLOPSC = str(BIN / "mlopsc")
TEMPLATES = [each.name for each in Library().templates]


@pytest.mark.real
@pytest.mark.full
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_repository_that_runs(template: str, tmp_path: Path) -> None:
    tool("make")
    run(MLOPSC, "new", "--template", template, "My Project", "--set", "author=A. Person", cwd=tmp_path)
    root = tmp_path / "my-project"
    assert len((root / "mlops.yaml").read_text().splitlines()) < 30
    path = f"{Path(shutil.which('uv') or tool('uv')).parent}:/usr/bin:/bin"  # no dvc but what `make setup` installs
    uv_python = {"PATH": path, "UV_PYTHON": sys.executable}
    if template == "images":
        torch_of_this_machine(root, tool("uv"))
    run("make", "setup", cwd=root, seconds=1200, **uv_python)
    run("make", "pipeline", cwd=root, seconds=1200, **uv_python)
    run("make", "test", cwd=root, **uv_python)
    run(MLOPSC, "build", "--check", cwd=root)
    if template == "images":
        has_cuda = run(".venv/bin/python", "-c", "import torch; print(torch.version.cuda)", cwd=root).stdout
        assert has_cuda == "None\n", "it is PyTorch's build for processors"
    practice(root)
    assert "nothing to run" in run("make", "pipeline", cwd=root, **uv_python).stdout
    assert json.loads((root / "metrics/evaluate.json").read_text())
    assert "holds" in (root / "metrics/evaluate.gate.md").read_text()
    assert (root / "reports/report.md").read_text().startswith("# ")
    run("make", "plots", cwd=root, **uv_python)
    assert (root / "dvc_plots/index.html").is_file()


def torch_of_this_machine(root: Path, uv: str) -> None:
    """PyTorch's build for processors, from the wheels that pip is told of here, where there is one: uv does not look
    there, and would take CUDA's libraries along, of 5 GB. Elsewhere `make setup` gets that build itself."""
    said = run(sys.executable, "-m", "pip", "config", "get", "global.find-links", cwd=root, check=False).stdout.split()
    for wheel in (wheel for place in said for wheel in Path(place).glob("torch-*+cpu-*.whl")):
        run(uv, "venv", "--quiet", "--python", sys.executable, ".venv", cwd=root)
        run(uv, "pip", "install", "--quiet", "--python", ".venv", str(wheel), cwd=root)


def practice(root: Path) -> None:
    """The code is what a good practitioner would keep: in style, typed, and nothing of ours in it."""
    run(str(BIN / "ruff"), "check", ".", cwd=root)
    run(str(BIN / "ruff"), "format", "--check", ".", cwd=root)
    run(str(BIN / "mypy"), "--python-executable", ".venv/bin/python", cwd=root)
    code = "".join(path.read_text() for part in ("src", "tests") for path in (root / part).rglob("*.py"))
    assert "mlopsc" not in code
    assert (root / "src/my_project/features/__init__.py").is_file()


@pytest.mark.real
def test_a_gate_that_a_worse_model_does_not_pass(tmp_path: Path) -> None:
    run(MLOPSC, "new", "--template", "bare", "b", cwd=tmp_path)
    root = tmp_path / "b"
    mean = root / "src/b/features/flowers.py"
    mean.write_text(mean.read_text().replace("return min(centres", "return max(centres"))
    failed = run("dvc", "repro", cwd=root, check=False)
    assert failed.returncode != 0
    assert "gate-evaluate" in failed.stderr
    assert json.loads((root / "metrics/evaluate.json").read_text())["accuracy"] < 0.85
