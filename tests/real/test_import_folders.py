"""Import in a monorepo: each pipeline in a folder becomes a project with a Makefile and CI, and none takes another one's name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from conftest import run, write

pytestmark = pytest.mark.real
PIPELINE = "stages:\n  copy:\n    cmd: cp in.txt out.txt\n    deps: [in.txt]\n    outs: [out.txt]\n"


def monorepo(root: Path, *folders: str, dvc: tuple[str, ...] = ("",), **files: str) -> Path:
    run("git", "init", "--quiet", "--initial-branch=main", str(root), cwd=root.parent)
    for folder in folders:
        write(root / folder, {"dvc.yaml": PIPELINE, "in.txt": folder})
    for folder in dvc:
        run("dvc", "init", "--quiet", *(["--subdir"] if folder else []), cwd=root / folder)
    return write(root, files)


def projects(root: Path) -> dict[str, str]:
    specs = {str(path.parent.relative_to(root)): yaml.safe_load(path.read_text()) for path in root.rglob("mlops.yaml")}
    return {folder: spec["project"] for folder, spec in sorted(specs.items())}


def workflows(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob(".github/workflows/*"))


@pytest.mark.full
def test_all_folders_of_a_dvc_repository(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", "a/ml", "b/ml", "etl")
    write(root, {".gitlab-ci.yml": "build: {script: [make]}\n", ".github/workflows/team.yml": "on: push\njobs: {}\n"})
    done = run("mlopsc", "import", cwd=root)
    assert "3 stages: DVC resolves them as before" in done.stdout
    assert projects(root) == {"a/ml": "a-ml", "b/ml": "b-ml", "etl": "etl"}
    assert workflows(root) == ["mlops-a-ml.yml", "mlops-b-ml.yml", "mlops-etl.yml", "team.yml"]
    assert sorted(path.name for path in root.glob(".gitlab/*")) == ["mlops-a-ml.yml", "mlops-b-ml.yml", "mlops-etl.yml"]
    text = (root / ".gitlab-ci.yml").read_text()
    assert text.startswith("build: {script: [make]}\n")
    assert text.count("local: .gitlab/mlops-*.yml") == 1
    for folder in ("a/ml", "b/ml", "etl"):
        assert run("mlopsc", "build", "--check", cwd=root / folder).returncode == 0
        run("make", "pipeline", cwd=root / folder)
        assert (root / folder / "out.txt").read_text() == folder


@pytest.mark.parametrize("dvc", ["", "services/ml"])
def test_one_folder(tmp_path: Path, dvc: str) -> None:
    root = monorepo(tmp_path / "r", "services/ml", "other", dvc=(dvc,))
    run("mlopsc", "import", "services/ml", cwd=root)
    assert projects(root) == {"services/ml": "ml"}
    assert workflows(root) == ["mlops-ml.yml"]
    assert (root / "services/ml/Makefile").exists()
    assert run("mlopsc", "build", "--check", cwd=root / "services/ml").returncode == 0


def test_a_dry_run_writes_nothing_above(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", "services/ml", dvc=("services/ml",))
    done = run("mlopsc", "import", "--dry-run", "services/ml", cwd=root)
    assert "create ../../.github/workflows/mlops-ml.yml" in done.stdout
    assert workflows(root) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r"]


@pytest.mark.full
def test_repositories_in_folders_are_offered_by_their_commands(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", "services/a", "services/b", dvc=("services/a", "services/b"))
    done = run("mlopsc", "import", cwd=root, check=False)
    assert done.returncode == 1
    assert "import each of them: `mlopsc import services/a`, `mlopsc import services/b`" in done.stderr
    for folder in ("services/a", "services/b"):
        run("mlopsc", "import", folder, cwd=root)
    assert workflows(root) == ["mlops-a.yml", "mlops-b.yml"]


def test_a_folder_that_a_workflow_runs_already_gets_no_second_one(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", "services/ml", dvc=("services/ml",))
    text = "on: push\njobs: {a: {runs-on: x, steps: [{run: cd services/ml && dvc repro}]}}\n"
    write(root, {".github/workflows/team.yml": text})
    done = run("mlopsc", "import", "services/ml", cwd=root)
    assert "it names `services/ml` and DVC, so no CI is generated" in done.stdout
    assert workflows(root) == ["team.yml"]


def test_a_pipeline_at_the_root_keeps_those_in_folders_beside_it(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", ".", "parts/etl")
    run("mlopsc", "import", cwd=root)
    assert (root / "Makefile").exists()
    assert not (root / "parts/etl/Makefile").exists()
    assert workflows(root) == []


@pytest.mark.full
def test_a_name_that_is_taken_stops_the_import(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", "a/ml", "b/ml", dvc=("a/ml", "b/ml"))
    run("mlopsc", "import", "a/ml", cwd=root)
    before = (root / ".github/workflows/mlops-ml.yml").read_text()
    done = run("mlopsc", "import", "b/ml", cwd=root, check=False)
    assert done.returncode == 1
    assert "MLC317" in done.stderr
    assert "nothing was written" in done.stderr
    assert not (root / "b/ml/mlops.yaml").exists()
    assert (root / ".github/workflows/mlops-ml.yml").read_text() == before


def test_new_and_init_in_a_folder(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "r", dvc=())
    write(root / "services/own/src", {"prepare.py": "open('a.txt', 'w').write(open('raw.txt').read())\n"})
    run("mlopsc", "new", "ml", cwd=root / "services")
    assert not (root / "services/ml/.git").exists()
    assert workflows(root) == ["mlops-ml.yml"]
    assert run("dvc", "root", cwd=root / "services/ml").stdout.strip() == "."
    assert run("mlopsc", "build", "--check", cwd=root / "services/ml").returncode == 0
    again = run("mlopsc", "new", "ml", cwd=root / "services/own", check=False)
    assert "MLC317" in again.stderr
    assert not (root / "services/own/ml").exists()
    run("mlopsc", "init", cwd=root / "services/own")
    assert projects(root)["services/own"] == "own"
    assert run("dvc", "root", cwd=root / "services/own").stdout.strip() == "."
