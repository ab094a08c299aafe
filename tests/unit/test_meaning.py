"""Which edits of code change its meaning: pairs of contents that are the same to a run, and pairs that are not."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.programs.meaning import MAX_BYTES, is_same, meaning

BASE = 'def f(x):\n    """Double it."""\n    return x * 2\n\n\nprint(f(1))\n'
SAME = {
    "a comment": "# new\n" + BASE,
    "a comment behind code": BASE.replace("return x * 2", "return x * 2  # twice"),
    "blank lines": BASE.replace("\n\n\n", "\n"),
    "indentation": BASE.replace("    ", "  "),
    "parentheses": BASE.replace("x * 2", "(x * 2)"),
    "line ends": BASE.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + BASE,
}
OTHER = {
    "a number": BASE.replace("2", "3"),
    "a docstring": BASE.replace("Double", "Treble"),
    "no docstring": BASE.replace('    """Double it."""\n', ""),
    "a name": BASE.replace("x", "y"),
    "order": "print(1)\n" + BASE,
    "an annotation": BASE.replace("f(x)", "f(x: int)"),
    "a kind of number": BASE.replace("f(1)", "f(1.0)"),
    "a decorator": "@staticmethod\n" + BASE,
    "a future import": "from __future__ import annotations\n" + BASE,
}
DOUBT = [
    "import inspect\n",
    "from inspect import getsource\n",
    "import linecache as lines\n",
    "text = open(__file__).read()\n",
    "from pathlib import Path\ntext = Path(__file__).read_text()\n",
    "import hashlib\nkey = hashlib.sha256(open(__file__, 'rb').read())\n",
    "import sys\nwhere = sys._getframe().f_lineno\n",
    "import importlib\nlook = importlib.import_module('inspect')\n",
    "from pathlib import Path\nme = Path(__file__)\ntext = me.read_text()\n",
    "import shutil\nshutil.copy(__file__, 'x')\n",
    "import lib\ntext = open(lib.__file__).read()\n",
    "import sys\ntext = open(sys.argv[0]).read()\n",
    "text = open('src/other.py').read()\n",
    "import traceback\n",
    "from importlib import resources\ntext = resources.read_text('a', 'b')\n",
    "import importlib.resources as data\n",
    "import pkgutil\ntext = pkgutil.get_data('a', 'b')\n",
    "from importlib.util import find_spec\ntext = open(find_spec('lib').origin).read()\n",
    "text = open(globals()['__file__']).read()\n",
    "import lib\ntext = open(getattr(lib, '__file__')).read()\n",
    "import os\ntext = open(os.path.join(os.path.dirname(__file__), os.path.basename(__file__))).read()\n",
    "import logging\nlogging.basicConfig(format='%(lineno)d')\n",
    "import logging\nlogging.exception('x')\n",
    "import logging\nlogging.error('x', exc_info=True)\n",
    "import logging.config as c, json\nc.dictConfig(json.load(open('log.json')))\n",
    "def emit(record):\n    print(record.lineno)\n",
    "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n    pass\n",
    "import warnings\nwarnings.showwarning = print\n",
    "from contextlib import redirect_stderr\n",
    "import sys\nsys.settrace(print)\n",
    "import sys\nscript, *rest = sys.argv\n",
    "import sys\nprint(open(sys.orig_argv[1]).read())\n",
    "import sys\nprint(open(sys._getframe().f_code.co_filename).read())\n",
    "print((lambda: 0).__code__ == (lambda: 0).__code__)\n",
    "help(print)\n",
    "import torch\ntorch.jit.script(print)\n",
    "import subprocess\nsubprocess.run(['git', 'rev-parse', 'HEAD'])\n",
    "import os\nos.system('git describe > version.txt')\n",
    "import os\nos.system('cat src/lib.py | wc -l')\n",
    "text = open('dvc.lock').read()\n",
    "def broken(:\n",
    "x = '\0'\n",
    "x = " + "(" * 5000 + ")" * 5000 + "\n",
]


def of(text: str, path: str = "a.py") -> str | None:
    return meaning(path, text.encode())


@pytest.mark.parametrize("name", SAME)
def test_these_edits_change_nothing(name: str) -> None:
    assert of(SAME[name]) == of(BASE) is not None


@pytest.mark.parametrize("name", OTHER)
def test_these_edits_change_something(name: str) -> None:
    assert of(OTHER[name]) != of(BASE)


@pytest.mark.parametrize("text", DOUBT)
def test_in_doubt_a_file_has_no_meaning_but_its_bytes(text: str) -> None:
    assert of(text) is None
    assert not is_cosmetic({"a.py": text.encode(), "b.py": BASE.encode()})


def is_cosmetic(files: dict[str, bytes]) -> bool:
    """Whether a comment in b.py is cosmetic for a stage with all of these code files."""
    known = {"b.py": {"ran": of(BASE, "b.py")}}
    edited = {**files, "b.py": b"# new\n" + files["b.py"]}
    return is_same("b.py", "ran", edited, known, edited.get)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\n", True),
        ("import os\nprint(os.listdir('data'))\n", True),
        ("from pathlib import Path\nfiles = list(Path('data').glob('*.csv'))\n", True),
        ("import sys\nsys.path.insert(0, 'src')\n", True),
        ("import os\nprint(os.listdir('src'))\n", False),
        ("from pathlib import Path\nfiles = sorted(Path(__file__).parent.rglob('*'))\n", False),
        ("from pathlib import Path\nfiles = sorted(Path().rglob('*'))\n", False),
        ("import os\nprint(os.listdir())\n", False),
        ("import os\nfrom pathlib import Path\nprint(os.listdir(Path('')))\n", False),
        ("import glob\nprint(glob.glob('*'))\n", False),
        ("import glob\nprint(glob.glob('*.csv'), ''.join('ab'))\n", True),
        ("import glob\nprint(glob.glob('src/*'))\n", False),
        ("import glob\nprint(glob.glob('*/b.*'))\n", False),
        ("import tarfile\ntarfile.open('x', 'w').add('src')\n", False),
        ("import os\nprint(os.popen('cat src/lib/*').read())\n", False),
        ("import os, sys\nprint(os.listdir(sys.path[0]))\n", False),
        ("print(open('src/lib/b.p' + 'y').read())\n", False),
        ("import os, sys\nsys.path.insert(0, 'src')\nprint(os.listdir('data'))\n", True),
        ("import glob\nprint(glob.glob('data/*.csv'))\n", True),
        ("from pathlib import Path\nfiles = list(Path('../src/').rglob('*'))\n", False),
        ("import os\nfor place in os.walk('.'):\n    print(place)\n", False),
        ("from pathlib import Path\nfiles = list(Path.cwd().iterdir())\n", False),
    ],
)
def test_a_program_that_lists_a_folder_of_code(text: str, expected: bool) -> None:
    files = {"src/a.py": text.encode(), "src/lib/b.py": BASE.encode()}
    known = {"src/lib/b.py": {"ran": of(BASE)}}
    edited = {**files, "src/lib/b.py": b"# new\n" + BASE.encode()}
    assert is_same("src/lib/b.py", "ran", edited, known, edited.get) is expected


def test_files_that_list_code_together() -> None:
    """One names the folder, another lists what it is given."""
    files = {
        "src/a.py": b"import b\nb.names('src')\n",
        "src/b.py": b"import os\ndef names(x):\n    return os.listdir(x)\n",
    }
    for path in files:
        edited = {**files, path: b"# new\n" + files[path]}
        known = {path: {"ran": meaning(path, files[path])}}
        assert known[path]["ran"] is not None
        assert not is_same(path, "ran", edited, known, edited.get)


def test_a_code_file_named_by_params() -> None:
    files = {"b.py": BASE.encode(), "params.yaml": b"source: src/b.py\n"}
    known = {"b.py": {"ran": of(BASE)}}
    assert not is_same("b.py", "ran", ["b.py"], known, files.get)
    assert is_same("b.py", "ran", ["b.py"], known, {**files, "params.yaml": b"depth: 3\n"}.get)


def test_uses_of_arguments_that_are_no_doubt() -> None:
    assert of("import sys\nif len(sys.argv) > 2:\n    print(sys.argv[1], sys.argv[2:])\n") is not None
    assert of('"""Run it by `python train.py`."""\n') is not None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%matplotlib inline\nx = 1", True),
        ("%load_ext autoreload\n%autoreload 2\nx = 1", True),
        ("!cat src/*", False),
        ("%run src/one", False),
        ("names = !ls src", False),
        ("import inspect", False),
        ("import os\nos.listdir()", False),
        ("import subprocess\nsubprocess.run(['git', 'status'])", False),
    ],
)
def test_a_cell_that_may_read_code(cell: str, expected: bool) -> None:
    content = notebook(cell1={"source": cell})
    files = {"n.ipynb": content.encode(), "src/b.py": BASE.encode()}
    edited = {**files, "src/b.py": b"# new\n" + BASE.encode()}
    known = {"src/b.py": {"ran": of(BASE)}}
    assert is_same("src/b.py", "ran", edited, known, edited.get) is expected


def test_a_path_made_from_the_file_is_no_doubt() -> None:
    assert of("from pathlib import Path\nROOT = Path(__file__).parent / 'data'\n") is not None


def test_what_cannot_be_compared_has_no_meaning() -> None:
    assert of("x <- 1", "a.R") is None
    assert of("#" * (MAX_BYTES + 1)) is None
    assert is_cosmetic({"b.py": BASE.encode()})
    assert not is_cosmetic({"a.R": b"x", "b.py": BASE.encode()})


def notebook(**changes: Any) -> str:
    cells = [
        {"cell_type": "markdown", "source": ["# Title"], "metadata": {}},
        {"cell_type": "code", "source": ["a = 1\n", "b = 2"], "metadata": {}, "outputs": [], "execution_count": None},
        {"cell_type": "code", "source": "lr = 1", "metadata": {"tags": ["parameters"]}, "outputs": []},
    ]
    for key, value in changes.items():
        cells[int(key[-1])] = {**cells[int(key[-1])], **value}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4})


@pytest.mark.parametrize(
    ("changed", "code", "prose"),
    [
        (notebook(cell1={"outputs": [{"text": "1"}], "execution_count": 3}), True, True),
        (notebook(cell1={"source": "a = 1\nb = 2"}), True, True),
        (notebook(cell0={"source": "# Other"}), True, False),
        (notebook(cell1={"source": "a = 2"}), False, False),
        (notebook(cell2={"metadata": {}}), False, False),
        (notebook().replace("python3", "ir"), False, False),
        ("{", False, False),
        ('{"cells": [1]}', False, False),
    ],
)
def test_a_notebook_means_its_code_cells(changed: str, code: bool, prose: bool) -> None:
    before = notebook().encode()
    for wanted, with_prose in ((code, False), (prose, True)):
        same = meaning("n.ipynb", changed.encode(), with_prose) == meaning("n.ipynb", before, with_prose)
        assert same is wanted


SOURCES = sorted(Path(__file__).parent.glob("test_*.py"))


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(SOURCES), st.data())
def test_a_comment_anywhere_between_statements_changes_nothing(path: Path, data: st.DataObject) -> None:
    text = path.read_text("utf-8")
    body = ast.parse(text).body
    before = body[data.draw(st.integers(0, len(body) - 1))]
    first = min([before.lineno, *(node.lineno for node in getattr(before, "decorator_list", []))])
    lines = text.splitlines(keepends=True)
    edited = "".join([*lines[: first - 1], "# a comment\n\n", *lines[first - 1 :]])
    assert of(edited) == of(text)
