"""DVC asked: what it makes of the repository before and after an import, in a scratch copy that it alone sees."""

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

from ..model.diagnostic import Diagnostic
from ..write.signals import interruptible, scratch

PATIENCE = 3600
"""Seconds that DVC may take; it may have to hash all data once."""

LEFT_OUT = frozenset([".git", ".venv", "venv", "node_modules", ".mlops", "__pycache__", ".tox"])
"""Folders that no pipeline is looked for in, and that the scratch copy lacks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What DVC makes of a repository: what each dvc.yaml comes to, why it takes one not, and what `dvc status` says."""

    pipelines: Mapping[str, Any]
    problems: Mapping[str, str]
    code: int = 0
    status: str = ""
    errors: str = ""


def ask(
    root: str, pipelines: Sequence[str], write: Mapping[str, bytes]
) -> tuple[Seen | None, Seen | None, list[Diagnostic]]:
    """What DVC sees before and after ``write``; ``after`` is None where it refuses the repository as it stands."""
    python = python_with_dvc(root)
    if python is None:
        help_ = "install it where mlopsc or the repository's `.venv` finds it: `pip install dvc`"
        return (
            None,
            None,
            [Diagnostic("MLC701", "DVC is not installed, so nothing can be shown to stay the same", help=help_)],
        )
    with _scratch(root) as (copy, home):
        asked = {"root": copy, "pipelines": list(pipelines), "write": {p: _text(t) for p, t in write.items()}}
        settings = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": f"{home}/site", "NO_COLOR": "1"}
        folder = os.path.dirname(os.path.dirname(__file__))
        with open(f"{folder}/programs/probe.py", encoding="utf-8") as file:
            program = file.read()
        done = subprocess.run(
            [python, "-c", program], input=json.dumps(asked), env=settings, cwd=copy,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return (
            None,
            None,
            [Diagnostic("MLC701", f"DVC broke off: {last}", help=f"see whether `{python} -m dvc status` works")],
        )
    before = Seen(**answer["before"])
    return before, Seen(**answer["after"]) if "after" in answer else None, []


def python_with_dvc(root: str) -> str | None:
    """The Python that has DVC: of the `dvc` on the path, of the repository's `.venv`, or this one."""
    for script in (f"{root}/.venv/bin/dvc", shutil.which("dvc")):
        if script and (python := _interpreter(script)) is not None:
            return python
    from importlib.util import find_spec

    return sys.executable if find_spec("dvc") is not None else None


def _interpreter(script: str) -> str | None:
    """The program in a script's first line; some installers write it in the second, behind `exec`."""
    try:
        with open(script, "rb") as file:
            first, second = file.readline(4096), file.readline(4096)
    except OSError:
        return None
    name = first.removeprefix(b"#!").strip().decode("utf-8", "replace")
    if name.endswith("/sh") and b"exec" in second:
        name = second.decode("utf-8", "replace").partition("exec' ")[2].partition(" ")[0].strip("'\"")
    return name if "python" in os.path.basename(name) and os.access(name, os.X_OK) else None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


@contextmanager
def _scratch(root: str) -> Iterator[tuple[str, str]]:
    """A copy of the working tree, by hard links where it can be, under the same cache; and a folder for DVC's own use.

    DVC only reads it, and what is to change is unlinked first, so no file of the user's is touched.
    """
    with interruptible(), scratch("mlopsc-import-") as home:
        copy = f"{home}/{os.path.basename(root) or 'repository'}"
        _copied(root, copy)
        _settings(root, copy)
        yield copy, home


def _copied(root: str, copy: str) -> None:
    os.mkdir(copy)
    for entry in os.scandir(root):
        to = f"{copy}/{entry.name}"
        if entry.is_symlink():
            _link(entry.path, to)
        elif entry.is_dir():
            if entry.name == ".dvc":
                _dvc_folder(entry.path, to)
            elif entry.name not in LEFT_OUT:
                _copied(entry.path, to)
        elif entry.is_file():
            _link(entry.path, to)


def _link(path: str, to: str) -> None:
    """One file in the copy: a hard link, on another file system a copy if it is small and a symbolic link if not."""
    if os.path.islink(path):
        os.symlink(os.path.realpath(path), to)
        return
    try:
        os.link(path, to)
    except OSError:
        if os.stat(path).st_size < 1 << 20:
            shutil.copy2(path, to)
        else:
            os.symlink(os.path.realpath(path), to)


def _dvc_folder(path: str, to: str) -> None:
    """`.dvc` with its settings alone."""
    os.mkdir(to)
    for name in ("config", "config.local", ".gitignore"):
        with suppress(FileNotFoundError):
            shutil.copy2(f"{path}/{name}", f"{to}/{name}")


def _settings(root: str, copy: str) -> None:
    """Make the copy a repository of DVC without Git, over the cache of the real one."""
    os.makedirs(f"{copy}/.dvc", exist_ok=True)
    local = f"{copy}/.dvc/config.local"
    said: dict[str, dict[str, str]] = {"core": {"no_scm": "true", "check_update": "false"}}
    if (cache := _cache(root)) is not None:
        said["cache"] = {"dir": cache}
    settings = ConfigParser(interpolation=None, strict=False)
    settings.read(local, encoding="utf-8")
    settings.read_dict(said)
    with open(local, "w", encoding="utf-8") as file:
        settings.write(file)


def _cache(root: str) -> str | None:
    """The cache of the repository; a relative one is meant from the file of settings that names it."""
    found = None
    for name in ("config", "config.local"):
        settings = ConfigParser(interpolation=None, strict=False)
        with suppress(Error, OSError, UnicodeDecodeError):
            settings.read(f"{root}/.dvc/{name}", encoding="utf-8")
            found = settings.get("cache", "dir", fallback=found)
    if found is None:
        return f"{root}/.dvc/cache" if os.path.isdir(f"{root}/.dvc/cache") else None
    return os.path.normpath(os.path.join(root, ".dvc", os.path.expanduser(found)))
