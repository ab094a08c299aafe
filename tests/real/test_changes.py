"""`mlopsc affected` and `mlopsc diff`: what an edit since a commit does to each stage, told from Git's objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import run, write

SPEC = """\
mlops: 1
stack: {ci: []}
stages:
  prepare: {cmd: python src/prepare.py, deps: [src/prepare.py, raw], outs: [data/p]}
  train: {cmd: "python src/train.py ${lr}", deps: [src/train.py, data/p], params: [lr, net], outs: [m]}
  report: {cmd: cat notes.txt, deps: [notes.txt], metrics: [r.json]}
"""
FILES = {
    "mlops.yaml": SPEC,
    "params.yaml": "lr: 0.1\nnet: {depth: 2}\nother: 1\n",
    "src/prepare.py": "print(1)\n",
    "src/train.py": "print(2)\n",
    "notes.txt": "a\n",
    "raw/a.csv": "1\n",
    "raw/b.csv.dvc": "outs:\n- md5: 1\n  path: b.csv\n",
    ".gitignore": "*.tmp\n",
}

Edit = Callable[[Path], Any]


def replaced(name: str, old: str, new: str) -> Edit:
    return lambda root: (root / name).write_text((root / name).read_text().replace(old, new))


CASES: dict[str, tuple[Edit, dict[str, list[str]]]] = {
    "nothing": (lambda root: None, {}),
    "a file that no stage reads": (lambda root: (root / "README.md").write_text("x"), {}),
    "code": (
        replaced("src/train.py", "2", "3"),
        {"train": ["`src/train.py` changed"]},
    ),
    "a comment": (
        replaced("src/prepare.py", "print", "# x\nprint"),
        {"prepare": ["`src/prepare.py` changed in comments or layout only"]},
    ),
    "text that looks like code": (replaced("notes.txt", "a", "# a"), {"report": ["`notes.txt` changed"]}),
    "a param in a template": (
        replaced("params.yaml", "0.1", "0.2"),
        {"train": ["cmd: python src/train.py 0.1 -> python src/train.py 0.2", "param `lr`: 0.1 -> 0.2"]},
    ),
    "a nested param": (
        replaced("params.yaml", "depth: 2", "depth: 3"),
        {"train": ["param `net`: {'depth': 2} -> {'depth': 3}"]},
    ),
    "a param that no stage tracks": (replaced("params.yaml", "other: 1", "other: 2"), {}),
    "a command": (
        replaced("mlops.yaml", "cat notes.txt", "wc notes.txt"),
        {"report": ["cmd: cat notes.txt -> wc notes.txt"]},
    ),
    "a command as a list, which DVC compares as one": (
        replaced("mlops.yaml", "cmd: cat notes.txt", "cmd: [cat notes.txt]"),
        {"report": ["cmd: cat notes.txt -> [cat notes.txt]"]},
    ),
    "the order of deps": (replaced("mlops.yaml", "src/prepare.py, raw", "raw, src/prepare.py"), {}),
    "a description": (replaced("mlops.yaml", "{cmd: cat", "{desc: Show, cmd: cat"), {}),
    "a file of a directory": (
        replaced("raw/a.csv", "1", "2"),
        {"prepare": ["`raw/a.csv` changed"], "train": ["runs after `prepare`"]},
    ),
    "a new file of a directory": (
        lambda root: (root / "raw/c.csv").write_text("3"),
        {"prepare": ["`raw/c.csv` changed"], "train": ["runs after `prepare`"]},
    ),
    "an ignored file of a directory": (lambda root: (root / "raw/c.tmp").write_text("3"), {}),
    "data under DVC": (
        replaced("raw/b.csv.dvc", "md5: 1", "md5: 2"),
        {"prepare": ["`raw/b.csv.dvc` changed"], "train": ["runs after `prepare`"]},
    ),
    "a dep": (
        replaced("mlops.yaml", "src/prepare.py, raw", "src/prepare.py"),
        {"prepare": ["deps: raw -> none"]},
    ),
    "another dep": (
        replaced("mlops.yaml", "src/prepare.py, raw", "src/prepare.py, raw, notes.txt"),
        {"prepare": ["deps: none -> notes.txt"], "train": ["runs after `prepare`"]},
    ),
    "another out": (
        replaced("mlops.yaml", "outs: [data/p]", "outs: [data/p, data/q]"),
        {"prepare": ["outs: none -> data/q"], "train": ["runs after `prepare`"]},
    ),
    "a param that is no longer tracked": (
        replaced("mlops.yaml", "[lr, net]", "[lr]"),
        {"train": ["params: net -> none"]},
    ),
    "a new stage": (
        lambda root: (root / "mlops.yaml").write_text(SPEC + "  more: {cmd: x, deps: [m], outs: [n]}\n"),
        {"more": []},
    ),
    "a stage that is gone": (
        lambda root: (root / "mlops.yaml").write_text(SPEC.rpartition("  report")[0]),
        {"report": []},
    ),
    "line ends": (lambda root: (root / "notes.txt").write_bytes(b"a\r\n"), {}),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    run("git", "init", "--quiet", cwd=tmp_path)
    run("git", "add", "--all", cwd=tmp_path)
    run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "x", cwd=tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_what_an_edit_does(project: Path, name: str) -> None:
    edit, expected = CASES[name]
    edit(project)
    said = json.loads(run("mlopsc", "affected", "--format", "json", "HEAD", cwd=project).stdout)
    text = run("mlopsc", "affected", "HEAD", cwd=project).stdout
    for stage, reasons in expected.items():
        assert f"{stage}: " in text
        for reason in reasons:
            assert f"  {reason}\n" in text
    assert {stage["stage"]: len(stage["reasons"]) for stage in said["stages"]} == {
        stage: len(reasons) for stage, reasons in expected.items()
    }


def test_diff_tells_written_files_too_in_three_forms(project: Path) -> None:
    CASES["a param in a template"][0](project)
    CASES["a new stage"][0](project)
    data = json.loads(run("mlopsc", "diff", "--format", "json", cwd=project).stdout)
    assert {"path": "dvc.yaml", "change": "changed"} in data["files"]
    assert [stage["change"] for stage in data["stages"]] == ["changed", "added"]
    assert " changed dvc.yaml\n" in run("mlopsc", "diff", cwd=project).stdout
    assert "| more | added, runs |" in run("mlopsc", "diff", "--format", "markdown", cwd=project).stdout


def test_diff_tells_which_packages_are_locked_otherwise(project: Path) -> None:
    write(project, {"requirements.txt": "numpy==2.3.0\npandas==2.2.0\n"})
    run("git", "add", "--all", cwd=project)
    run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "x", cwd=project)
    write(project, {"requirements.txt": "numpy==2.3.1\npandas==2.2.0\nscipy==1.10\n"})
    expected = "package numpy: 2.3.0 -> 2.3.1\npackage scipy: none -> 1.10\n"
    assert expected in run("mlopsc", "diff", cwd=project).stdout
    data = json.loads(run("mlopsc", "diff", "--format", "json", cwd=project).stdout)
    assert {"name": "scipy", "before": None, "after": "1.10"} in data["packages"]
    assert "- numpy: 2.3.0 -\\> 2.3.1" in run("mlopsc", "diff", "--format", "markdown", cwd=project).stdout


def test_a_folder_of_the_repository_is_compared_with_itself(tmp_path: Path) -> None:
    write(tmp_path / "services/ml", FILES)
    write(
        tmp_path,
        {"services/ml/mlops.yaml": SPEC.replace("[notes.txt]", "[notes.txt, ../../common.txt]"), "common.txt": "a"},
    )
    run("git", "init", "--quiet", cwd=tmp_path)
    run("git", "add", "--all", cwd=tmp_path)
    run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "x", cwd=tmp_path)
    (tmp_path / "common.txt").write_text("b")
    said = run("mlopsc", "affected", cwd=tmp_path / "services/ml").stdout
    assert said == "report: runs again\n  `../../common.txt` changed\n"


@pytest.mark.parametrize("base", ["nowhere", "--upload-pack=touch hacked", "HEAD~7", "v1^{tree}"])
def test_what_is_no_commit_is_refused(project: Path, base: str) -> None:
    done = run("mlopsc", "affected", "--", base, cwd=project, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no commit `{base}`" in done.stderr
    assert not (project / "hacked").exists()


def test_without_git_it_says_so(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    done = run("mlopsc", "affected", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "not a git repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_monitor_that_git_would_start_is_not_started(project: Path) -> None:
    run("git", "config", "core.fsmonitor", "touch hacked; false", cwd=project)
    run("git", "config", "filter.evil.clean", "touch hacked; cat", cwd=project)
    (project / ".gitattributes").write_text("*.txt filter=evil\n")
    run("mlopsc", "affected", cwd=project)
    assert not (project / "hacked").exists()
