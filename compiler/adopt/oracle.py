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
from dataclasses import dataclass, field, replace
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..write.signals import interruptible, scratch

NO_DVC = Code(
    "MLC701",
    "error",
    "DVC is not installed, so mlopsc cannot verify that the pipeline stays the same",
    help="install DVC beside mlopsc: `pip install dvc`; or name a Python that has it: `--python .venv/bin/python`",
)
DVC_FAILED = Code("MLC701", "error", "DVC failed: {reason}", help="check that `{python} -m dvc status` works")
DVC_TOO_SLOW = replace(DVC_FAILED, message="DVC took longer than {seconds} seconds")

TIMEOUT = 3600
"""Seconds that DVC may take; it may have to hash all data once."""

IGNORED = frozenset([".git", ".venv", "venv", "node_modules", ".mlops", "__pycache__", ".tox"])
"""Folders that are not searched for pipelines and not part of the scratch copy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How DVC sees a repository: each dvc.yaml resolved, the reasons why it rejects one, and the status of its stages.

    ``status`` has the stages that changed; ``unanswered`` those whose status takes the network, with the reason; ``errors``
    is why `dvc status` fails, or empty.
    """

    pipelines: Mapping[str, Any]
    problems: Mapping[str, str]
    status: Mapping[str, Any] = field(default_factory=dict)
    unanswered: Mapping[str, str] = field(default_factory=dict)
    errors: str = ""


def ask(
    root: str, pipelines: Sequence[str], write: Mapping[str, bytes], python: str | None = None
) -> tuple[Answer | None, Answer | None, list[Diagnostic]]:
    """DVC's answers before and after ``write``. The second is None if DVC rejects the repository as it is.

    ``python`` names the interpreter that has DVC; by default it is looked for outside of the repository.
    """
    python = python or python_with_dvc()
    if python is None:
        return None, None, [NO_DVC.on(None)]
    try:
        probe = _run_probe(root, python, pipelines, write)
        answer = json.loads(probe.stdout)
    except subprocess.TimeoutExpired:
        return None, None, [DVC_TOO_SLOW.on(None, seconds=TIMEOUT, python=python)]
    except OSError as error:
        return None, None, [DVC_FAILED.on(None, reason=error.strerror or str(error), python=python)]
    except ValueError:
        reason = (probe.stderr.strip().splitlines() or ["no output"])[-1]
        return None, None, [DVC_FAILED.on(None, reason=reason, python=python)]
    return Answer(**answer["before"]), Answer(**answer["after"]) if "after" in answer else None, []


def _run_probe(
    root: str, python: str, pipelines: Sequence[str], write: Mapping[str, bytes]
) -> subprocess.CompletedProcess[str]:
    """Run `programs/probe.py` in a scratch copy, by the Python that has DVC.

    The program is started in a folder of its own: Python puts the folder of the program on the path, and a `json.py` of the
    repository must not be imported.
    """
    files = {path: content.decode("utf-8", "surrogateescape") for path, content in write.items()}
    with _scratch_copy(root) as (copy, home):
        os.mkdir(f"{home}/program")
        program = shutil.copy(f"{os.path.dirname(os.path.dirname(__file__))}/programs/probe.py", f"{home}/program")
        question = {"root": copy, "pipelines": list(pipelines), "write": files}
        return subprocess.run(
            [python, program], input=json.dumps(question), env=_environment(root, home), cwd=f"{home}/program",
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip


def _environment(root: str, home: str) -> dict[str, str]:
    """The environment of the probe: no Python path leads into the repository, and DVC keeps its state in ``home``."""
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": f"{home}/site", "NO_COLOR": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(_outside(root, os.environ.get("PYTHONPATH", "")))
    return environment


def _outside(root: str, path: str) -> list[str]:
    """The absolute folders of a search path that are not in the repository."""
    folders = [folder for folder in path.split(os.pathsep) if os.path.isabs(folder)]
    return [folder for folder in folders if not f"{os.path.realpath(folder)}/".startswith(f"{root}/")]


def python_with_dvc() -> str | None:
    """A Python that can import DVC: that of the `dvc` on PATH, or this one.

    The environment in the repository is only used if it is on PATH, that is, if the user has activated it.
    """
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    script = shutil.which("dvc", path=os.pathsep.join(folders))
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
    is_python = os.path.isabs(name) and "python" in os.path.basename(name)
    return name if is_python and os.access(name, os.X_OK) else None


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
        if entry.name == ".dvc":
            os.mkdir(target)  # only marks the root of a DVC repository
        elif entry.is_symlink():
            _symlink(entry.path, target)
        elif entry.is_dir():
            if entry.name not in IGNORED:
                _copy_tree(entry.path, target)
        elif entry.is_file():
            _link(entry.path, target)


def _symlink(path: str, target: str) -> None:
    """Make the same symbolic link, unless it leads to a device or a pipe, from which DVC would read forever."""
    real = os.path.realpath(path)
    if os.path.isfile(real) or os.path.isdir(real) or not os.path.exists(real):
        os.symlink(real, target)


def _link(path: str, target: str) -> None:
    """Hard-link a file; on another file system copy it if it is small, and symlink it otherwise."""
    try:
        os.link(path, target)
    except OSError:
        if os.stat(path).st_size < 1 << 20:
            shutil.copy2(path, target)
        else:
            os.symlink(path, target)


def _configure_dvc(root: str, copy: str) -> None:
    """Make the copy a DVC repository without Git that uses the cache of the original."""
    os.makedirs(f"{copy}/.dvc", exist_ok=True)
    with open(f"{copy}/.dvc/config", "w", encoding="utf-8") as file:
        _settings(root).write(file)


_PARSING = ("bool", "list")
"""The settings by which templates are resolved: https://dvc.org/doc/user-guide/project-structure/configuration"""


def _settings(root: str) -> ConfigParser:
    """The settings of the repository on which the pipeline depends, and no others.

    The rest names commands, credentials and folders, which may be somebody else's: `bearer_token_command`, `site_cache_dir`,
    `configpath`. A remote keeps its name and its URL, so that `remote://NAME/path` is understood.
    """
    config = _repository_config(root)
    sections: dict[str, dict[str, str]] = {"core": {"no_scm": "true", "check_update": "false"}}
    if (cache := _cache_dir(root, config)) is not None:
        sections["cache"] = {"dir": cache}
    for name in config.sections():
        if name == "parsing":
            sections[name] = {key: value for key, value in config.items(name) if key in _PARSING}
        elif name.strip("'").startswith("remote ") and config.has_option(name, "url"):
            sections[name] = {"url": _known_url(config.get(name, "url"))}
    settings = ConfigParser(interpolation=None, strict=False)
    settings.read_dict(sections)
    return settings


_SCHEMES = frozenset("azure gdrive gs hdfs http https oss remote s3 ssh webdav webdavs webhdfs".split())
"""The schemes of remotes that DVC knows: `dvc.config_schema.REMOTE_SCHEMAS` of DVC 3.67."""


def _known_url(url: str) -> str:
    """A URL, or a folder in place of one that only a plugin of DVC knows, such as Calkit's `ck://`: DVC would refuse to start."""
    scheme, is_url, _ = url.partition("://")
    return url if not is_url or scheme.lower() in _SCHEMES else "remote-of-a-plugin"


def _repository_config(root: str) -> ConfigParser:
    """`.dvc/config` under `.dvc/config.local`."""
    config = ConfigParser(interpolation=None, strict=False)
    for name in ("config", "config.local"):
        with suppress(Error, OSError, UnicodeDecodeError):
            config.read(f"{root}/.dvc/{name}", encoding="utf-8")
    return config


def _cache_dir(root: str, config: ConfigParser) -> str | None:
    """The cache of the repository; a relative path is relative to the configuration file."""
    directory = config.get("cache", "dir", fallback=None)
    if directory is None:
        return f"{root}/.dvc/cache" if os.path.isdir(f"{root}/.dvc/cache") else None
    return os.path.normpath(os.path.join(root, ".dvc", os.path.expanduser(directory)))
