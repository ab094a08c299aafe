"""The wheel holds the package and nothing else, and works from another directory."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import BIN, run, write

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    uv = shutil.which("uv") or str(BIN / "uv")
    run(uv, "build", "--quiet", "--out-dir", str(out), str(ROOT), cwd=ROOT)
    return next(out.glob("*.whl"))


def test_its_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    outside = [name for name in names if not name.startswith(("mlopsc/", "mlopsc-"))]
    assert outside == []
    for part in ("mlopsc/compiler/cli/__init__.py", "mlopsc/schemas/mlops.schema.json", "mlopsc/targets/make/native.py",
                 "mlopsc/compiler/codes/MLC401.md", "mlopsc/py.typed",
                 "mlopsc/compiler/programs/worker.sh.j2", "mlopsc/targets/airflow/dag.py.j2",
                 "mlopsc/targets/vertex/programs/vertex.py",
                 "mlopsc/templates/templates.json", "mlopsc/templates/common/files/.gitignore",
                 "mlopsc/templates/tabular/files/src/{{package}}/features/ratios.py"):  # fmt: skip
        assert part in names
    names = [name for name in names if not name.startswith("mlopsc/templates/")]
    assert not [name for name in names if "/tests/" in name or "/bench/" in name or "/examples/" in name]


def test_it_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv") or str(BIN / "uv")
    run(uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "v"), cwd=tmp_path)
    run(uv, "pip", "install", "--quiet", "--python", str(tmp_path / "v"), f"{wheel}[new]", cwd=tmp_path)
    engines = "airflow, argo, azureml, kubeflow, mlflow, sacred, sagemaker, vertex"
    stack = f"{{orchestrator: [dvc, make, {engines}], registry: 's3://b/p'}}"
    spec = f"mlops: 1\nproject: p\nstack: {stack}\nstages: {{a: {{cmd: run, deps: [x]}}}}\n"
    project = write(tmp_path / "project", {"mlops.yaml": spec, "x": ""})
    command = str(tmp_path / "v/bin/mlopsc")
    run(command, "build", cwd=project)
    for path in ("dvc.yaml", "dags/p.py", "azureml/p.yml", ".mlops/scripts/worker.sh", ".mlops/scripts/vertex.py"):
        assert (project / path).is_file()
    assert "MLC401" in run(command, "code", "MLC401", cwd=project).stdout
    run(command, "schema", cwd=project)
    run(command, "new", "--template", "bare", "made", cwd=tmp_path)
    assert (tmp_path / "made/data/raw/iris.csv").is_file()
    run(command, "build", "--check", cwd=tmp_path / "made")
    run(str(tmp_path / "v/bin/python"), "-c", "import mlopsc.compiler, mlopsc.schemas, mlopsc.targets", cwd=tmp_path)
    run(str(tmp_path / "v/bin/python"), "-m", "mlopsc", "--version", cwd=tmp_path)
