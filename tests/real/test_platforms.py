"""What Windows lacks: `check`, `plan`, `explain` and `build` work without fcntl, some signals and some flags of files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import run, write

pytestmark = pytest.mark.real

SPEC = "mlops: 1\nstages:\n  prepare:\n    cmd: python prepare.py\n    deps: [prepare.py, raw.csv]\n    outs: [clean.csv]\n"
WITHOUT = """\
import os, signal, sys
sys.modules["fcntl"] = None
for module, names in ((os, "O_NOFOLLOW O_NONBLOCK fchmod"), (signal, "SIGHUP pthread_sigmask")):
    for name in names.split():
        delattr(module, name)
import locks_of_windows
sys.modules["msvcrt"] = locks_of_windows
from mlopsc.compiler.cli import main
sys.exit(main(sys.argv[1:]))
"""
LOCKS = """\
def locking(descriptor, mode, size):
    with open("locked", "a") as file:
        file.write(f"{mode} {size};")
"""
"""A stand-in for msvcrt, which only Windows has."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {"mlops.yaml": SPEC, "prepare.py": "", "raw.csv": "1", "mlopsc_.py": WITHOUT, "locks_of_windows.py": LOCKS},
    )


def test_the_commands_without_what_only_unix_has(root: Path) -> None:
    for command, shown in (("check", "1 stage"), ("plan", "run prepare"), ("explain", "prepare")):
        assert shown in run(sys.executable, "mlopsc_.py", command, cwd=root).stdout
    assert not (root / "locked").exists()
    assert "create dvc.yaml" in run(sys.executable, "mlopsc_.py", "build", cwd=root).stdout
    assert (root / "locked").read_text() == "2 1;"
    run("mlopsc", "build", "--check", cwd=root)


def test_nothing_that_these_commands_import_imports_fcntl_alone(root: Path) -> None:
    write(
        root,
        {
            "mlopsc_.py": WITHOUT.replace("import locks_of_windows\nsys.modules", "sys.modules").replace(
                "locks_of_windows", "None"
            )
        },
    )
    for command in ("check", "plan", "explain"):
        run(sys.executable, "mlopsc_.py", command, cwd=root)


def test_lines_that_end_as_on_windows(root: Path) -> None:
    (root / "mlops.yaml").write_bytes(SPEC.replace("\n", "\r\n").encode())
    (root / "prepare.py").write_bytes(
        b"open('clean.csv', 'w').write(open('raw.csv').read())\r\nopen('more.csv', 'w').write('1')\r\n"
    )
    run("mlopsc", "trace", "--all", "--write", cwd=root)
    text = (root / "mlops.yaml").read_bytes()
    assert b"outs: [clean.csv, more.csv]\r\n" in text
    assert text.count(b"\n") == text.count(b"\r\n")
