"""Run Git, and DVC if it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress

from .refusal import Refusal

_MLOPSC = {"GIT_AUTHOR_NAME": "mlopsc", "GIT_AUTHOR_EMAIL": "mlopsc@localhost",
         "GIT_COMMITTER_NAME": "mlopsc", "GIT_COMMITTER_EMAIL": "mlopsc@localhost"}  # fmt: skip
_SAFE = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false",
         "-c", "tag.gpgSign=false", "-c", "core.autocrlf=false",
         "-c", "advice.defaultBranchName=false"]  # fmt: skip
"""Settings under which Git runs no hooks and signs nothing."""

_DVC = {
    ".dvc/config": "",
    ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
    ".dvcignore": "# Add patterns of files dvc should ignore, which could improve\n"
    "# the performance. Learn more at\n# https://dvc.org/doc/user-guide/dvcignore\n",
}
"""What `dvc init` of DVC 3.67 writes, for machines without DVC; a test compares it with the real one."""


def git(*words: str, cwd: str, when: int | None = None, data: bytes | None = None) -> str:
    """Run Git without hooks and return its output. ``when`` fixes the date, and so the hash, of a commit."""
    if shutil.which("git") is None:
        raise Refusal("git is not installed", "install Git and run the command again", misuse=False)
    environment = {name: value for name, value in os.environ.items() if name not in _LOCAL} | {"LC_ALL": "C"}
    if when is not None:
        date = f"{1_000_000_000 + when} +0000"
        environment |= _MLOPSC | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    done = subprocess.run(
        ["git", *_SAFE, *words], cwd=cwd, env=environment, input=data, capture_output=True, check=False
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise Refusal(f"`git {words[0]}` failed: {reason}", misuse=False)
    return done.stdout.decode(errors="surrogateescape")


_LOCAL = frozenset("GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_COMMON_DIR GIT_PREFIX".split())
"""Variables set by Git hooks, which would point Git to another repository."""


def git_init(root: str) -> None:
    """Create a Git repository on the branch `main`."""
    git("init", "--quiet", "--initial-branch=main", cwd=root)


def dvc_init(root: str) -> bool:
    """Create a DVC repository. Returns whether DVC did it; without DVC, its files are written directly."""
    beside = os.path.join(os.path.dirname(sys.executable), "dvc")
    dvc = beside if os.access(beside, os.X_OK) else shutil.which("dvc")
    if dvc is not None:
        done = subprocess.run([dvc, "init", "--quiet"], cwd=root, capture_output=True, check=False,
                              env={**os.environ, "DVC_NO_ANALYTICS": "1"})  # fmt: skip
        if done.returncode == 0:
            return True
        raise Refusal(f"`dvc init` failed: {done.stderr.decode(errors='replace').strip()}", misuse=False)
    dvc_files(root)
    git("add", "--force", *_DVC, cwd=root)
    return False


def dvc_files(root: str) -> None:
    """Write the files of `dvc init`, without DVC, and stage nothing.

    The repository may be somebody else's: `git add`, which `dvc init` calls too, runs the filters that its `.gitattributes`
    and configuration name.
    """
    for name, text in _DVC.items():
        os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
        with suppress(FileExistsError), open(f"{root}/{name}", "x", encoding="utf-8") as file:
            file.write(text)
