"""`make replay`: the judge of re-runs by meaning, on a few edits here; and that it can tell a missed one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import ROOT, run, write

sys.path.insert(0, str(ROOT / "bench"))
from bytecode import behaviour
from pipelines import Pipeline

pytestmark = pytest.mark.real
DVC = """\
stages:
  one: {cmd: python one.py, deps: [one.py, lib.py], outs: [a.txt]}
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("x = [1, 2]\n", "# new\nx = [\n    1,\n    2,\n]\n", True),
        ("def f(x):\n    return x\n", "def f(x):\n\n    return (x)  # y\n", True),
        ("while x:\n    f()\n", "while x:\n    # a\n    f()\n", True),
        ("x = 1\n", "x = 1.0\n", False),
        ("x = 0.0\n", "x = -0.0\n", False),
        ('def f():\n    "a"\n', 'def f():\n    "b"\n', False),
        ("for x in y:\n    f()\n    g()\n", "for x in y:\n    f()\ng()\n", False),
        ("try:\n    f()\nexcept A:\n    pass\n", "try:\n    pass\nexcept A:\n    f()\n", False),
        ("import a, b\n", "import b, a\n", False),
    ],
)
def test_what_code_does(before: str, after: str, expected: bool) -> None:
    assert (behaviour("a.py", before.encode()) == behaviour("a.py", after.encode())) is expected


def git(root: Path, *words: str) -> None:
    run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words, cwd=root)


def replay(*words: str) -> str:
    return run(sys.executable, str(ROOT / "bench/replay.py"), *words, cwd=ROOT, check=False).stdout


def test_commits_of_a_repository(tmp_path: Path) -> None:
    root = write(
        tmp_path / "one",
        {"dvc.yaml": DVC, "one.py": "import lib\n\nopen('a.txt', 'w').write(lib.A)\n", "lib.py": "A = 'a'\n"},
    )
    git(root, "init", "-q")
    for text in ("A = 'a'\n", "# why\nA = 'a'\n", "A = 'b'\n"):
        (root / "lib.py").write_text(text)
        git(root, "add", "-A")
        git(root, "commit", "-qm", "x")
    assert "| one | 2 | 2 | 2 | 1 | 1 of 1 | 0 |" in replay("--pairs", "0", str(root))


def test_edits_of_a_generated_pipeline(tmp_path: Path) -> None:
    outcomes = [*Pipeline(tmp_path, seed=1).outcomes(2)]
    assert len(outcomes) == 6
    assert not [outcome for outcome in outcomes if outcome.wrong_by_meaning]
    assert any(outcome.ran_by_bytes and not outcome.ran_by_meaning for outcome in outcomes)
