"""`rm -r targets/NAME` and its entry point: every test that is not about NAME stays green.

A test is about a target if its file is named after it (`test_gitlab.py`, `test_gitlab_escape.py`), or its golden case is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, write
from mlopsc.schemas.stack import Stack

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
POINTS: dict[str, str] = PROJECT["entry-points"]["mlopsc.targets"]
SAMPLE = ["gitlab", "kubeflow"]
"""A CI service and an engine, from whose folder another target took its code once."""
OTHERS = sorted(POINTS.keys() - set(SAMPLE))
NOT_COPIED = (".git", ".venv", ".cache", ".dev", ".hypothesis", "__pycache__", "node_modules", "dist")


def copy_without(target: str, folder: Path) -> Path:
    """A copy of the repository without a target and the tests about it, installed in ``folder / "site"``."""
    copy = folder / "copy"
    tests = ("test_removed.py", f"test_{target}*.py")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED, *tests))
    shutil.rmtree(copy / "targets" / target)
    for case in (copy / "tests/golden").glob(f"{target}*/"):
        shutil.rmtree(case)
    pyproject = (copy / "pyproject.toml").read_text()
    line = f'{target} = "{POINTS[target]}"\n'
    assert line in pyproject
    points = "".join(f"{name} = {value}\n" for name, value in POINTS.items() if name != target)
    metadata = f"{PROJECT['name']}-0.dist-info"
    write(copy, {"pyproject.toml": pyproject.replace(line, "")})
    write(
        folder / "site",
        {
            f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {PROJECT['name']}\nVersion: 0\n",
            f"{metadata}/entry_points.txt": f"[mlopsc.targets]\n{points}",
        },
    )
    (folder / "site" / PROJECT["name"]).symlink_to(copy)
    return copy


def run_in(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the copy's Python, which imports the copy and sees its entry points before those of the original."""
    environment = {**os.environ, "PYTHONPATH": str(copy.parent / "site"), "NO_COLOR": "1"}
    return subprocess.run(
        (sys.executable, *arguments), cwd=copy, env=environment, capture_output=True, text=True, check=False
    )


def run_tests(target: str, folder: Path, tests: tuple[str, ...]) -> None:
    copy = copy_without(target, folder)
    list_targets = "from mlopsc.compiler import installed; print(installed.__file__, *installed.installed())"
    listed = run_in(copy, "-c", list_targets).stdout.split()
    assert listed == [str(folder / "site/mlopsc/compiler/installed.py"), *sorted(POINTS.keys() - {target})]
    done = run_in(copy, "-m", "pytest", "-p", "no:cacheprovider", "-n0", "-q", *tests)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("target", [*SAMPLE, *(pytest.param(name, marks=pytest.mark.full) for name in OTHERS)])
def test_the_other_targets_do_the_same(target: str, tmp_path: Path) -> None:
    """Their contract and their golden files, and the examples of codes, unless all of them use the default stack."""
    codes = () if target in Stack().targets else ("tests/spec/test_codes.py",)
    run_tests(target, tmp_path, ("tests/contract/test_targets.py", "tests/golden", *codes))


@pytest.mark.full
@pytest.mark.parametrize("target", [SAMPLE[0], *(pytest.param(name, marks=pytest.mark.long) for name in SAMPLE[1:])])
def test_every_fast_test_stays_green(target: str, tmp_path: Path) -> None:
    """Not for dvc, make and github: they are the default stack, so that nearly every spec of a test names them."""
    run_tests(target, tmp_path, ("tests/unit", "tests/spec"))
