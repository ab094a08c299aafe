"""The command lines of a stage, with its script, env, timeout and retries.

The result is the `cmd` of DVC, with its templates, so that every target runs the same commands. A script becomes a file,
because DVC runs each line of a `cmd` in its own shell; its templates become variables that the command line sets, so that
`dvc exp run -S` still changes them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ..emit import shell
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

SIMPLE = r"(?a)[\w@%+=:,./${}\[\] -]*\Z"
QUOTED = r"""(?a)(?:[\w@%+=:,./${}\[\] -]|'[^'\n]*'|"'")*\Z"""
"""The same with words in single quotes, as a command in an environment may have them."""
_TEMPLATE = r"(?<!\\)\$\{([^${}]*[^${}\s][^${}]*)\}"


def as_list(cmd: str | list[str] | None) -> list[str]:
    """The lines of a `cmd`; DVC runs each in its own shell."""
    if isinstance(cmd, str):
        return cmd.splitlines()
    return [str(line) for line in cmd or ()]


def wrapped(
    cmd: str | list[str], env: Mapping[str, Any], timeout: int | None, retries: int, wdir: str, simple: str = SIMPLE
) -> str | list[str]:
    """``cmd`` with a time limit in seconds, ``retries`` after failures, and the environment variables ``env``.

    ``simple`` is the pattern of a line that needs no shell of its own.
    """
    if timeout or retries:
        lines = as_list(cmd)
        line = lines[0] if len(lines) == 1 else " && ".join(f"({line})" for line in lines)
        inner = (
            line if re.match(simple, line) and "=" not in line.split(" ")[0] else f"sh -c {shell.single_quoted(line)}"
        )
        run = posixpath.relpath(RUN, wdir)
        line = f"sh {run} {retries} {timeout or 0} {inner}"
        cmd = [line] if "\n" in line else line  # DVC gives the lines of a text to a shell each, an item of a list whole
    if env:
        exports = "export " + " ".join(f"{name}={shell.single_quoted(env_text(value))}" for name, value in env.items())
        if isinstance(cmd, str) and "\n" not in cmd:
            return f"{exports}; {cmd}"
        return [f"{exports}; {line}" for line in as_list(cmd)]
    return cmd


def env_text(value: Any) -> str:
    """The text of a value of `env`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def script_file(stage: str, script: str, wdir: str) -> tuple[Script, str, list[str]]:
    """The file of a stage's script, the command that runs it, and the templates in it.

    ``${train.lr}`` in the script becomes the variable ``train_lr``, which the command sets; ``\\${HOME}`` stays a variable of
    the shell.
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
