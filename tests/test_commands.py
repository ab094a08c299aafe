"""The commands of README and CONTRIBUTING exist, and what cannot do what it promises fails and says what to install."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import NEEDED, ROOT, run, tool, write


def test_each_command_is_named_and_each_named_one_exists() -> None:
    own = set(re.findall(r"(?m)^([a-z-]+):.* ## ", (ROOT / "local.mk").read_text())) | {"test"}
    readme, contributing = (ROOT / "README.md").read_text(), (ROOT / "CONTRIBUTING.md").read_text()
    for target in ("test", "test-all"):
        assert f"$ make {target} " in readme
        assert f"$ make {target} " in contributing
    assert [target for target in own if f"make {target}" not in readme + contributing + _docs()] == []
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text()
        for path in re.findall(r"(?:sh|\.venv/bin/python|head -\d+) ((?:dev|bench|tests)/[\w./-]+)", text):
            assert (ROOT / path).exists(), f"{page}: {path}"


def _docs() -> str:
    return "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """A PATH with no more than a newcomer's machine has: no Node.js."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in sorted(NEEDED | {"python3", "dirname", "getconf", "awk"}):
        if name == "python3":
            (folder / name).symlink_to(sys.executable)
        elif found := shutil.which(name):
            (folder / name).symlink_to(found)
    return {"PATH": str(folder)}


@pytest.mark.parametrize("target", ["loop", "engines"])
def test_without_npm_it_fails_and_says_what_to_install(target: str, bare: dict[str, str], tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for path in ("Makefile", "local.mk", "dev/tools.sh", "tests/real/tools/package.json"):
        write(clone, {path: (ROOT / path).read_text()})
    write(clone, {"dev/setup.sh": "", "dev/test.sh": "", "dev/engines.py": ""})
    done = run("make", target, cwd=clone, check=False, **bare)
    assert done.returncode == 2
    assert "npm is not installed: install Node.js 20 or newer" in done.stderr


def test_the_phases_of_a_build_are_measured() -> None:
    said = run("python", "bench/phases.py", "10", cwd=ROOT).stdout
    assert [line.split()[0] for line in said.splitlines()][:4] == ["imports", "read", "validate", "resolve"]
    assert "emit make" in said


CASES = """\
import pytest
from conftest import judge, tool

def test_git():
    assert tool("git")

def test_unmarked_tool():
    tool("no-such-tool")

def test_unmarked_judge():
    judge("moto")

def test_unmarked_skip():
    pytest.skip("for no good reason")

@pytest.mark.full
def test_full_tool():
    tool("no-such-tool")
"""


@pytest.mark.parametrize(
    ("words", "environment", "skipped"),
    [((), {"CI": ""}, True), (("--no-skip",), {"CI": ""}, False), ((), {"CI": "true"}, False)],
)
def test_a_test_is_never_skipped_where_it_may_not_be(
    words: tuple[str, ...], environment: dict[str, str], skipped: bool, tmp_path: Path
) -> None:
    """What `make test` runs needs no more than dev/setup.sh installs; the rest is skipped by name, but not in CI."""
    write(tmp_path, {"test_cases.py": CASES, "pytest.ini": "[pytest]\nmarkers = full\n"})
    command = (tool("python"), "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-rA", *words)
    done = run(*command, cwd=tmp_path, check=False, PYTHONPATH=str(ROOT / "tests"), **environment)
    assert "PASSED test_cases.py::test_git" in done.stdout
    for name in ("unmarked_tool", "unmarked_judge", "unmarked_skip"):
        assert f"FAILED test_cases.py::test_{name}" in done.stdout
    assert "mark this test `full`" in done.stdout
    assert "no-such-tool is not installed: install no-such-tool" in done.stdout
    assert ("1 skipped" in done.stdout) == skipped
