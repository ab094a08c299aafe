"""What all tests share: repositories made of a dict, and the real tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def run(*command: str, cwd: Path, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with this Python's tools first on the path; its output is in the error where it fails."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "NO_COLOR": "1", **environment}
    settings.pop("MAKEFLAGS", None)
    done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, timeout=300, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files, with the folders they need."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Makes a Git and DVC repository out of a dict of files."""

    def make(files: Mapping[str, str]) -> Path:
        write(tmp_path, files)
        run("git", "init", "--quiet", cwd=tmp_path)
        run("dvc", "init", "--quiet", cwd=tmp_path)
        return tmp_path

    return make


def tool(name: str, places: tuple[Path, ...] = ()) -> str:
    """The path of a real tool. On a laptop a test that lacks it is skipped, by name; in CI it fails."""
    for place in (BIN, *places):
        if (place / name).exists():
            return str(place / name)
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and CI has to have it")
        pytest.skip(f"{name} is not installed")
    return found
