"""The code closure: what is found, what is left out, and what is survived."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.resolve.code.graph import CodeGraph


def closure(files: dict[str, str], start: str) -> tuple[set[str], list[str]]:
    found, problems = CodeGraph(Memory(files)).closure(start)
    return set(found) - {start}, [problem.code for problem in problems]


CASES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "beside": ({"src/a.py": "import b", "src/b.py": ""}, "src/a.py", {"src/b.py"}),
    "root": ({"scripts/a.py": "import lib.x", "lib/__init__.py": "", "lib/x.py": ""}, "scripts/a.py",
             {"lib/__init__.py", "lib/x.py"}),
    "src layout": ({"run/a.py": "from pkg import x", "src/pkg/__init__.py": "", "src/pkg/x.py": ""}, "run/a.py",
                   {"src/pkg/__init__.py", "src/pkg/x.py"}),
    "attribute": ({"a.py": "from b import thing", "b.py": "thing = 1"}, "a.py", {"b.py"}),
    "relative": ({"p/__init__.py": "", "p/a.py": "from . import b\nfrom .q import c", "p/b.py": "", "p/q/__init__.py": "",
                  "p/q/c.py": "from ..b import x"}, "p/a.py", {"p/__init__.py", "p/b.py", "p/q/__init__.py", "p/q/c.py"}),
    "namespace": ({"a.py": "import ns.x", "ns/x.py": ""}, "a.py", {"ns/x.py"}),
    "conditional": ({"a.py": "try:\n    import b\nexcept ImportError:\n    import c\ndef f():\n    import d",
                     "b.py": "", "c.py": "", "d.py": ""}, "a.py", {"b.py", "c.py", "d.py"}),
    "type checking": ({"a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\nelse:\n    import c",
                       "b.py": "", "c.py": ""}, "a.py", {"c.py"}),
    "by call": ({"a.py": "import importlib\nimportlib.import_module('b')", "b.py": ""}, "a.py", {"b.py"}),
    "by call, relative": ({"p/__init__.py": "", "p/a.py": "import importlib\nimportlib.import_module('.b', package='p.q')\n"
                           "importlib.import_module('.c', __package__)", "p/q/__init__.py": "", "p/q/b.py": "", "p/c.py": ""},
                          "p/a.py", {"p/__init__.py", "p/q/__init__.py", "p/q/b.py", "p/c.py"}),
    "by call, by other names": ({"a.py": "from importlib import import_module as load\nload(name='b')\nimport runpy\n"
                                 "runpy.run_module('c')", "b.py": "", "c.py": ""}, "a.py", {"b.py", "c.py"}),
    "a relative import runs the package": ({"p/a.py": "from .b import x", "p/__init__.py": "import c", "p/b.py": "",
                                            "c.py": ""}, "p/a.py", {"p/__init__.py", "p/b.py", "c.py"}),
    "star, in parts": ({"a.py": "from p import *", "p/__init__.py": "__all__ = ['x'] + ['y']\n__all__ += ('z',)",
                        "p/x.py": "", "p/y.py": "", "p/z.py": ""}, "a.py",
                       {"p/__init__.py", "p/x.py", "p/y.py", "p/z.py"}),
    "star": ({"a.py": "from p import *", "p/__init__.py": "__all__ = ['x']", "p/x.py": "", "p/y.py": ""}, "a.py",
             {"p/__init__.py", "p/x.py"}),
    "cycle": ({"a.py": "import b", "b.py": "import a"}, "a.py", {"b.py"}),
    "outside": ({"a.py": "import os, numpy\nfrom .... import x"}, "a.py", set()),
    "package wins": ({"a.py": "import m", "m.py": "", "m/__init__.py": ""}, "a.py", {"m/__init__.py"}),
    "r": ({"a.R": "source('R/x.R')\nsource(here::here(\"R\", \"y.R\"))\n# source('z.R')", "R/x.R": "", "R/y.R": "",
           "z.R": ""}, "a.R", {"R/x.R", "R/y.R"}),
    "shell": ({"s/a.sh": '. "$(dirname "$0")/x.sh"\nsource s/y.sh\npython src/p.py', "s/x.sh": "", "s/y.sh": "",
               "src/p.py": "import q", "src/q.py": ""}, "s/a.sh", {"s/x.sh", "s/y.sh", "src/p.py", "src/q.py"}),
    "r, two on a line": ({"a.R": "if (x) source('b.R') else source('c.R')  # source('d.R')", "b.R": "", "c.R": "",
                          "d.R": ""}, "a.R", {"b.R", "c.R"}),
    "shell, in other ways": ({"a.sh": "source b.sh; if x; then . c.sh; fi # . no.sh\n./d.sh\npython3 -u e.py\n"
                              "python -m p.m\ncd sub && python f.py\n", "b.sh": "", "c.sh": "", "no.sh": "", "d.sh": "",
                              "e.py": "", "p/__init__.py": "", "p/m.py": "", "sub/f.py": ""}, "a.sh",
                             {"b.sh", "c.sh", "d.sh", "e.py", "p/__init__.py", "p/m.py", "sub/f.py"}),
    "julia": ({"j/a.jl": 'include("b.jl")', "j/b.jl": ""}, "j/a.jl", {"j/b.jl"}),
    "notebook": ({"n.ipynb": '{"cells": [{"cell_type": "code", "source": ["%matplotlib inline\\n", "import b"]}]}',
                  "b.py": ""}, "n.ipynb", {"b.py"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_found(name: str) -> None:
    files, start, expected = CASES[name]
    assert closure(files, start) == (expected, [])


def test_code_that_does_not_parse_is_said_and_guessed_at() -> None:
    files = {"a.py": "import b\ndef f(:\n    pass\n", "b.py": ""}
    found, problems = CodeGraph(Memory(files)).closure("a.py")
    assert found == ("a.py", "b.py")
    assert [(p.code, p.place.line) for p in problems] == [("MLC310", 2)]  # type: ignore[union-attr]


def test_what_cannot_be_told_is_said() -> None:
    assert closure({"a.sh": 'source "$LIB/x.sh"\n'}, "a.sh") == (set(), ["MLC311"])


@pytest.mark.parametrize(
    ("cmd", "expected"),
    [
        ("python src/a.py --x 1", ("src/a.py",)),
        ("python -u -m pkg.mod x", ("src/pkg/mod.py",)),
        ("FOO=1 bash run.sh && python src/a.py", ("run.sh", "src/a.py")),
        ("./run.sh", ("run.sh",)),
        ("bash -euo pipefail run.sh", ("run.sh",)),
        ("python -c 'print(1)' src/a.py", ()),
        ("python -m pkg.sub.mod", ("src/pkg/sub/mod.py",)),
        ("cd src && python a.py", ("src/a.py",)),
        ("cd src; cd .. ; python src/a.py", ("src/a.py",)),
        ("(cd src; python a.py) && python src/a.py", ("src/a.py",)),
        ('cd "$DIR" && python src/a.py', ()),
        ("echo cd src && python src/a.py", ("src/a.py",)),
        ("python3.12 -W ignore -X dev src/a.py", ("src/a.py",)),
        ("uv run --with x src/a.py", ("src/a.py",)),
        ("accelerate launch --num_processes 2 src/a.py", ("src/a.py",)),
        ("jupyter nbconvert --output new.ipynb src/a.py", ("src/a.py",)),
        ("uv pip install x && cat src/a.py", ()),
        ("python missing.py", ()),
        ("cat src/a.py", ()),
    ],
)
def test_files_that_a_command_runs(cmd: str, expected: tuple[str, ...]) -> None:
    files = {"src/a.py": "", "run.sh": "", "src/pkg/mod.py": "", "new.ipynb": "", "src/pkg/sub/mod.py": ""}
    if "pkg.sub" in cmd:
        files["src/pkg/__init__.py"] = ""
    assert CodeGraph(Memory(files)).command(cmd).started == expected


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(["py", "R", "sh", "jl", "ipynb"]))
def test_any_bytes_are_survived(raw: bytes, ending: str) -> None:
    CodeGraph(Memory({f"a.{ending}": b"import b\n" + raw})).closure(f"a.{ending}")


NAMES = st.sampled_from(["alpha", "beta", "gamma"])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """A package tree in which every module says that it was loaded, and imports some that exist."""
    folders = draw(st.lists(st.lists(NAMES, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3, unique=True))
    modules = {(*folder, name) for folder in folders for name in draw(st.lists(NAMES, min_size=1, max_size=2))}
    packages = {module[:depth] for module in modules for depth in range(1, len(module))}
    modules -= packages
    with_init = {package for package in packages if draw(st.booleans())}
    say = "import sys; sys.loaded.append(__file__)\n"
    files = {}
    for module in modules:
        other = draw(st.sampled_from(sorted(modules)))
        lines = [say]
        if other > module:
            lines.append(f"import {'.'.join(other)}\n")
        siblings = sorted(m for m in modules if m[:-1] == module[:-1] and m > module)
        if siblings:
            lines.append(f"from . import {siblings[0][-1]}\n")
        files["/".join(module) + ".py"] = "".join(lines)
    for package in with_init:
        files["/".join(package) + "/__init__.py"] = say
    entry = draw(st.sampled_from(sorted(modules)))
    form = draw(st.sampled_from(["import {whole}", "from {parent} import {last}"]))
    line = form.format(whole=".".join(entry), parent=".".join(entry[:-1]), last=entry[-1])
    files["main.py"] = f"import sys; sys.loaded = []\n{line}\nprint('\\n'.join(sys.loaded))\n"
    return files


@settings(max_examples=25, deadline=None)
@given(trees())
def test_python_itself_loads_the_same_files(files: dict[str, str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, "main.py"], cwd=root, capture_output=True, text=True, check=True)
        loaded = {str(Path(line).relative_to(root)) for line in done.stdout.split()}
    assert closure(files, "main.py")[0] == loaded
