"""Whose code counts by what it means: stages whose commands are Python on one file or module, and name no other code."""

from __future__ import annotations

import json

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

FILES = {
    "src/a.py": "import lib\n",
    "src/lib.py": "",
    "src/my b.py": "",
    "pkg/__init__.py": "",
    "pkg/run.py": "",
    "pkg/__main__.py": "",
    "n.ipynb": json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
    "in": "",
}
A = ("src/a.py", "src/lib.py")
COMMANDS: dict[str, tuple[str, ...]] = {
    "python src/a.py in out --rate 0.5": A,
    "python3.11 -u  ./src/a.py": A,
    "uv run python src/a.py": A,
    "python src/a.py 'two words' \"a=b\"": A,
    "python src/a.py --name=x.py": A,
    "python 'src/my b.py'": ("src/my b.py",),
    "python -m pkg.run in": ("pkg/__init__.py", "pkg/run.py"),
    "python -m pkg": ("pkg/__init__.py", "pkg/__main__.py"),
    "papermill n.ipynb out.ipynb -p x 1": ("n.ipynb",),
    "jupyter nbconvert --to notebook --execute n.ipynb": ("n.ipynb",),
    "jupyter nbconvert --to html n.ipynb": (),
    "python src/a.py src/lib.py": (),
    "python src/a.py src": (),
    "python src/a.py src/": (),
    "python src/a.py src/../src/lib.py": (),
    "python src/a.py .": (),
    "python src/a.py --code=src/lib.py": (),
    "python src/a.py 'src/lib.py'": (),
    "python src/a.py --root='./src'": (),
    "python -m pkg.run pkg/run.py": (),
    "python src/a.py > log": (),
    "python src/a.py && wc src/lib.py": (),
    "python src/a.py *": (),
    "python src/a.py $(cat src/lib.py)": (),
    "pytest src/a.py": (),
    "python -m pytest src/a.py": (),
    "coverage run src/a.py": (),
    "python -m cProfile src/a.py": (),
    "cp src/a.py copy": (),
    "Rscript src/a.py": (),
    "python 'src/a.py": (),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_code_of_a_command(command: str) -> None:
    spec = {"mlops": 1, "stages": {"s": {"cmd": command, "deps": [*FILES], "outs": ["out"]}}}
    compiled = compile_spec(Memory({"mlops.yaml": json.dumps(spec), **FILES}))
    assert compiled.project is not None
    assert compiled.project.stages["s"].code == COMMANDS[command]


def test_paths_are_those_of_the_working_directory() -> None:
    spec = {
        "mlops": 1,
        "stages": {"s": {"cmd": "python a.py ../src", "wdir": "src", "deps": ["a.py", "lib.py"], "outs": ["out"]}},
    }
    for command, expected in (("python a.py ../src", ()), ("python a.py ../in", A), ("python a.py lib.py", ())):
        spec["stages"]["s"]["cmd"] = command  # type: ignore[index]
        compiled = compile_spec(Memory({"mlops.yaml": json.dumps(spec), **FILES}))
        assert compiled.project is not None
        assert compiled.project.stages["s"].code == expected


def test_code_that_is_no_dep_could_change_together_with_a_comment() -> None:
    spec = {"mlops": 1, "stages": {"s": {"cmd": "python src/a.py", "deps": ["src/a.py"], "outs": ["out"]}}}
    for deps, expected in ((["src/a.py"], ()), (["src/a.py", "src/lib.py"], A)):
        spec["stages"]["s"]["deps"] = deps  # type: ignore[index]
        compiled = compile_spec(Memory({"mlops.yaml": json.dumps(spec), **FILES}))
        assert compiled.project is not None
        assert compiled.project.stages["s"].code == expected
