"""Commands that DVC's own way with lines breaks, and what is left alone; DVC itself is asked in each case."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import indent

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

BROKEN = {
    "a folder": "cd sub\nls here",
    "a variable": 'X=here\ntest "$X" = here',
    "an export": 'export X=here\ntest "$X" = here',
    "a function": "f() {\necho a\n}\nf",
    "a loop": "for i in 1 2\ndo echo $i\ndone",
    "an if": "if true; then\necho a\nfi",
    "a line that goes on": "ls \\\n  sub",
    "a list that goes on": "true &&\nfalse || true",
    "a pipe": "echo a |\ncat",
    "a here-document": "cat <<EOF\nfalse a\nEOF",
    "a quotation": 'echo "a\nb"',
}
WHOLE = {
    "two lines": "echo a\necho b",
    "a loop on a line": "for i in 1 2; do echo $i; done\necho a",
    "a variable for a command": "X=1 sh -c 'test \"$X\" = 1'\necho a",
    "a folder for a command": "cd sub && ls here\necho a",
    "what comes last": "echo a\ncd sub",
    "a comment": "# don't\necho a",
    "a here-string": "cat <<< a\necho b",
}


def codes(cmd: str) -> set[str]:
    spec = f"mlops: 1\nstages:\n  a:\n    deps: [mlops.yaml]\n    cmd: |\n{indent(cmd, '      ')}\n"
    return {each.code for each in compile_spec(Memory({"mlops.yaml": spec})).report}


def runs(cmd: str, folder: Path) -> bool:
    """Whether each line alone does what all do together: DVC's way, `dvc.stage.run`, a shell for each line."""
    (folder / "sub").mkdir()
    (folder / "sub/here").touch()
    return all(
        subprocess.run(["bash", "-c", line], cwd=folder, check=False).returncode == 0 for line in cmd.splitlines()
    )


@pytest.mark.parametrize("name", BROKEN)
def test_lines_that_need_each_other(name: str, tmp_path: Path) -> None:
    assert "MLC434" in codes(BROKEN[name])
    assert name in ("a here-document", "a line that goes on") or not runs(BROKEN[name], tmp_path)


@pytest.mark.parametrize("name", WHOLE)
def test_lines_that_stand_alone(name: str, tmp_path: Path) -> None:
    assert "MLC434" not in codes(WHOLE[name])
    assert runs(WHOLE[name], tmp_path)


def test_a_list_of_commands_and_a_foreach_are_told_once() -> None:
    spec = "mlops: 1\nstages:\n  a:\n    foreach: [1, 2]\n    do: {deps: [mlops.yaml], cmd: ['cd s${item}', ls]}\n"
    assert [each.code for each in compile_spec(Memory({"mlops.yaml": spec})).report].count("MLC434") == 1


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("OUT:-x", True),
        ("file%.csv", True),
        ("#x", True),
        ("1", True),
        ("HOME", True),
        ("train.lr", False),
        ("a-b", False),
    ],
)
def test_what_the_shell_is_to_see_is_told_how(said: str, meant: bool) -> None:
    spec = f"mlops: 1\nstages: {{a: {{deps: [mlops.yaml], cmd: 'echo ${{{said}}}'}}}}\n"
    (one,) = (each for each in compile_spec(Memory({"mlops.yaml": spec})).report if each.code == "MLC202")
    assert (f"write `\\${{{said}}}`" in one.help) == meant


def test_a_dataset_that_nobody_describes() -> None:
    spec = "mlops: 1\ndatasets: [{name: d, url: 's3://b/x', type: url}]\nstages: {a: {cmd: x, deps: ['ds://d', 'ds://e']}}\n"
    found = [each for each in compile_spec(Memory({"mlops.yaml": spec})).report if each.code == "MLC411"]
    assert [each.code for each in found] == ["MLC411"]
    assert "`d`" in found[0].help
