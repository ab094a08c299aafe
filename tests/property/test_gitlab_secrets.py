"""The shell that names missing secrets: it names those, and leaves the others and every variable as they are."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.targets.gitlab.job import missing

SHELLS = ("bash", "sh")
NAMES = st.sets(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,12}\Z"), min_size=1, max_size=5).map(sorted)
RESERVED = {
    "_",
    "PATH",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "IFS",
    "UID",
    "EUID",
    "PPID",
    "OPTIND",
    "LINENO",
    "RANDOM",
    "SECONDS",
}
"""Names that a shell sets itself, whatever the script does."""


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=30, deadline=None)
@given(NAMES, st.data())
@example(["MLOPS_SECRET", "name", "secret"], None)
def test_every_secret_arrives(shell: str, names: list[str], data: st.DataObject | None) -> None:
    names = [name for name in names if name not in RESERVED and not name.startswith("BASH")]
    given_ = (
        names if data is None else data.draw(st.lists(st.sampled_from(names), unique=True) if names else st.just([]))
    )
    project = compile_spec(Memory({"mlops.yaml": "mlops: 1\nstages: {}\n"})).project
    assert project is not None
    lines = "".join(missing(replace(project, ci=replace(project.ci, secrets=tuple(names)))))
    values = {name: f"value of {name}" for name in given_}
    shown = "".join(f'\nprintf "%s=%s\\n" {name} "${{{name}-}}"' for name in names)
    environment = {"PATH": "/usr/bin:/bin", **values}
    done = subprocess.run(
        [shell, "-eu", "-c", lines + shown], env=environment, capture_output=True, text=True, check=True
    )
    warned, arrived = [], []
    for line in done.stdout.splitlines():
        (warned if line.startswith("warning: ") else arrived).append(line)
    assert [line.split()[1] for line in warned] == [name for name in names if name not in values]
    assert arrived == [f"{name}={values.get(name, '')}" for name in names]
