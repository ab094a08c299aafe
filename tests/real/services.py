"""CI services on this host: act for GitHub, gitlab-ci-local for GitLab."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import npm_tools, run, tool, write
from mlopsc.targets.github.facts import ACTIONS

SECONDS = 900
"""A pipeline of many jobs, on a machine that has other things to do."""


def acted(
    root: Path, tmp_path_factory: pytest.TempPathFactory, event: str, *more: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """What act says to an event."""
    act = tool("act")
    stand_in, home = tmp_path_factory.mktemp("action"), tmp_path_factory.mktemp("home")
    write(
        stand_in,
        {
            "action.yml": "name: stand-in\ndescription: does nothing\nruns: {using: composite, steps: [{run: 'true', shell: sh}]}\n"
        },
    )
    replaced = [
        f"--local-repository={action}@{commit}={stand_in}"
        for action, (commit, _) in ACTIONS.items()
        if action != "actions/checkout"
    ]
    return run(
        act, event, "-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-", *more, *replaced,
        cwd=root, check=False, seconds=SECONDS, XDG_CACHE_HOME=str(home / "cache"), HOME=str(home), UV_LINK_MODE="copy", **environment,
    )  # fmt: skip


def gitlab(root: Path, home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the pipeline as GitLab would with a shell runner: each job in a copy of what Git tracks."""
    tools, node = npm_tools(), tool("node")
    program = tools / "node_modules/gitlab-ci-local/src/index.js"
    if shutil.which("rsync") is None:  # which it copies with
        (home / "bin").mkdir(exist_ok=True)
        if not (home / "bin/rsync").exists():
            (home / "bin/rsync").symlink_to(tools / "rsync")
        environment["PATH"] = f"{Path(tool('dvc')).parent}{os.pathsep}{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # No job may have an image: this is the shell executor. That, and where variables come from, is all that is changed.
    write(root, {".gitlab-ci-local.yml": "default: {image: null}\n"})
    return run(
        node, str(program), "--home", str(home), "--shell-isolation", "--shell-executor-no-image",
        "--variable",
        f"UV_CACHE_DIR={home / 'uv'}",
        "--no-json-schema-validation", "--no-artifacts-to-source", *arguments,
        cwd=root, check=False, seconds=SECONDS, UV_LINK_MODE="copy", **environment,
    )  # fmt: skip
