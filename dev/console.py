"""Run the commands in the console blocks of a page, and write their real output below them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

BLOCK = re.compile(r"(?<=```console\n)(.*?)(?=```)", re.DOTALL)


def with_output(text: str, folder: Path) -> str:
    """The page ``text`` with every command of its console blocks run in ``folder``, in order, and its output updated."""
    return BLOCK.sub(lambda block: "".join(_run(line, folder) for line in _commands(block[1])), text)


def _commands(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.startswith("$ ")]


def _run(line: str, folder: Path) -> str:
    environment = {**os.environ, "NO_COLOR": "1", "MLOPS_BASE": ""}
    done = subprocess.run(
        ["bash", "-c", line.removeprefix("$ ")], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return f"{line}\n{done.stdout}{done.stderr}"


def wine_repository(folder: Path, example: Path) -> Path:
    """A fresh Git repository with a built copy of examples/wine, on the branch `main`."""
    import shutil

    shutil.copytree(example, folder, ignore=shutil.ignore_patterns(".dvc", "__pycache__", "state"))
    git = "git -c user.name=mlopsc -c user.email=mlopsc@localhost"
    setup = f"git init --quiet --initial-branch main && mlopsc build && git add --all && {git} commit --quiet -m begin"
    subprocess.run(["bash", "-c", setup], cwd=folder, capture_output=True, check=True)
    for name in ("user.name", "user.email"):
        subprocess.run(["git", "config", name, "mlopsc@localhost"], cwd=folder, check=True)
    return folder
