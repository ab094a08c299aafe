"""Edits of code that change nothing it does: nothing runs, and DVC agrees. All others run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import run, write

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
stack: {ci: []}
stages:
  one: {cmd: python src/one.py a.txt, infer: [code], deps: [raw.txt], outs: [a.txt]}
  two: {cmd: python -m src.two, infer: [code], deps: [a.txt], outs: [b.txt]}
  last: {cmd: cat b.txt > c.txt, deps: [b.txt], outs: [c.txt]}
"""
ONE = """\
import sys

import lib

print("one ran")
open(sys.argv[1], "w").write(lib.double(open("raw.txt").read()))
"""
TWO = 'from src import lib\n\nprint("two ran")\nopen("b.txt", "w").write(lib.double(open("a.txt").read()))\n'
LIB = 'def double(text):\n    """Twice."""\n    return text * 2\n'
FILES = {"mlops.yaml": SPEC, "src/one.py": ONE, "src/two.py": TWO, "src/lib.py": LIB, "raw.txt": "x"}
TABLE = ".mlops/code.json"
Repository = Callable[..., Path]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    def make(files: Mapping[str, str] | None = None) -> Path:
        root = write(tmp_path / "repository", {**FILES, **(files or {})})
        run("git", "init", "-q", "-b", "main", cwd=root)
        run("dvc", "init", "-q", cwd=root)
        return root

    return make


def ran(root: Path, *words: str) -> list[str]:
    """Build and run the pipeline; the stages whose commands ran."""
    run("mlopsc", "build", cwd=root)
    report = root / "report.json"
    run("python", ".mlops/scripts/run.py", "--json", str(report), *words, cwd=root)
    stages = json.loads(report.read_text())["stages"]
    return [each["stage"] for each in stages if each["status"] in ("ran", "restored")]


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))


def is_clean(root: Path) -> bool:
    return "up to date" in run("dvc", "status", cwd=root).stdout


def plan(root: Path) -> tuple[list[str], list[str]]:
    """The stages that `mlopsc plan` says would run, and those with cosmetic edits."""
    data = json.loads(run("mlopsc", "plan", "--format", "json", cwd=root).stdout)
    return [each["stage"] for each in data["stages"]], [each["stage"] for each in data["cosmetic"]]


def test_comments_and_layout_run_nothing(repository: Repository) -> None:
    root = repository()
    assert ran(root) == ["one", "two", "last"]
    before = (root / "b.txt").read_text()
    edit(root, "src/lib.py", "    return text * 2", "    # what it says\n    return (text\n            * 2)")
    assert not is_clean(root)
    assert plan(root) == ([], ["one", "two"])
    text = run("mlopsc", "plan", cwd=root).stdout
    assert "stages: nothing to run\ncosmetic one: nothing to run; comments or layout of src/lib.py changed" in text
    rehearsed = run("python", ".mlops/scripts/run.py", "--dry-run", cwd=root).stdout
    assert "[two] cosmetic: nothing to run: src/lib.py changed in comments or layout only" in rehearsed
    assert not is_clean(root), "a rehearsal changes nothing"
    assert ran(root) == []
    assert is_clean(root)
    assert plan(root) == ([], [])
    assert (root / "b.txt").read_text() == before

    # What counts is what ran, through any number of such edits, there and back.
    edit(root, "src/lib.py", "# what it says", "# something else")
    assert ran(root, "two") == []
    edit(root, "src/lib.py", "* 2", "* 3")
    assert plan(root) == (["one", "two", "last"], [])
    assert ran(root) == ["one", "two", "last"]
    assert (root / "b.txt").read_text() == "x" * 9
    edit(root, "src/lib.py", "# something else", "# else again")
    edit(root, "raw.txt", "x", "y")
    assert "one" in ran(root), "another dep changed as well"
    assert is_clean(root)
    assert run("dvc", "repro", cwd=root).stdout.count("Running stage") == 0


def test_without_the_table_everything_runs(repository: Repository) -> None:
    root = repository()
    ran(root)
    for broken in (None, "{", "[]", '{"src/lib.py": 3}', '{"src/lib.py": {"x": "y"}}'):
        (root / TABLE).unlink() if broken is None else (root / TABLE).write_text(broken)
        edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
        assert plan(root) == (["one", "two", "last"], [])
        assert set(ran(root)) == {"one", "two"}, "DVC sees that b.txt is the same"
        assert "src/lib.py" in json.loads((root / TABLE).read_text())


def test_the_table_keeps_only_what_dvc_lock_names(repository: Repository) -> None:
    root = repository()
    ran(root)
    for number in range(3):
        edit(root, "src/lib.py", '"""\n', f'"""\n    # {number}\n')
        ran(root)
    table = json.loads((root / TABLE).read_text())
    assert {path: len(versions) for path, versions in table.items()} == {
        "src/lib.py": 1, "src/one.py": 1, "src/two.py": 1,
    }  # fmt: skip


DOUBTS = {
    "its own text": ("src/lib.py", LIB + "\n\ndef text():\n    return open(__file__).read()\n"),
    "inspect": ("src/lib.py", "import inspect\n" + LIB),
    "the text of another file": ("src/lib.py", LIB + '\n\ndef text():\n    return open("src/one.py").read()\n'),
    "the path of a module": ("src/one.py", ONE + "print(open(lib.__file__).read())\n"),
    "the path of the program": ("src/one.py", ONE + "print(open(sys.argv[0]).read())\n"),
    "its folder": ("src/lib.py", "import os\n" + LIB + "\n\nNAMES = os.listdir(os.path.dirname(__file__))\n"),
    "a line number": ("src/lib.py", LIB + "\n\nimport logging\nlogging.basicConfig(format='%(lineno)d')\n"),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_in_doubt_it_runs(name: str, repository: Repository) -> None:
    path, text = DOUBTS[name]
    root = repository({path: text})
    ran(root)
    edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
    assert plan(root)[1] in ([], ["two"] if path == "src/one.py" else [])
    assert "one" in ran(root)


COMMANDS = {
    "python -u src/one.py a.txt": [],
    "python src/one.py a.txt --code=src/lib.py": ["one"],
    "python src/one.py a.txt src": ["one"],
    "python src/one.py a.txt --root=.": ["one"],
    "cat src/lib.py; python src/one.py a.txt": ["one"],
    "cp src/lib.py src/copy.txt && python src/one.py a.txt": ["one"],
    "python src/one.py a.txt && wc -l src/*.py": ["one"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_may_read_code_as_text(command: str, repository: Repository) -> None:
    root = repository()
    edit(root, "mlops.yaml", "cmd: python src/one.py a.txt", f"cmd: '{command}'")
    ran(root)
    edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
    assert [stage for stage in ran(root) if stage == "one"] == COMMANDS[command]


@pytest.mark.parametrize("place", ["top", "stage"])
def test_by_bytes(place: str, repository: Repository) -> None:
    root = repository()
    old, new = (
        ("mlops: 1\n", "mlops: 1\nrerun: bytes\n") if place == "top" else ("a.txt, infer", "a.txt, rerun: bytes, infer")
    )
    edit(root, "mlops.yaml", old, new)
    ran(root)
    assert "rerun" not in (root / "dvc.yaml").read_text()
    edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
    assert set(ran(root)) == ({"one", "two"} if place == "top" else {"one"})


RACE = """
import sys
sys.path.insert(0, ".mlops/scripts")
from dvc.exceptions import DvcException
from dvc.repo import Repo
from runner.cosmetic import CodeVersions
(stage,) = Repo().stage.collect("one")
code = CodeVersions(".mlops")
dep = next(dep for dep in stage.deps if dep.def_path == "src/lib.py")
assert code.is_cosmetic(stage, dep)
with open("src/lib.py", "a") as file:
    file.write("double = str")
try:
    code.accept(stage)
except DvcException as error:
    print(error)
"""


def test_an_edit_while_the_runner_compares_is_not_recorded(repository: Repository) -> None:
    root = repository()
    ran(root)
    edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
    assert run("python", "-c", RACE, cwd=root).stdout == "src/lib.py was edited while the pipeline ran: run it again\n"


def test_an_edit_and_outs_to_pull(repository: Repository, tmp_path: Path) -> None:
    """`--pull` restores the outs, and records the new hash of the code as well."""
    root = repository()
    ran(root)
    run("dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"), cwd=root)
    run("dvc", "push", "-q", cwd=root)
    edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
    for name in ("a.txt", "b.txt", "c.txt", ".dvc/cache"):
        run("rm", "-rf", name, cwd=root)
    assert ran(root, "--pull") == []
    assert (root / "b.txt").read_text() == "xxxx"
    assert is_clean(root)


def test_a_clone_and_a_plain_dvc_repro(repository: Repository, tmp_path: Path) -> None:
    """A colleague without the outs gets them by the hashes; a plain `dvc repro` runs what was edited, which is merely slower."""
    root = repository()
    ran(root)
    edit(root, "src/lib.py", '"""\n', '"""\n    # more\n')
    assert run("dvc", "repro", cwd=root).stdout.count("Running stage") == 2
    edit(root, "src/lib.py", "# more", "# even more")
    run("dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"), cwd=root)
    assert set(ran(root)) == {"one", "two"}, "nobody has kept what that version means"
    edit(root, "src/lib.py", "# even more", "# most")
    assert ran(root) == []
    run("dvc", "push", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "x", cwd=root)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", root, clone], check=True)
    run("dvc", "pull", "-q", cwd=clone)
    assert is_clean(clone)
    edit(clone, "src/lib.py", "# most", "# done")
    assert ran(clone) == []
