"""Commands wrapped in the environment that they run in: the only place where that is done, for every target."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..emit import shell
from ..model.environment import Environment
from ..programs import FOLDER
from .code.templates import filled
from .commands import as_list

CONTAINER = "container.sh"
VENV = "venv.sh"
SECRETS = ".mlops/secrets.txt"
"""The names of the secrets that containers get beside the stage's `env`. In the commands they would be a reason to run again."""
PROGRAMS: Mapping[str, str] = {"container": CONTAINER, "venv": VENV}
"""The program that runs commands in environments of a kind."""
_ARGUMENTS = re.compile(
    r"""(?a)[\w@%+:,./-][\w@%+=:,./ -]*(?:(?:"[\w@%+=:,./ -]*"|'[\w@%+=:,./ -]*')[\w@%+=:,./ -]*)*\Z"""
)
"""A program with arguments in which a shell would expand nothing."""
_BUILTINS = frozenset(
    ". : alias bg bind break cd command continue declare dirs eval exec exit export fg getopts hash jobs let local popd pushd read"
    " readonly return set shift source trap type typeset ulimit umask unalias unset wait case do done elif else esac fi for"
    " function if in select then until while time coproc".split()
)
"""What only a shell can run."""
_REMOTE = re.compile(r"(?:[\w./-]*/)?(?:ssh|autossh)\Z")
"""Programs that join their arguments and give them to another shell."""


def inside(
    cmd: str | list[str],
    environment: Environment,
    wdir: str,
    names: Iterable[str],
    gpus: int,
    scopes: Sequence[Mapping[str, Any]],
) -> str | list[str]:
    """``cmd``, each of its lines run in an environment.

    ``names`` are the environment variables that a container gets. ``scopes`` are the variables of each stage that the command
    is for: they tell whether a line needs a shell once its templates are replaced.
    """
    start = prefix(environment, wdir, names, gpus)
    is_remote = environment.kind == "run" and _REMOTE.match(start.split()[0]) is not None
    lines = [line for line in as_list(cmd) if line.strip() and (not line.lstrip().startswith("#") or "\n" in line)]
    if not lines:
        return cmd
    wrapped = [f"{start} {shell.single_quoted(line) if is_remote else _argument(line, scopes)}" for line in lines]
    return wrapped[0] if len(wrapped) == 1 and "\n" not in wrapped[0] else wrapped


def prefix(environment: Environment, wdir: str, names: Iterable[str] = (), gpus: int = 0) -> str:
    """What a command is prefixed with in ``wdir``."""
    if environment.kind == "run":
        return environment.value
    if environment.kind == "uv":
        return f"uv run --frozen --project {shell.word(posixpath.relpath(environment.value, wdir))}"
    if environment.kind == "venv":
        script = posixpath.relpath(f"{FOLDER}/{VENV}", wdir)
        return f"sh {script} {shell.word(environment.name)} {shell.word(environment.value)}"
    words = [f"sh {posixpath.relpath(f'{FOLDER}/{CONTAINER}', wdir)}"]
    words += [f"--with {environment.runtime}"] if environment.runtime is not None else []
    words += ["--env " + ",".join(names)] if names else []
    words += [f"--gpus {gpus}"] if gpus else []
    words += [f"--shm {environment.shm}"] if environment.shm is not None else []
    words += ["--offline"] if not environment.network else []
    image = shell.quote(environment.value).replace("${", "\\${")  # an image has no templates
    return " ".join([*words, image])


def preparation(environment: Environment) -> str:
    """The command that prepares an environment, from the root: it installs the packages, or fetches the image."""
    if environment.kind == "uv":
        return f"uv sync --frozen --project {shell.word(environment.value)}"
    return prefix(replace(environment, shm=None, network=True), ".")


def _argument(line: str, scopes: Sequence[Mapping[str, Any]]) -> str:
    """A line as the arguments of a program that runs it: as it is, or given to a shell where only that can run it."""
    if all(_is_one_program(filled(line.strip(), scope)) for scope in scopes):
        return line.strip()
    return f"sh -c {shell.single_quoted(line)}"


def _is_one_program(line: str) -> bool:
    words = line.split(" ")
    return _ARGUMENTS.match(line) is not None and "=" not in words[0] and words[0] not in _BUILTINS
