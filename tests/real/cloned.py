"""A project with a Git repository on disk and a DVC remote on the S3 endpoint, for engines whose tasks are clones."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from conftest import AWS, bucket, initialise, run, write
from mlopsc.targets.engines import worker

STEP = """\
import pathlib, sys
log, out, words, deps = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
def text(path):
    path = pathlib.Path(path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return "".join(file.read_text() for file in files if file.is_file())
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(f"{words}:" + "|".join(text(dep) for dep in deps))
with open(log, "a") as file:
    file.write(f"{out}\\n")
if words == "fail":
    sys.exit(3)
"""


def project(root: Path, s3: str, name: str, files: Mapping[str, str]) -> dict[str, str]:
    """A repository of these files, built and committed; gives the environment that a task of it needs."""
    repository(root, bucket(s3, name), s3, files)
    return {**AWS, "MLOPS_REPO": f"file://{root}", "MLOPS_REV": commit(root)}


def repository(root: Path, remote: str, endpoint: str, files: Mapping[str, str]) -> None:
    """A repository of these files, built, with a DVC remote on S3 at an endpoint."""
    write(root, files)
    initialise(root)
    run("dvc", "remote", "add", "-q", "-d", "store", remote, cwd=root)
    run("dvc", "remote", "modify", "store", "endpointurl", endpoint, cwd=root)
    run("mlopsc", "build", cwd=root)


def commit(root: Path) -> str:
    """Commit all there is; the commit's hash."""
    run("git", "add", "-A", cwd=root)
    run(
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
        cwd=root,
    )
    return run("git", "rev-parse", "HEAD", cwd=root).stdout.strip()


def work(
    stage: str, *words: str, cwd: Path, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one stage by the worker script."""
    return run("sh", "-c", worker.text(), "worker", stage, *words, cwd=cwd, check=check, **environment)


def restored(root: Path, outs: list[str], log: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The hashes of outs, as a person gets them into a fresh clone from the remote: no command may run for it."""
    before = ran(log)
    clone = root.parent / f"{root.name}-restored"
    run("rm", "-rf", str(clone), cwd=root)
    run("git", "clone", "-q", str(root), str(clone), cwd=root.parent)
    run("dvc", "repro", "--pull", cwd=clone, **environment)
    assert ran(log) == before, "a command ran again"
    return hashes(clone, outs)


def hashes(root: Path, outs: list[str]) -> dict[str, str]:
    return {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in outs}


def ran(log: Path) -> list[str]:
    """The outs whose commands have run, in no order."""
    return sorted(log.read_text().splitlines()) if log.exists() else []
