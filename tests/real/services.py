"""CI services on this host: act for GitHub, gitlab-ci-local for GitLab."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import npm_tools, run, tool, write
from mlopsc.targets.github.pins import ACTIONS

STAND_IN = "name: stand-in\ndescription: does nothing\nruns: {using: composite, steps: [{run: 'true', shell: sh}]}\n"
ARTIFACT = """\
name: artifact
description: keeps the files of artifacts in a folder
inputs: {{name: {{}}, path: {{}}, if-no-files-found: {{}}}}
runs:
  using: composite
  steps:
  - shell: bash
    env: {{NAME: "${{{{ inputs.name }}}}", FILES: "${{{{ inputs.path }}}}"}}
    run: |
      store="{store}/$NAME"
      mkdir -p "$store"
      {script}
"""
UPLOAD = 'for file in $FILES; do [ ! -e "$file" ] || cp -r "$file" "$store/"; done'
DOWNLOAD = 'mkdir -p "$FILES" && cp -r "$store/." "$FILES/"'


def stand_ins(folder: Path) -> list[str]:
    """The options that give act what stands for each action but checkout: artifacts are kept in a folder, the rest does nothing."""
    scripts = {"actions/upload-artifact": UPLOAD, "actions/download-artifact": DOWNLOAD}
    options = []
    for action, (commit, _) in ACTIONS.items():
        if action != "actions/checkout":
            place = folder / action.replace("/", "-")
            script = scripts.get(action)
            text = STAND_IN if script is None else ARTIFACT.format(store=folder / "store", script=script)
            write(place, {"action.yml": text})
            options.append(f"--local-repository={action}@{commit}={place}")
    return options


SECONDS = 900
"""A pipeline of many jobs, on a machine that has other things to do."""


def acted(
    root: Path, tmp_path_factory: pytest.TempPathFactory, event: str, *more: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """What act says to an event."""
    act = tool("act")
    stand_in, home = tmp_path_factory.mktemp("action"), tmp_path_factory.mktemp("home")
    return run(
        act, event, "-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-", *more, *stand_ins(stand_in),
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
