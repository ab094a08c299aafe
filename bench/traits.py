"""What the code of a generated stage may do with itself: functions `extra() -> str` whose value goes into the output.

The plain ones depend on what code does. The others depend on its text: they read it, list its folder, or ask for a line number.
"""

from __future__ import annotations

PLAIN = {
    "a docstring": 'def extra():\n    """Say it."""\n    return extra.__doc__\n',
    "a debug field": 'def extra():\n    rate = 3\n    return f"{rate=}"\n',
    "a query": 'QUERY = """\nselect a -- first\nfrom b\n  where c\n"""\n\n\ndef extra():\n    return QUERY\n',
    "annotations": 'def extra(first: int = 1, second: "str" = "x"):\n    return str(extra.__annotations__)\n',
    "locals": "def extra():\n    alpha, omega = 1, 2\n    return str(sorted(locals().items()))\n",
    "a data class": "from dataclasses import dataclass\n\n\n@dataclass\nclass Point:\n    left: int = 1\n    right: int = 2\n\n\n"
    "def extra():\n    return repr(Point())\n",
    "order": "KNOWN = []\nKNOWN.append('a')\nKNOWN.append('b')\n\n\ndef extra():\n"
    "    return str(KNOWN) + str({'x': 1, 'a': 2})\n",
    "letters": 'def extra():\n    return "caf\u00e9 #1"\n',
    "an error": "def extra():\n    try:\n        return str(1 // 0)\n    except ZeroDivisionError as error:\n"
    "        return repr(error)\n",
    "a loop": "def extra():\n    total = 0\n    for number in range(9):\n        if number % 2:\n            total += number\n"
    "            total *= 2\n    return str(total)\n",
    "a pickle": "import pickle\n\n\nclass Model:\n    weight = 1\n\n\ndef extra():\n    return pickle.dumps(Model).hex()\n",
    "data files": "import glob\nimport os\n\n\ndef extra():\n"
    '    return str(sorted(os.listdir("raw"))) + str(sorted(glob.glob("raw/*.txt")))\n',
}


def _reads(path: str, head: str = "") -> str:
    return f"{head}\n\ndef extra():\n    return open({path}).read()\n"


READING = {
    "its own file": _reads("__file__"),
    "its own file by a spec": _reads('globals()["__file__"]'),
    "another file": _reads('"src/common.py"'),
    "a path in two parts": _reads('"src/common" + ".py"'),
    "a path in parts": _reads('"src/common.p" + "y"'),
    "a name in params": _reads('json.load(open("params.json"))["source"]', "import json"),
    "a module's file": _reads("common.__file__", "import common"),
    "a loaded module's file": _reads('sys.modules["common"].__file__', "import sys"),
    "the program": _reads("sys.argv[0]", "import sys"),
    "the program, unpacked": "import sys\n\nPROGRAM, *REST = sys.argv\n" + _reads("PROGRAM"),
    "the program, by argv": _reads("argv[0]", "from sys import argv"),
    "the program, as Python got it": _reads("sys.orig_argv[1]", "import sys"),
    "the main module": _reads("__main__.__file__", "import __main__"),
    "the file of a frame": _reads("sys._getframe().f_code.co_filename", "import sys"),
    "source": "import inspect\n\n\ndef extra():\n    return inspect.getsource(extra)\n",
    "source, from inspect": "from inspect import getsource as text\n\n\ndef extra():\n    return text(extra)\n",
    "linecache": "import linecache\n\n\ndef extra():\n    return linecache.getline('src/common.py', 1)\n",
    "help": "import contextlib\nimport io\n\n\n# What it says.\ndef extra():\n    with contextlib.redirect_stdout(io.StringIO()) as text:\n"
    "        help(extra)\n    return text.getvalue()\n",
    "a line number": "import sys\n\n\ndef extra():\n    return str(sys._getframe().f_lineno)\n",
    "a first line": "def extra():\n    return str(extra.__code__.co_firstlineno)\n",
    "equal code": "def extra():\n    return str((lambda: 0).__code__ == (lambda: 0).__code__)\n",
    "marshal": "import marshal\n\n\ndef extra():\n    return marshal.dumps(extra.__code__).hex()\n",
    "a traced run": "import sys\n\n\ndef extra():\n    events = []\n\n    def trace(frame, event, value):\n"
    "        events.append(event)\n        return trace\n\n    def inner():\n        first = 1\n        return first\n\n"
    "    sys.settrace(trace)\n    inner()\n    sys.settrace(None)\n    return str(events)\n",
    "a log with lines": "import io\nimport logging\n\n\ndef extra():\n    text = io.StringIO()\n    handler = logging.StreamHandler(text)\n"
    '    handler.setFormatter(logging.Formatter("%(lineno)d"))\n    log = logging.getLogger("a")\n    log.addHandler(handler)\n'
    '    log.error("x")\n    return text.getvalue()\n',
    "a log record": "import logging\n\n\nclass Keep(logging.Handler):\n    def emit(self, record):\n        self.kept = record.lineno\n\n\n"
    'def extra():\n    handler = Keep()\n    log = logging.getLogger("b")\n    log.addHandler(handler)\n    log.error("x")\n'
    "    return str(handler.kept)\n",
    "a logged exception": "import io\nimport logging\n\n\ndef extra():\n    text = io.StringIO()\n    log = logging.getLogger('c')\n"
    "    log.addHandler(logging.StreamHandler(text))\n    try:\n        1 / 0\n    except ZeroDivisionError:\n"
    '        log.exception("x")\n    return text.getvalue()\n',
    "a logged stack": "import io\nimport logging\n\n\ndef extra():\n    text = io.StringIO()\n    log = logging.getLogger('d')\n"
    '    log.addHandler(logging.StreamHandler(text))\n    log.error("x", stack_info=True)\n    return text.getvalue()\n',
    "a configured log": "import json\nimport logging.config\n\n\ndef extra():\n    logging.config.dictConfig(json.load(open('raw/log.json')))\n"
    "    logging.getLogger('e').error('x')\n    for handler in logging.getLogger('e').handlers:\n        handler.close()\n"
    "    text = open('raw/../.log').read()\n    open('raw/../.log', 'w').close()\n    return text\n",
    "a traceback": "import traceback\n\n\ndef extra():\n    try:\n        return str(1 / 0)\n    except ZeroDivisionError:\n"
    "        return traceback.format_exc()\n",
    "a traceback's line": "def extra():\n    try:\n        return str(1 / 0)\n    except ZeroDivisionError as error:\n"
    "        return str(error.__traceback__.tb_lineno)\n",
    "a warning's line": "import warnings\n\n\ndef extra():\n    with warnings.catch_warnings(record=True) as caught:\n"
    '        warnings.simplefilter("always")\n        warnings.warn("x")\n    return str(caught[0].lineno)\n',
    "a warning once a line": "import warnings\n\n\ndef extra():\n    with warnings.catch_warnings(record=True) as caught:\n"
    '        warnings.simplefilter("default")\n        warnings.warn("x")\n        warnings.warn("x")\n    return str(len(caught))\n',
    "a warning on stderr": "import contextlib\nimport io\nimport warnings\n\n\ndef extra():\n"
    "    with contextlib.redirect_stderr(io.StringIO()) as text:\n"
    '        warnings.warn("x")\n    return text.getvalue()\n',
    "a shown warning": "import warnings\n\nSHOWN = []\nwarnings.showwarning = lambda *words: SHOWN.append(words[3])\n\n\ndef extra():\n"
    '    warnings.warn("x")\n    return str(SHOWN)\n',
    "a folder of code": 'import os\n\n\ndef extra():\n    return "".join(open(f"src/{name}").read() for name in sorted(os.listdir("src"))'
    ' if "." in name)\n',
    "a pattern": 'import glob\n\n\ndef extra():\n    return "".join(open(name).read() for name in sorted(glob.glob("src/c*.p?")))\n',
    "a pattern from here": 'import glob\n\n\ndef extra():\n    names = sorted(glob.glob("*/co*"))\n'
    '    return "".join(open(name).read() for name in names)\n',
    "all files": "from pathlib import Path\n\n\ndef extra():\n"
    '    return "".join(path.read_text() for path in sorted(Path().rglob("co*n.*")) if path.suffix == chr(46) + "py")\n',
    "a walk": "import os\n\n\ndef extra():\n    return str([os.path.getsize(os.path.join(place, name))"
    " for place, _, names in os.walk(os.curdir) for name in sorted(names) if name.startswith('common.p')])\n",
    "its folder": "import os\nimport sys\n\n\ndef extra():\n    place = sys.path[0]\n"
    "    return str([os.path.getsize(os.path.join(place, name)) for name in sorted(os.listdir(place)) if 'common' in name])\n",
    "an archive": 'import io\nimport tarfile\n\n\ndef extra():\n    with tarfile.open(fileobj=io.BytesIO(), mode="w") as archive:\n'
    '        archive.add("src")\n        return str([item.size for item in archive.getmembers() if "common" in item.name])\n',
    "a shell": 'import subprocess\n\n\ndef extra():\n    return subprocess.check_output("cat src/com*", shell=True, text=True)\n',
    "a program of the shell": "import subprocess\n\n\ndef extra():\n"
    '    return subprocess.run(["tail", "-n1", "src/common.py"], capture_output=True, text=True).stdout\n',
    "a pipe": 'import os\n\n\ndef extra():\n    return os.popen("wc -c < src/common.py").read()\n',
    "Git": 'import subprocess\n\n\ndef extra():\n    words = ["git", "diff", "--stat", "--", "src"]\n'
    "    return subprocess.run(words, capture_output=True, text=True).stdout\n",
    "bytecode": "import importlib.util\n\nimport common\n\n\ndef extra():\n"
    "    return str(len(common.__loader__.get_code('common').co_linetable))\n",
    "pkgutil": 'import pkgutil\n\n\ndef extra():\n    return pkgutil.get_loader("common").get_source("common")\n',
    "tokenize": 'import tokenize\n\n\ndef extra():\n    return tokenize.open("src/common.py").read()\n',
    "a profile": "import tracemalloc\n\n\ndef extra():\n    tracemalloc.start()\n    kept = [bytes(9000)]\n"
    "    found = tracemalloc.take_snapshot().statistics('lineno')\n    tracemalloc.stop()\n"
    "    return str(sorted(item.traceback[0].lineno for item in found if item.size > 8000 and kept))\n",
}
"""By what they read."""

SPLIT = {
    "a folder, listed elsewhere": (
        'import files\n\n\ndef extra():\n    return files.sizes("src")\n',
        'import os\n\n\ndef sizes(folder):\n    return str([os.path.getsize(f"{folder}/{name}")'
        " for name in sorted(os.listdir(folder)) if 'common.' in name])\n",
    ),
    "a path, opened elsewhere": (
        'import files\n\n\ndef extra():\n    return files.text("src/common")\n',
        "def text(stem):\n    return open(stem + chr(46) + 'p' + 'y').read()\n",
    ),
    "its line, asked for elsewhere": (
        "import files\n\n\ndef extra():\n    return files.where()\n",
        "import sys\n\n\ndef where():\n    return str(sys._getframe(1).f_lineno)\n",
    ),
    "its text, read elsewhere": (
        "import common\nimport files\n\n\ndef extra():\n    return files.text(common)\n",
        "import inspect\n\n\ndef text(module):\n    return inspect.getsource(module)\n",
    ),
}
"""Code in two files, of which each alone does nothing of the kind."""
