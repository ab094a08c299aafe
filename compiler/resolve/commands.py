"""The command lines of a stage, complete: script, env, timeout and retries made part of them.

What comes out is DVC's `cmd`, templates intact, so that every target that runs commands runs the same ones. A script
goes into a file of its own, because DVC gives each line of a `cmd` to a shell of its own; the templates in it
become variables that the command line sets, so that `dvc exp run -S` still changes them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ..model.project import Script

SCRIPTS = ".mlops/scripts"
RUN = f"{SCRIPTS}/run.sh"

RUN_TEXT = """\
#!/bin/sh
# run.sh RETRIES SECONDS COMMAND [ARG...]: run a command, at most SECONDS long (0: no limit), and again if it fails.
# Where an engine tries again by itself, MLOPS_RETRIES=0 leaves it to that.
retries=${MLOPS_RETRIES:-$1} seconds=$2
shift 2
if [ "$seconds" -gt 0 ]; then
    limit=$(command -v timeout || command -v gtimeout) || {
        echo "run.sh: a time limit needs the command timeout (on macOS: brew install coreutils)" >&2
        exit 127
    }
    set -- "$limit" "$seconds" "$@"
fi
attempt=0
until "$@"; do
    status=$?
    [ "$attempt" -lt "$retries" ] || exit "$status"
    attempt=$((attempt + 1))
    echo "run.sh: exit status $status, attempt $attempt of $retries more" >&2
    sleep "$attempt"
done
"""

_SIMPLE = r"(?a)[\w@%+=:,./${}\[\] -]*\Z"
_TEMPLATE = r"(?<!\\)\$\{([^${}]*[^${}\s][^${}]*)\}"


def single_quoted(text: str) -> str:
    """A text in single quotes, for a POSIX shell; DVC's templates in it are still replaced by DVC."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def as_list(cmd: str | list[str] | None) -> list[str]:
    """The lines of a `cmd`, as DVC takes them: each for a shell of its own."""
    if isinstance(cmd, str):
        return cmd.splitlines()
    return [str(line) for line in cmd or ()]


def wrapped(
    cmd: str | list[str], env: Mapping[str, Any], timeout: int | None, retries: int, wdir: str
) -> str | list[str]:
    """``cmd`` under a time limit (seconds), tried again ``retries`` times, with ``env`` in its environment."""
    if timeout or retries:
        lines = as_list(cmd)
        line = lines[0] if len(lines) == 1 else " && ".join(f"({line})" for line in lines)
        inner = line if re.match(_SIMPLE, line) and "=" not in line.split(" ")[0] else f"sh -c {single_quoted(line)}"
        run = posixpath.relpath(RUN, wdir)
        cmd = f"sh {run} {retries} {timeout or 0} {inner}"
    if env:
        exports = "export " + " ".join(f"{name}={single_quoted(env_text(value))}" for name, value in env.items())
        if isinstance(cmd, str) and "\n" not in cmd:
            return f"{exports}; {cmd}"
        return [f"{exports}; {line}" for line in as_list(cmd)]
    return cmd


def env_text(value: Any) -> str:
    """A value of `env` as the shell gets it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def script_file(stage: str, script: str, wdir: str) -> tuple[Script, str, list[str]]:
    """The file for a stage's script, the command that runs it, and the templates that it uses.

    ``${train.lr}`` in the script becomes the variable ``train_lr``, which the command sets; ``\\${HOME}`` is the
    shell's own.
    """
    names: dict[str, str] = {}

    def variable(match: re.Match[str]) -> str:
        template = match.group(1).strip()
        base = name = re.sub(r"\W+", "_", template).strip("_") or "value"
        number = 2
        while names.get(name, template) != template:
            name, number = f"{base}_{number}", number + 1
        names[name] = template
        return f"${{{name}}}"

    body = re.sub(_TEMPLATE, variable, script).replace("\\${", "${")
    slug = re.sub(r"[^A-Za-z0-9_.-]", "_", stage)
    path = f"{SCRIPTS}/{slug}.sh"
    end = "" if body.endswith("\n") else "\n"
    text = f"# The script of stage {slug}, made by mlopsc from mlops.yaml: edit it there.\n{body}{end}"
    sets = "".join(f"{name}='${{{template}}}' " for name, template in names.items())
    command = f"bash -euo pipefail {posixpath.relpath(path, wdir)}"
    return Script(path, text), f"env {sets}{command}" if sets else command, sorted(set(names.values()))
