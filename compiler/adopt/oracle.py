"""Ask DVC how it resolves a repository before and after an import, in a scratch copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..write.signals import interruptible, scratch

NO_DVC = Code(
    "MLC701",
    "error",
    "DVC is not installed, so mlopsc cannot verify that the pipeline stays the same",
    help="install DVC in the repository's `.venv` or beside mlopsc: `pip install dvc`",
)
DVC_FAILED = Code("MLC701", "error", "DVC failed: {reason}", help="check that `{python} -m dvc status` works")

TIMEOUT = 3600
"""Seconds that DVC may take; it may have to hash all data once."""

IGNORED = frozenset([".git", ".venv", "venv", "node_modules", ".mlops", "__pycache__", ".tox"])
"""Folders that are not searched for pipelines and not part of the scratch copy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How DVC sees a repository: each dvc.yaml resolved, the reasons why it rejects one, and the output of `dvc status`."""

    pipelines: Mapping[str, Any]
    problems: Mapping[str, str]
    code: int = 0
    status: str = ""
    errors: str = ""


def ask(
    root: str, pipelines: Sequence[str], write: Mapping[str, bytes]
) -> tuple[Answer | None, Answer | None, list[Diagnostic]]:
    """DVC's answers before and after ``write``. The second is None if DVC rejects the repository as it is."""
    python = python_with_dvc(root)
    if python is None:
        return None, None, [NO_DVC.on(None)]
    probe = _run_probe(root, python, pipelines, write)
    try:
        answer = json.loads(probe.stdout)
    except ValueError:
        reason = (probe.stderr.strip().splitlines() or ["no output"])[-1]
        return None, None, [DVC_FAILED.on(None, reason=reason, python=python)]
    return Answer(**answer["before"]), Answer(**answer["after"]) if "after" in answer else None, []


def _run_probe(
    root: str, python: str, pipelines: Sequence[str], write: Mapping[str, bytes]
) -> subprocess.CompletedProcess[str]:
    """Run `programs/probe.py` in a scratch copy, by the Python that has DVC."""
    with open(f"{os.path.dirname(os.path.dirname(__file__))}/programs/probe.py", encoding="utf-8") as file:
        program = file.read()
    files = {path: content.decode("utf-8", "surrogateescape") for path, content in write.items()}
    with _scratch_copy(root) as (copy, home):
        question = {"root": copy, "pipelines": list(pipelines), "write": files}
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": f"{home}/site", "NO_COLOR": "1"}
        return subprocess.run(
            [python, "-c", program], input=json.dumps(question), env=environment, cwd=copy,
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip


def python_with_dvc(root: str) -> str | None:
    """A Python that can import DVC: that of the repository's `.venv`, of the `dvc` on PATH, or this one."""
    for script in (f"{root}/.venv/bin/dvc", shutil.which("dvc")):
        if script and (python := _interpreter(script)) is not None:
            return python
    from importlib.util import find_spec

    return sys.executable if find_spec("dvc") is not None else None


def _interpreter(script: str) -> str | None:
    """The Python in the shebang of a script; some installers put it on the second line, after `exec`."""
    try:
        with open(script, "rb") as file:
            first, second = file.readline(4096), file.readline(4096)
    except OSError:
        return None
    name = first.removeprefix(b"#!").strip().decode("utf-8", "replace")
    if name.endswith("/sh") and b"exec" in second:
        name = second.decode("utf-8", "replace").partition("exec' ")[2].partition(" ")[0].strip("'\"")
    return name if "python" in os.path.basename(name) and os.access(name, os.X_OK) else None


@contextmanager
def _scratch_copy(root: str) -> Iterator[tuple[str, str]]:
    """A copy of the working tree that shares the cache, and a folder for DVC's temporary files.

    Files are hard links where possible. DVC only reads them, and a changed file is unlinked first, so that no file of the
    user is modified.
    """
    with interruptible(), scratch("mlopsc-import-") as home:
        copy = f"{home}/{os.path.basename(root) or 'repository'}"
        _copy_tree(root, copy)
        _configure_dvc(root, copy)
        yield copy, home


def _copy_tree(root: str, copy: str) -> None:
    os.mkdir(copy)
    for entry in os.scandir(root):
        target = f"{copy}/{entry.name}"
        if entry.is_symlink():
            _link(entry.path, target)
        elif entry.is_dir():
            if entry.name == ".dvc":
                _copy_dvc_config(entry.path, target)
            elif entry.name not in IGNORED:
                _copy_tree(entry.path, target)
        elif entry.is_file():
            _link(entry.path, target)


def _link(path: str, target: str) -> None:
    """Hard-link a file; on another file system copy it if it is small, and symlink it otherwise."""
    if os.path.islink(path):
        os.symlink(os.path.realpath(path), target)
        return
    try:
        os.link(path, target)
    except OSError:
        if os.stat(path).st_size < 1 << 20:
            shutil.copy2(path, target)
        else:
            os.symlink(os.path.realpath(path), target)


def _copy_dvc_config(path: str, target: str) -> None:
    """Copy the configuration in `.dvc`, and nothing else."""
    os.mkdir(target)
    for name in ("config", "config.local", ".gitignore"):
        with suppress(FileNotFoundError):
            shutil.copy2(f"{path}/{name}", f"{target}/{name}")


def _configure_dvc(root: str, copy: str) -> None:
    """Make the copy a DVC repository without Git that uses the cache of the original."""
    os.makedirs(f"{copy}/.dvc", exist_ok=True)
    local = f"{copy}/.dvc/config.local"
    sections: dict[str, dict[str, str]] = {"core": {"no_scm": "true", "check_update": "false"}}
    if (cache := _cache_dir(root)) is not None:
        sections["cache"] = {"dir": cache}
    config = ConfigParser(interpolation=None, strict=False)
    config.read(local, encoding="utf-8")
    config.read_dict(sections)
    with open(local, "w", encoding="utf-8") as file:
        config.write(file)


def _cache_dir(root: str) -> str | None:
    """The cache of the repository; a relative path is relative to the configuration file."""
    directory = None
    for name in ("config", "config.local"):
        config = ConfigParser(interpolation=None, strict=False)
        with suppress(Error, OSError, UnicodeDecodeError):
            config.read(f"{root}/.dvc/{name}", encoding="utf-8")
            directory = config.get("cache", "dir", fallback=directory)
    if directory is None:
        return f"{root}/.dvc/cache" if os.path.isdir(f"{root}/.dvc/cache") else None
    return os.path.normpath(os.path.join(root, ".dvc", os.path.expanduser(directory)))
