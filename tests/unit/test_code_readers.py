"""What each reader finds in code: a case is some files, the command, and the files that it loads; warnings with their lines."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.resolve.code.graph import STATE, VERSION, CodeGraph
from mlopsc.compiler.resolve.code.readers import READ, read
from mlopsc.compiler.resolve.code.record import Record

Files = dict[str, str]


def load(files: Files, command: str, wdir: str = ".") -> tuple[set[str], list[str]]:
    """The files that a command loads, and its warnings as `code file:line`."""
    loaded = CodeGraph(Memory(files)).command(command, wdir)
    problems = [f"{p.code.number} {p.path or 'cmd'}:{p.line}" for p in loaded.problems]
    return set(loaded.files), problems


def notebook(*cells: str, language: str = "python") -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells],
         "metadata": {"kernelspec": {"language": language}}}
    )  # fmt: skip


HERE = "from pathlib import Path\nimport os, sys\nHERE = Path(__file__).resolve().parent\n"

# A case: its name, the files (`>` names those that must not be loaded), the command. The files of the program come first.
PYTHON: list[tuple[str, Files]] = [
    ("a plain import", {"a.py": "import b", "b.py": ""}),
    ("packages on the way", {"a.py": "import p.q.m", "p/__init__.py": "", "p/q/__init__.py": "", "p/q/m.py": "", ">p/x.py": ""}),
    ("a submodule by from", {"a.py": "from p import m", "p/__init__.py": "", "p/m.py": ""}),
    ("a name, not a submodule", {"a.py": "from p import x", "p/__init__.py": "x = 1", ">p/m.py": ""}),
    ("a namespace package", {"a.py": "import n.m", "n/m.py": ""}),
    ("in a function, a class, a try, a with", {"a.py": "def f():\n import b\nclass C:\n import c\ntry:\n import d\nexcept E:\n import e\nwith x:\n import g",
                                               "b.py": "", "c.py": "", "d.py": "", "e.py": "", "g.py": ""}),
    ("in match and async", {"a.py": "async def f():\n match x:\n  case 1:\n   import b", "b.py": ""}),
    ("only for type checkers", {"a.py": "import typing\nif typing.TYPE_CHECKING:\n import b\nelse:\n import c", ">b.py": "", "c.py": ""}),
    ("a star", {"a.py": "from p import *", "p/__init__.py": "__all__ = ['m']\n__all__ += ['n']", "p/m.py": "", "p/n.py": "", ">p/o.py": ""}),
    ("a star of a package that imports", {"a.py": "from p import *", "p/__init__.py": "from .m import *", "p/m.py": ""}),
    ("relative, upwards", {"a.py": "import p.q.m", "p/__init__.py": "", "p/q/__init__.py": "", "p/q/m.py": "from ..z import x", "p/z.py": ""}),
    ("the root is no package of what lies on the path", {"a.py": "import m.b", ">__init__.py": "", "m/__init__.py": "from . import c", "m/b.py": "", "m/c.py": ""}),
    ("a file of the standard library's name beside the script", {"a.py": "import token", "token.py": ""}),
    ("no built-in module", {"a.py": "import sys, time", ">sys.py": "", ">time.py": ""}),
    ("a cycle", {"a.py": "import b", "b.py": "import c", "c.py": "import b"}),
    ("import_module", {"a.py": "import importlib\nimportlib.import_module('p.m')", "p/m.py": ""}),
    ("import_module by another name", {"a.py": "from importlib import import_module as load\nload(name='m')", "m.py": ""}),
    ("import_module of a constant", {"a.py": "import importlib\nNAME = 'p.' + 'm'\nimportlib.import_module(NAME)", "p/m.py": ""}),
    ("import_module in a loop", {"a.py": "import importlib\nfor n in ['m', 'n']:\n importlib.import_module(f'p.{n}')", "p/m.py": "", "p/n.py": "", ">p/o.py": ""}),
    ("import_module of a table", {"a.py": "import importlib\nT = {'x': 'p.m', 'y': 'p.n'}\nimportlib.import_module(T[key])", "p/m.py": "", "p/n.py": ""}),
    ("import_module by a parameter", {"a.py": "import importlib\ndef f(name): return importlib.import_module(name)\nf('m')\nf(name='n')", "m.py": "", "n.py": ""}),
    ("relative import_module", {"a.py": "import p.m", "p/__init__.py": "", "p/m.py": "import importlib\nimportlib.import_module('.n', 'p')\nimportlib.import_module('.o', __package__)",
                                "p/n.py": "", "p/o.py": ""}),
    ("__import__", {"a.py": "__import__('m')", "m.py": ""}),
    ("run_path and run_module", {"a.py": "import runpy\nrunpy.run_path('s/m.py')\nrunpy.run_module('n')", "s/m.py": "import o", "s/o.py": "", "n.py": ""}),
    ("spec_from_file_location", {"a.py": HERE + "import importlib.util\ns = importlib.util.spec_from_file_location('m', HERE / 'lib' / 'm.py')", "lib/m.py": ""}),
    ("SourceFileLoader", {"a.py": "from importlib.machinery import SourceFileLoader\nSourceFileLoader('m', 'lib/m.py').load_module()", "lib/m.py": ""}),
    ("exec of a file", {"a.py": "exec(open('m.py').read())\nfrom pathlib import Path\nexec(compile(Path('n.py').read_text(), 'n', 'exec'))", "m.py": "", "n.py": ""}),
    ("exec of an opened file", {"a.py": "with open('m.py') as f:\n exec(f.read())", "m.py": ""}),
    ("subprocess with a list", {"a.py": "import subprocess, sys\nsubprocess.run([sys.executable, 's/m.py', x], check=True)", "s/m.py": "import n", "s/n.py": ""}),
    ("subprocess with a text", {"a.py": "import subprocess as sp\nsp.check_call('python m.py && bash n.sh', shell=True)", "m.py": "", "n.sh": ""}),
    ("subprocess by name", {"a.py": "from subprocess import run as r, Popen\nr(['python', 'm.py'])\nPopen(['bash', 'n.sh'])", "m.py": "", "n.sh": ""}),
    ("subprocess in a folder", {"a.py": "import subprocess\nsubprocess.run(['python', 'm.py'], cwd='sub')", "sub/m.py": "", ">m.py": ""}),
    ("subprocess with a module", {"a.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'p.m'])", "p/__init__.py": "", "p/m.py": ""}),
    ("subprocess by a variable", {"a.py": "import subprocess\ncmd = ['python', 'm.py'] + args\nsubprocess.call(cmd)\nc = f'python n.py {x}'\nsubprocess.call(c, shell=True)", "m.py": "", "n.py": ""}),
    ("subprocess with a split text", {"a.py": "import subprocess, shlex\nsubprocess.run(shlex.split('python m.py'))\nsubprocess.run('python n.py'.split())", "m.py": "", "n.py": ""}),
    ("subprocess in a helper", {"a.py": "import subprocess, sys\ndef step(s):\n subprocess.run([sys.executable, s])\nfor s in ('m.py', 'n.py'):\n step(s)", "m.py": "", "n.py": ""}),
    ("os.system and os.popen", {"a.py": "import os\nos.system('python m.py --x %s' % x)\nos.popen('python n.py')", "m.py": "", "n.py": ""}),
    ("os.execv", {"a.py": "import os, sys\nos.execv(sys.executable, ['python', 'm.py'])\nos.execlp('python', 'python', 'n.py')", "m.py": "", "n.py": ""}),
    ("sys.path with a text", {"s/a.py": "import sys\nsys.path.append('lib')\nimport m", "lib/m.py": ""}),
    ("sys.path with pathlib", {"s/a.py": HERE + "sys.path.insert(0, str(HERE.parent / 'lib'))\nimport m", "lib/m.py": "", ">s/lib/m.py": ""}),
    ("sys.path with parents", {"s/t/a.py": HERE + "sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'lib'))\nimport m", "lib/m.py": ""}),
    ("sys.path with os.path", {"s/a.py": "import os, sys\nsys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))\nimport m", "lib/m.py": ""}),
    ("sys.path with dirname twice", {"s/a.py": "import os, sys\nsys.path.append(os.path.dirname(os.path.dirname(__file__)) + '/lib')\nimport m", "lib/m.py": ""}),
    ("sys.path with repetition", {"s/t/a.py": "import os, sys\nroot = os.path.abspath(os.path.join(os.path.dirname(__file__), '../' * 2))\nsys.path.insert(1, os.path.join(root, 'lib'))\nimport m", "lib/m.py": ""}),
    ("sys.path with +=", {"s/a.py": "import sys\nsys.path += ['lib']\nimport m", "lib/m.py": ""}),
    ("sys.path with extend", {"s/a.py": "import sys\nsys.path.extend(['lib', 'lib2'])\nimport m, n", "lib/m.py": "", "lib2/n.py": ""}),
    ("sys.path in an imported file", {"s/a.py": "import paths\nimport m", "s/paths.py": "import sys\nsys.path.append('lib')", "lib/m.py": ""}),
    ("sys.path comes first", {"s/a.py": "import sys\nsys.path.insert(0, 'lib')\nimport m", "lib/m.py": "", ">s/m.py": ""}),
    ("site.addsitedir", {"s/a.py": "import site\nsite.addsitedir('lib')\nimport m", "lib/m.py": ""}),
    ("Cython", {"a.py": "import fast", "fast.pyx": "cimport other\nfrom helper cimport f\nimport m\ninclude 'part.pxi'", "other.pxd": "", "helper.pxd": "", "m.py": "", "part.pxi": ""}),
    ("a notebook that is executed", {"a.py": "import papermill as pm\npm.execute_notebook('n.ipynb', 'out.ipynb')", "n.ipynb": notebook("import m"), "m.py": ""}),
    ("C++ that is compiled", {"a.py": "from torch.utils.cpp_extension import load\nload(name='x', sources=['k.cpp', 'k.cu'])", "k.cpp": '#include "k.h"', "k.h": "", "k.cu": ""}),
    ("R from Python", {"a.py": "import rpy2.robjects as ro\nro.r.source('f.R')", "f.R": ""}),
    ("an environment variable with a default", {"a.py": "import os, subprocess\nsubprocess.run(['python', os.environ.get('S', 'm.py')])", "m.py": ""}),
    ("a coding cookie", {"a.py": "# -*- coding: latin-1 -*-\nimport b", "b.py": ""}),
    ("carriage returns", {"a.py": "import b\r\nimport c\r\n", "b.py": "", "c.py": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files"), PYTHON, ids=[name for name, _ in PYTHON])
def test_python(name: str, files: Files) -> None:
    start = next(iter(files))
    there = {path.removeprefix(">"): text for path, text in files.items()}
    loaded, problems = load(there, f"python {start}")
    assert loaded == {path for path in files if not path.startswith(">")}
    assert problems == []


MODULES: list[tuple[str, Files, str, set[str]]] = [
    ("-m has the working folder on the path and not its own", {"p/a.py": "import m", "p/m.py": "", "m.py": "", "p/__init__.py": ""}, "python -m p.a",
     {"p/a.py", "p/__init__.py", "m.py"}),
    ("src layout", {"run/a.py": "from pkg import x", "src/pkg/__init__.py": "", "src/pkg/x.py": ""}, "python run/a.py",
     {"run/a.py", "src/pkg/__init__.py", "src/pkg/x.py"}),
    ("setuptools where", {"a/x.py": "import pkg", "lib/pkg/__init__.py": "", "pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['lib']"},
     "python a/x.py", {"a/x.py", "lib/pkg/__init__.py"}),
    ("setuptools package-dir", {"a/x.py": "import pkg", "lib/pkg/__init__.py": "", "pyproject.toml": "[tool.setuptools]\npackage-dir = {'' = 'lib'}"},
     "python a/x.py", {"a/x.py", "lib/pkg/__init__.py"}),
    ("poetry from", {"a/x.py": "import pkg", "lib/pkg/__init__.py": "", "pyproject.toml": "[tool.poetry]\npackages = [{include = 'pkg', from = 'lib'}]"},
     "python a/x.py", {"a/x.py", "lib/pkg/__init__.py"}),
    ("hatch packages", {"a/x.py": "import pkg", "py/lib/pkg/__init__.py": "", "pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages = ['py/lib/pkg']"},
     "python a/x.py", {"a/x.py", "py/lib/pkg/__init__.py"}),
    ("hatch sources", {"a/x.py": "import pkg", "lib/pkg/__init__.py": "", "pyproject.toml": "[tool.hatch.build]\nsources = ['lib']"},
     "python a/x.py", {"a/x.py", "lib/pkg/__init__.py"}),
    ("setup.cfg", {"a/x.py": "import pkg", "lib/pkg/__init__.py": "", "setup.cfg": "[options]\npackage_dir =\n  = lib\n"},
     "python a/x.py", {"a/x.py", "lib/pkg/__init__.py"}),
    ("setup.py", {"a/x.py": "import pkg", "lib/pkg/__init__.py": "", "setup.py": "setup(packages=find_packages(where='lib'))"},
     "python a/x.py", {"a/x.py", "lib/pkg/__init__.py"}),
    ("console script of setup.cfg", {"pkg/__init__.py": "", "pkg/c.py": "", "setup.cfg": "[options.entry_points]\nconsole_scripts =\n  go = pkg.c:main\n"},
     "go x", {"pkg/__init__.py", "pkg/c.py"}),
    ("console script of setup.py", {"pkg/__init__.py": "", "pkg/c.py": "", "setup.py": "setup(entry_points={'console_scripts': ['go=pkg.c:main']})"},
     "go x", {"pkg/__init__.py", "pkg/c.py"}),
    ("a library beside, by path", {"app/a.py": "import lib", "pyproject.toml": "[tool.uv.sources]\nlib = {path = 'libs/lib'}", "libs/lib/pyproject.toml": "[project]",
                                   "libs/lib/src/lib/__init__.py": ""}, "python app/a.py", {"app/a.py", "libs/lib/src/lib/__init__.py"}),
    ("a workspace", {"app/a.py": "import lib", "pyproject.toml": "[tool.uv.workspace]\nmembers = ['libs/*']", "libs/one/pyproject.toml": "[project]",
                     "libs/one/src/lib/__init__.py": ""}, "python app/a.py", {"app/a.py", "libs/one/src/lib/__init__.py"}),
    ("a project within", {"apps/x/run/a.py": "import pkg", "apps/x/pyproject.toml": "[project]\nname='x'", "apps/x/src/pkg/__init__.py": ""},
     "python apps/x/run/a.py", {"apps/x/run/a.py", "apps/x/src/pkg/__init__.py"}),
    ("the working folder", {"apps/x/a/b.py": "import lib.m", "apps/x/lib/m.py": ""}, "cd apps/x && python a/b.py", {"apps/x/a/b.py", "apps/x/lib/m.py"}),
    ("an installed package of the name of a folder", {"s/a.py": "import evaluate", "evaluate/__init__.py": "", "requirements.txt": "evaluate"},
     "python s/a.py", {"s/a.py"}),
    ("nor is the package of a setup.py", {"src/a.py": "from src.lib import x", "src/__init__.py": "", "src/lib.py": "", "requirements.txt": "x\n-e .",
                                         "setup.py": "setup(name='src', packages=['src'], author='src', install_requires=['x'])"}, "python src/a.py",
     {"src/__init__.py", "src/a.py", "src/lib.py"}),
    ("the project's own package is no installed one", {"s/a.py": "import wine", "wine/__init__.py": "", "pyproject.toml": "[project]\nname='wine'\ndependencies=['x']"},
     "python s/a.py", {"s/a.py", "wine/__init__.py"}),
    ("Hydra's folder", {"src/a.py": "import hydra\n@hydra.main(version_base=None, config_path='../conf', config_name='c')\ndef main(cfg): pass", "conf/c.yaml": "",
                        "requirements.txt": "hydra-core"}, "python src/a.py", {"src/a.py", "conf"}),
    ("Hydra's compose", {"src/a.py": "from hydra import initialize\nwith initialize(config_path='conf'): pass", "src/conf/c.yaml": ""}, "python src/a.py", {"src/a.py", "src/conf"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "command", "expected"), MODULES, ids=[case[0] for case in MODULES])
def test_where_modules_are_looked_up(name: str, files: Files, command: str, expected: set[str]) -> None:
    assert load(files, command) == (expected, [])


def test_roots_of_the_spec_are_for_modules_that_are_run_too() -> None:
    graph = CodeGraph(Memory({"lib/p/__init__.py": "", "lib/p/m.py": "import q", "lib/q.py": ""}), ("lib",))
    assert graph.command("python -m p.m").files == ("lib/p/__init__.py", "lib/p/m.py", "lib/q.py")


class Above(Memory):
    """A repository whose spec lies two folders below the top."""

    def kind(self, path: str) -> Any:
        return "dir" if path in ("..", "../..") else super().kind(path)


def test_code_above_the_folder_of_the_spec() -> None:
    files = {
        "a.py": "import shared, lib",
        "../../shared/__init__.py": "",
        "../../pyproject.toml": "[project]\nname='mono'",
        "../../src/lib.py": "",
    }
    loaded = CodeGraph(Above(files)).command("python a.py")
    assert loaded.files == ("../../shared/__init__.py", "../../src/lib.py", "a.py")


OTHERS: list[tuple[str, Files, str, set[str]]] = [
    ("R", {"a.R": "source('R/x.R')\nsys.source(file.path('R', 'y.R'), envir = e)\nsource(here::here('R', 'z.R'), local = TRUE) # source('n.R')",
           "R/x.R": "source('R/w.R')", "R/y.R": "", "R/z.R": "", "R/w.R": "", "n.R": ""}, "Rscript a.R", {"a.R", "R/x.R", "R/y.R", "R/z.R", "R/w.R"}),
    ("R, joined texts", {"a.R": "dir <- 'R'\nsource(paste0(dir, '/x.R'))\nsource(paste(dir, 'y.R', sep = '/'))", "R/x.R": "", "R/y.R": ""}, "Rscript a.R",
     {"a.R", "R/x.R", "R/y.R"}),
    ("R, loops", {"a.R": "for (f in c('x.R', 'y.R')) source(f)\nfs <- c('z.R')\ninvisible(lapply(fs, source))\npurrr::walk(c('w.R'), source)", "x.R": "", "y.R": "",
                  "z.R": "", "w.R": ""}, "Rscript a.R", {"a.R", "x.R", "y.R", "z.R", "w.R"}),
    ("R, a folder", {"a.R": "lapply(list.files('R', pattern = '[.]R$', full.names = TRUE), source)", "R/x.R": "", "R/y.R": "", "R/z.csv": ""}, "Rscript a.R",
     {"a.R", "R/x.R", "R/y.R"}),
    ("R, box", {"s/a.R": "box::use(./m/x, ../n[f, g], dplyr)", "s/m/x.R": "box::use(./y)", "s/m/y.R": "", "n.R": ""}, "Rscript s/a.R",
     {"s/a.R", "s/m/x.R", "s/m/y.R", "n.R"}),
    ("R, targets", {"_targets.R": "library(targets)\ntar_source('R')\nlist()", "R/x.R": ""}, "Rscript -e 'targets::tar_make()'", {"_targets.R", "R/x.R"}),
    ("R, other languages", {"a.R": "Rcpp::sourceCpp('f.cpp')\nreticulate::source_python('p.py')\nsystem('python q.py')\nsystem2('Rscript', c('b.R', x))",
                            "f.cpp": "", "p.py": "import m", "m.py": "", "q.py": "", "b.R": ""}, "Rscript a.R", {"a.R", "f.cpp", "p.py", "m.py", "q.py", "b.R"}),
    ("R, documents", {"a.R": "rmarkdown::render('d.Rmd', output_file = 'x.html')", "d.Rmd": "text\n```{r setup, child='c.Rmd'}\nsource('x.R')\n```\n```{python}\nimport m\n```\n",
                      "c.Rmd": "", "x.R": "", "m.py": ""}, "Rscript a.R", {"a.R", "d.Rmd", "c.Rmd", "x.R", "m.py"}),
    ("R in quotes and comments", {"a.R": "x <- \"# no comment\"; source('b.R')\n'source(\"c.R\")'\n# source('d.R')", "b.R": "", "c.R": "", "d.R": ""}, "Rscript a.R", {"a.R", "b.R"}),
    ("Quarto", {"a.qmd": "---\ntitle: x\n---\n{{< include _p.qmd >}}\n```{r}\n#| file: f.R\n```\n```{julia}\ninclude(\"j.jl\")\n```\n", "_p.qmd": "", "f.R": "", "j.jl": ""},
     "quarto render a.qmd", {"a.qmd", "_p.qmd", "f.R", "j.jl"}),
    ("Julia", {"s/a.jl": "include(\"b.jl\"); include(joinpath(@__DIR__, \"..\", \"l\", \"c.jl\"))\n@everywhere include(\"d.jl\") # include(\"n.jl\")\n#= include(\"n.jl\") =#",
               "s/b.jl": "include(\"e.jl\")", "l/c.jl": "", "s/d.jl": "", "s/e.jl": "", "s/n.jl": ""}, "julia s/a.jl", {"s/a.jl", "s/b.jl", "l/c.jl", "s/d.jl", "s/e.jl"}),
    ("Julia, loops and texts", {"a.jl": "for f in [\"b\", \"c\"]\n include(\"$f.jl\")\nend\ninclude(@__DIR__() * \"/d.jl\")\ninclude.([\"e.jl\"])", "b.jl": "", "c.jl": "",
                                "d.jl": "", "e.jl": ""}, "julia a.jl", {"a.jl", "b.jl", "c.jl", "d.jl", "e.jl"}),
    ("Julia, modules", {"a.jl": "push!(LOAD_PATH, joinpath(@__DIR__, \"lib\"))\nusing M, Statistics\nusing .N", "lib/M.jl": "include(\"m.jl\")", "lib/m.jl": ""}, "julia a.jl",
     {"a.jl", "lib/M.jl", "lib/m.jl"}),
    ("Julia, commands", {"a.jl": "run(`python p.py $x`)", "p.py": ""}, "julia a.jl", {"a.jl", "p.py"}),
    ("shell", {"s/a.sh": "#!/bin/bash\nset -e\nDIR=\"$( cd \"$( dirname \"${BASH_SOURCE[0]}\" )\" && pwd )\"\nsource \"$DIR/x.sh\"\n. \"${DIR}/y.sh\"\npython \"$DIR/../src/p.py\"",
               "s/x.sh": "", "s/y.sh": "", "src/p.py": "import q", "src/q.py": ""}, "bash s/a.sh", {"s/a.sh", "s/x.sh", "s/y.sh", "src/p.py", "src/q.py"}),
    ("shell, what a sourced file sets", {"a.sh": "source env.sh\npython $SCRIPT", "env.sh": "SCRIPT=p.py\n", "p.py": ""}, "bash a.sh", {"a.sh", "env.sh", "p.py"}),
    ("shell, scripts that call scripts", {"a.sh": "cd sub || exit 1\n./b.sh x && sh c.sh", "sub/b.sh": "python $1.py", "sub/x.py": "", "sub/c.sh": ""}, "./a.sh",
     {"a.sh", "sub/b.sh", "sub/x.py", "sub/c.sh"}),
    ("a notebook", {"n/a.ipynb": notebook("%load_ext autoreload\n%matplotlib inline\nimport m\n!python p.py {x}", "%%bash\nbash s.sh", "%run r.py 1\n%run other", "%%time\nimport t\nfiles = !ls\n%time import u",
                                          "%%html\n<script>import no</script>"),
                    "n/m.py": "", "p.py": "", "s.sh": "", "n/r.py": "", "n/other.py": "", "n/t.py": "", "n/u.py": "", "n/no.py": ""}, "papermill n/a.ipynb o.ipynb",
     {"n/a.ipynb", "n/m.py", "p.py", "s.sh", "n/r.py", "n/other.py", "n/t.py", "n/u.py"}),
    ("a notebook of R", {"a.ipynb": notebook("source('x.R')", language="R"), "x.R": ""}, "jupyter execute a.ipynb", {"a.ipynb", "x.R"}),
    ("a notebook runs a notebook", {"a.ipynb": notebook("%run ./b.ipynb"), "b.ipynb": notebook("import m"), "m.py": ""}, "jupyter nbconvert --execute a.ipynb", {"a.ipynb", "b.ipynb", "m.py"}),
    ("JavaScript", {"a.js": "import x from './x.js'\nconst y = require('./y')\nimport('./z.mjs')\nimport fs from 'fs'", "x.js": "", "y.ts": "", "z.mjs": ""}, "node a.js",
     {"a.js", "x.js", "y.ts", "z.mjs"}),
    ("C", {"a.c": '#include "a.h"\n#include <stdio.h>', "a.h": '#include "b.h"', "b.h": ""}, "gcc a.c -o a", {"a.c", "a.h", "b.h"}),
    ("Stata", {"a.do": "do b.do\nqui run c\n* do n.do\ninclude \"d.do\"", "b.do": "", "c.do": "", "d.do": "", "n.do": ""}, "stata -b do a.do", {"a.do", "b.do", "c.do", "d.do"}),
    ("MATLAB", {"a.m": "addpath('lib')\ny = helper(1); % nope\nz = deep(y);", "helper.m": "", "lib/deep.m": "", "nope.m": ""}, "matlab -batch a", {"a.m", "helper.m", "lib/deep.m"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "command", "expected"), OTHERS, ids=[case[0] for case in OTHERS])
def test_other_languages(name: str, files: Files, command: str, expected: set[str]) -> None:
    assert load(files, command) == (expected, [])


WARNINGS: list[tuple[str, Files, str, list[str]]] = [
    ("a module", {"a.py": "import importlib, sys\n\nimportlib.import_module(sys.argv[1])"}, "python a.py", ["MLC311 a.py:3"]),
    ("a command", {"a.py": "import subprocess, sys\nsubprocess.run(['python', sys.argv[1]])"}, "python a.py", ["MLC311 a.py:2"]),
    ("a whole command", {"a.py": "import os, sys\nos.system(sys.argv[1])"}, "python a.py", ["MLC311 a.py:2"]),
    ("a path", {"a.py": "import runpy, sys\nrunpy.run_path(sys.argv[1])"}, "python a.py", ["MLC311 a.py:2"]),
    ("a class of Hydra", {"a.py": "from hydra.utils import instantiate\ninstantiate(cfg.model)"}, "python a.py", ["MLC311 a.py:2"]),
    ("a search path that hides a module", {"a.py": "import sys\nsys.path.append(sys.argv[1])\nimport m", "requirements.txt": "x"}, "python a.py", ["MLC311 a.py:2"]),
    ("a search path that hides nothing", {"a.py": "import sys\nsys.path.append(sys.argv[1])\nimport m", "m.py": "", "requirements.txt": "x"}, "python a.py", []),
    ("R", {"a.R": "args <- commandArgs()\nsource(args[1])"}, "Rscript a.R", ["MLC311 a.R:2"]),
    ("Julia", {"a.jl": "x = 1\ninclude(ARGS[1])"}, "julia a.jl", ["MLC311 a.jl:2"]),
    ("shell", {"a.sh": "set -e\npython $X\nsource $LIB/x.sh"}, "bash a.sh", ["MLC311 a.sh:2", "MLC311 a.sh:3"]),
    ("a language that nobody reads", {"a.lua": "require 'b'"}, "lua a.lua", ["MLC312 a.lua:1"]),
    ("such a language, of an unknown program", {"a.nf": ""}, "nextflow run a.nf", ["MLC312 a.nf:1"]),
    ("a requirement", {"a.py": "import os\nimport numpy, mystery", "requirements.txt": "numpy==1"}, "python a.py", ["MLC313 a.py:2"]),
    ("a requirement that may be missing", {"a.py": "try:\n import mystery\nexcept ImportError:\n mystery = None\ndef f():\n import other", "requirements.txt": "numpy"}, "python a.py", []),
    ("a requirement by URL, whose modules nobody knows", {"a.py": "import mystery", "requirements.txt": "git+https://example.org/org/tools.git@v1"}, "python a.py", []),
    ("a name with a URL", {"a.py": "import mystery", "requirements.txt": "tools @ https://example.org/tools-1.zip"}, "python a.py", []),
    ("a checkout", {"a.py": "import mystery", "requirements.txt": "-e git+https://example.org/org/tools#egg=tools"}, "python a.py", []),
    ("a source of uv", {"a.py": "import mystery", "pyproject.toml": "[project]\nname='x'\ndependencies=['tools']\n[tool.uv.sources]\ntools = {git = 'https://example.org/t'}"}, "python a.py", []),
    ("a table of Poetry", {"a.py": "import mystery", "pyproject.toml": "[tool.poetry.dependencies]\ntools = {git = 'https://example.org/t'}"}, "python a.py", []),
    ("URLs that are no requirements", {"a.py": "import mystery", "requirements.txt": "--extra-index-url https://example.org/simple\nnumpy  # https://example.org/x.git\n# git+https://example.org"}, "python a.py", ["MLC313 a.py:1"]),
    ("a channel of conda", {"a.py": "import mystery", "environment.yml": "channels:\n  - https://example.org/channel\ndependencies:\n  - numpy\n"}, "python a.py", ["MLC313 a.py:1"]),
    ("a freeze under another name", {"a.py": "import yaml, numpy, mystery", "frozen.txt": "numpy==1\nPyYAML==6", "requirements.txt": "numpy"}, "python a.py", ["MLC313 a.py:1"]),
    ("a source of a Pipfile", {"a.py": "import mystery", "Pipfile": "[packages]\ntools = {git = 'https://example.org/t.git'}"}, "python a.py", []),
    ("a line of setup.cfg", {"a.py": "import mystery", "setup.cfg": "[options]\ninstall_requires =\n    tools @ git+https://example.org/t.git\n    numpy\n"}, "python a.py", []),
    ("a line of setup.py", {"a.py": "import mystery", "setup.py": "setup(install_requires=['tools @ git+https://example.org/t.git', 'numpy'])"}, "python a.py", []),
    ("a source in uv.lock", {"a.py": "import mystery", "uv.lock": '[[package]]\nname = "tools"\nsource = { git = "https://example.org/t.git#a" }\n'}, "python a.py", []),
    ("a source in poetry.lock", {"a.py": "import mystery", "poetry.lock": '[[package]]\nname = "tools"\n[package.source]\ntype = "git"\n'}, "python a.py", []),
    ("a source in pylock.toml", {"a.py": "import mystery", "pylock.toml": '[[packages]]\nname = "tools"\n[packages.vcs]\ntype = "git"\n'}, "python a.py", []),
    ("a source of pixi", {"a.py": "import mystery", "pixi.toml": "[pypi-dependencies]\ntools = { git = 'https://example.org/t.git' }"}, "python a.py", []),
    ("wheels in uv.lock", {"a.py": "import mystery", "uv.lock": '[[package]]\nname = "numpy"\nwheels = [{ url = "https://example.org/n.whl" }]\n'}, "python a.py", ["MLC313 a.py:1"]),
    ("a package called git", {"a.py": "import mystery", "pyproject.toml": "[tool.poetry.dependencies]\ngit-python = '1'\n"}, "python a.py", ["MLC313 a.py:1"]),
    ("packages of Debian alone", {"a.py": "import mystery", "packages.txt": "ffmpeg"}, "python a.py", []),
    ("a list that may be of something else alone", {"a.py": "import mystery", "freeze_layers.txt": "conv1"}, "python a.py", []),
    ("names that differ in hyphens", {"a.py": "import pythonjsonlogger, yamllint, mystery", "requirements.txt": "python-json-logger\nyaml-lint"}, "python a.py", ["MLC313 a.py:1"]),
    ("a text that lists no requirements", {"a.py": "import mystery", "notes.txt": "mystery", "requirements.txt": "numpy"}, "python a.py", ["MLC313 a.py:1"]),
    ("no requirements at all", {"a.py": "import mystery"}, "python a.py", []),
    ("what does not parse", {"a.py": "import b\ndef f(:\n", "b.py": ""}, "python a.py", ["MLC310 a.py:2"]),
    ("what is no notebook", {"a.ipynb": "[]"}, "papermill a.ipynb b.ipynb", ["MLC310 a.ipynb:1"]),
    ("a folder that is unknown", {"a.py": ""}, "cd $X && python a.py", ["MLC311 cmd:1"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "command", "problems"), WARNINGS, ids=[case[0] for case in WARNINGS])
def test_what_cannot_be_told_is_a_warning_with_its_line(
    name: str, files: Files, command: str, problems: list[str]
) -> None:
    assert load(files, command)[1] == problems


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "scikit-learn>=1\nopencv-python-headless # x\n"), ("requirements/base.in", "scikit_learn\nopencv.python"),
        ("pyproject.toml", "[project]\ndependencies = ['scikit-learn', 'opencv-python']"), ("pyproject.toml", "[project.optional-dependencies]\nx = ['scikit-learn', 'opencv-python']"),
        ("pyproject.toml", "[dependency-groups]\nx = ['scikit-learn', 'opencv-python']"), ("pyproject.toml", "[tool.poetry.dependencies]\nscikit-learn = '*'\nopencv-python = '*'"),
        ("pyproject.toml", "[tool.poetry.group.x.dependencies]\nscikit-learn = '*'\nopencv-python = '*'"), ("environment.yml", "dependencies:\n- scikit-learn=1\n- conda-forge::opencv\n"),
        ("environment.yml", "dependencies:\n- pip:\n  - scikit-learn==1\n  - opencv-python\n"), ("setup.cfg", "[options]\ninstall_requires =\n  scikit-learn\n  opencv-python\n"),
        ("setup.py", "setup(install_requires=['scikit-learn>=1', 'opencv-python'])"), ("Pipfile", "[packages]\nscikit-learn = '*'\nopencv-python = '*'"),
        ("uv.lock", "[[package]]\nname = \"scikit-learn\"\n[[package]]\nname = \"opencv-python\"\n"), ("pixi.toml", "[dependencies]\nscikit-learn = '*'\nopencv = '*'"),
    ],
)  # fmt: skip
def test_requirements_wherever_they_are_declared(path: str, text: str) -> None:
    assert load({"a.py": "import sklearn, cv2", path: text}, "python a.py") == ({"a.py"}, [])


def test_a_warning_points_at_its_text() -> None:
    graph = CodeGraph(
        Memory(
            {"n.ipynb": notebook("import sys\nx = sys.argv[1]", 'import importlib\nimportlib.import_module(f"m.{x}")')}
        )
    )
    (problem,) = graph.command("papermill n.ipynb o.ipynb").problems
    place: Any = graph.diagnostic(problem).place
    assert json.loads(f'"{place.source.text[place.start : place.end]}"') == 'importlib.import_module(f"m.{x}")'


# -- kept from one build to the next


def test_records_are_kept_by_content() -> None:
    files = {"a.py": "import b", "b.py": "import importlib\nimportlib.import_module('c')", "c.py": ""}
    cold = CodeGraph(Memory(files))
    expected = cold.command("python a.py")
    state = cold.state()
    assert state is not None
    warm = CodeGraph(Memory({**files, STATE: state}))
    assert warm.command("python a.py") == expected
    assert warm.state() is None, "nothing new to keep"
    touched = CodeGraph(Memory({**files, "b.py": "", STATE: state}))
    assert touched.command("python a.py").files == ("a.py", "b.py")


@pytest.mark.parametrize(
    "state",
    ["", "{", "[]", "null", '{"version": 0, "records": {}}', f'{{"version": "{VERSION}"}}', f'{{"version": "{VERSION}", "records": []}}', "[" * 100_000,
     "\x00\xff"],
)  # fmt: skip
def test_a_damaged_cache_costs_nothing_but_time(state: str) -> None:
    assert load({"a.py": "import b", "b.py": "", STATE: state}, "python a.py")[0] == {"a.py", "b.py"}


@pytest.mark.parametrize(
    "record", [None, 1, [], [[1]] * 8, {"a": 1}, [[["x", 1, [], 1, 1]], [], [], [], [], [], [], None]]
)
def test_a_damaged_record_is_read_again(record: object) -> None:
    import hashlib

    key = f"python:{hashlib.md5(b'import b').hexdigest()}"
    state = json.dumps({"version": VERSION, "records": {key: record}})
    assert load({"a.py": "import b", "b.py": "", STATE: state}, "python a.py")[0] == {"a.py", "b.py"}


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.sampled_from(sorted(READ)))
def test_any_text_is_read_and_its_record_survives_json(text: str, language: str) -> None:
    record = read(language, text)
    assert Record.from_json(json.loads(json.dumps(record.as_json()))) == record


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abc ()$'\"`;|&<>{}\\\n=#[]", max_size=60))
def test_any_command_line_is_read(line: str) -> None:
    CodeGraph(Memory({"a": "", "b.py": ""})).command(line)


# -- bounds

HOSTILE: dict[str, tuple[str, str]] = {
    "nested parentheses": ("a.py", "(" * 100_000),
    "nested lists": ("a.py", "x = " + "[" * 5_000 + "]" * 5_000),
    "a long sum": ("a.py", "import os\nos.system(" + "+".join(["'a'"] * 20_000) + ")"),
    "names made of themselves": ("a.py", "import os\n" + "a = a + a\n" * 500 + "os.system(a)"),
    "names that double": ("a.py", "import os\na0 = 'x'\n" + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(60)) + "os.system(a60)"),
    "many choices": ("a.py", "import os\n" + "".join(f"for v{n} in ['a', 'b']: pass\n" for n in range(40))
                     + "os.system(" + "+".join(f"v{n}" for n in range(40)) + ")"),
    "many calls": ("a.py", "import os\n" + "os.system(x)\n" * 20_000),
    "a function that calls itself": ("a.py", "import os\ndef f(a, b):\n os.system(a + b)\n f(b, a)\n f(a + b, b)\nf('x', 'y')"),
    "dots": ("a.py", "from " + "." * 50_000 + " import x"),
    "blanks in R": ("a.R", "source(" + " " * 200_000),
    "calls in R": ("a.R", "source(c(" * 20_000),
    "names in R": ("a.R", "a <- b\nb <- a\nsource(a)\n" * 500),
    "quotes in Julia": ("a.jl", 'include("' * 30_000),
    "comments in Julia": ("a.jl", "#=" * 60_000),
    "quotes in the shell": ("a.sh", "'\"" * 60_000),
    "substitutions": ("a.sh", "$(" * 50_000),
    "backticks": ("a.sh", "`" * 60_000),
    "braces": ("a.sh", "${a:-" * 30_000),
    "subshells": ("a.sh", "(" * 60_000),
    "loops in loops": ("a.sh", "for a in 1 2 3 4 5 6 7 8 9; do " * 12 + "python x.py; " + "done; " * 12),
    "a script that calls itself": ("a.sh", 'bash a.sh "$1"x; bash a.sh "$1"y'),
    "functions that call each other": ("a.sh", "f() { g; g; }\ng() { f; f; }\nf"),
    "a shell in a shell": ("a.sh", "bash -c 'bash -c \"$0\" \"$0\"' 'bash -c \"$0\" \"$0\"'"),
    "here-documents": ("a.sh", "cat <<E\n" * 20_000),
    "long words": ("a.sh", "python " + "x" * 400_000),
    "trimming": ("a.sh", "a=" + "x" * 4_000 + "\n" + "echo ${a%%*y*}\n" * 20),
    "magics": ("a.ipynb", notebook("%" * 50_000 + "\n" + "a" * 20_000 + " = " + "!" * 10)),
    "chunks": ("a.Rmd", "```{r}\n" * 20_000),
    "includes": ("a.js", "import " * 50_000 + '"'),
    "tabs in C": ("a.c", "\t" * 200_000 + "#"),
    "blanks in Stata": ("a.do", ("qui " * 20 + "\n") * 5_000),
    "MATLAB": ("a.m", "a" * 500_000 + " '" * 1000),
    "Cython": ("a.pyx", "from x cimport " + "a, " * 50_000),
}  # fmt: skip
PROGRAMS = {"py": "python", "R": "Rscript", "jl": "julia", "sh": "bash", "ipynb": "papermill", "Rmd": "quarto render", "js": "node", "c": "gcc",
            "do": "stata", "m": "octave", "pyx": "cython"}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_read_in_a_moment(name: str) -> None:
    path, text = HOSTILE[name]
    before = time.process_time()
    CodeGraph(Memory({path: text, "x.py": ""})).command(f"{PROGRAMS[path.rpartition('.')[2]]} {path}")
    assert time.process_time() - before < 4


@pytest.mark.parametrize(
    "line",
    [
        "(" * 50_000,
        "$(" * 50_000,
        "'" * 99_999,
        "a " * 200_000,
        "python " + "-u " * 100_000,
        "env " * 3_000 + "python x.py",
        "a=1 " * 50_000,
    ],
)
def test_a_hostile_command_line_is_read_in_a_moment(line: str) -> None:
    before = time.process_time()
    CodeGraph(Memory({"x.py": ""})).command(line)
    assert time.process_time() - before < 4


def test_a_makefile_of_many_lines() -> None:
    text = "a: " + "b " * 50_000 + "\nb: a\n\tpython x.py\n" + "X = $(X) $(X)\n" * 200 + "c:\n\techo $(X)\n"
    before = time.process_time()
    assert load({"Makefile": text, "x.py": ""}, "make a c")[0] == {"Makefile", "x.py"}
    assert time.process_time() - before < 4


def test_a_file_too_large_to_be_code_is_not_read() -> None:
    class Large(Memory):
        def size(self, path: str) -> int | None:
            return 1 << 40 if path == "a.py" else super().size(path)

        def read(self, path: str) -> bytes | None:
            assert path != "a.py"
            return super().read(path)

    loaded = CodeGraph(Large({"a.py": ""})).command("python a.py")
    assert [problem.code.number for problem in loaded.problems] == ["MLC310"]
