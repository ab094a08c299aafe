"""A repository twice: `dvc repro` works in one, the runner in the other, and both must end up the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import BIN, ROOT, run, write
from mlopsc.targets.dvc.runner import PROGRAMS as RUNNER_PROGRAMS
from ruamel.yaml import YAML

PROGRAMS = ROOT / "compiler" / "programs"
RUNNER = ".mlops/scripts/run.py"
IGNORED = {".git", ".dvc", ".mlops"}


def install(root: Path) -> None:
    """Put the runner where a build puts it."""
    write(root / ".mlops" / "scripts", {name: (PROGRAMS / name).read_text() for name in RUNNER_PROGRAMS})


def repository(root: Path, files: Mapping[str, str]) -> Path:
    """A Git and DVC repository with the runner in it."""
    root.mkdir(parents=True)
    write(root, files)
    run("git", "init", "-q", ".", cwd=root)
    run("dvc", "init", "-q", cwd=root)
    install(root)
    return root


def environment(root: Path, tools: Path = BIN) -> dict[str, str]:
    """Where the commands of stages write down that they ran; the tools of one folder are first on the path."""
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {"RAN": str(root.parent / f"{root.name}.ran"), "PATH": path, "DVC_NO_ANALYTICS": "1"}


def ran(root: Path) -> list[str]:
    """What has run since this was last asked, sorted."""
    log = root.parent / f"{root.name}.ran"
    lines = sorted(log.read_text().split()) if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def runner(root: Path, *options: str, tools: Path = BIN, **settings: str) -> subprocess.CompletedProcess[str]:
    environs = {**environment(root, tools), **settings}
    return run(str(tools / "python"), RUNNER, *options, cwd=root, check=False, **environs)


def started(root: Path, *options: str, **settings: str) -> subprocess.Popen[str]:
    """The runner, running."""
    return subprocess.Popen(
        [sys.executable, RUNNER, *options],
        cwd=root,
        env={**os.environ, **environment(root), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def repro(root: Path, *options: str, tools: Path = BIN) -> subprocess.CompletedProcess[str]:
    return run(str(tools / "dvc"), "repro", *options, cwd=root, check=False, **environment(root, tools))


def records(root: Path) -> dict[str, Any]:
    """All that a run leaves: dvc.lock and .dvc files as data, the cache's objects, what Git ignores, and the files."""
    yaml = YAML(typ="safe")
    left: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if name.parts[0] in IGNORED or not path.is_file():
            continue
        if path.name == "dvc.lock" or path.suffix == ".dvc":
            left[str(name)] = yaml.load(path)
        elif path.name == ".gitignore":
            left[str(name)] = sorted(path.read_text().split())
        else:
            left[str(name)] = path.read_bytes()
    cache = root / ".dvc" / "cache"
    left["cache"] = sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())
    left["empty folders"] = sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_dir() and path.relative_to(root).parts[0] not in IGNORED and not any(path.iterdir())
    )
    return left


def held(root: Path) -> list[str]:
    """The paths that somebody holds by DVC's rwlock."""
    path = root / ".dvc" / "tmp" / "rwlock"
    entries = json.loads(path.read_text()) if path.exists() else {}
    return [*entries.get("write", {}), *entries.get("read", {})]


def lock_order(root: Path) -> list[str]:
    data = YAML(typ="safe").load(root / "dvc.lock")
    return list(data["stages"])


def differences(dvc: dict[str, Any], ours: dict[str, Any], failed: bool) -> dict[str, Any]:
    """What differs. Where a stage failed, `dvc repro` takes the outs of others, recorded ones, out of .gitignore again,
    and never puts them back; the runner does not.
    """
    found = {}
    for name in dvc.keys() | ours.keys():
        one, other = dvc.get(name), ours.get(name)
        if failed and name.endswith(".gitignore") and set(one or ()) <= set(other or ()):
            continue
        if one != other:
            found[name] = (one, other)
    return found


class Pair:
    """The same repository twice."""

    def __init__(self, folder: Path, files: Mapping[str, str], *setup: str, tools: Path = BIN) -> None:
        self.tools = tools
        self.dvc = repository(folder / "dvc", files)
        for command in setup:
            run("sh", "-c", command, cwd=self.dvc, **environment(self.dvc, tools))
        ran(self.dvc)
        self.failed = False
        self.ours = folder / "ours"
        shutil.copytree(self.dvc, self.ours, symlinks=True)

    def do(self, *commands: str) -> None:
        """The same shell commands in both."""
        for root in (self.dvc, self.ours):
            for command in commands:
                run("sh", "-c", command, cwd=root, **environment(root, self.tools))

    def run(self, *options: str, jobs: int = 1) -> tuple[bool, list[str]]:
        """Both run; whether they succeed and which stages they run must be the same. Gives what ran."""
        theirs = repro(self.dvc, *options, tools=self.tools)
        ours = runner(self.ours, *options, "--jobs", str(jobs), tools=self.tools)
        output = f"\n--- dvc repro\n{theirs.stdout}{theirs.stderr}\n--- runner\n{ours.stdout}{ours.stderr}"
        expected, actual = ran(self.dvc), ran(self.ours)
        assert (ours.returncode == 0) == (theirs.returncode == 0), output
        assert actual == expected, output
        self.failed |= theirs.returncode != 0
        difference = differences(records(self.dvc), records(self.ours), self.failed)
        assert not difference, f"{difference}{output}"
        assert not held(self.ours)
        return ours.returncode == 0, actual
