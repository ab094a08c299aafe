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

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
POINTS: dict[str, str] = PROJECT["entry-points"]["mlopsc.targets"]
PACKAGE = ("__init__.py", "__main__.py", "py.typed", "pyproject.toml", "compiler", "schemas", "targets", "templates")


def copy_without(target: str, folder: Path) -> Path:
    """A copy of the repository without a target and the tests about it, installed in ``folder / "site"``."""
    copy = folder / "copy"
    copy.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "test_removed.py", f"test_{target}*.py")
    for name in (*PACKAGE, "tests"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, copy / name)
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


@pytest.mark.parametrize("target", sorted(POINTS))
def test_the_other_tests_stay_green(target: str, tmp_path: Path) -> None:
    copy = copy_without(target, tmp_path)
    listed = run_in(
        copy, "-c", "from mlopsc.compiler import installed; print(installed.__file__, *installed.installed())"
    )
    assert listed.stdout.split() == [
        str(copy.parent / "site/mlopsc/compiler/installed.py"),
        *sorted(POINTS.keys() - {target}),
    ]
    tests = os.environ.get("REMOVED_TESTS", "tests/contract/test_targets.py tests/golden").split()
    done = run_in(copy, "-m", "pytest", "-p", "no:cacheprovider", "-n0", "-q", *tests)
    assert done.returncode == 0, done.stdout + done.stderr
