# Made by mlopsc: tells edits of code that change what it does from those that do not. It needs Python alone.
"""The meaning of a code file as a digest: equal for two contents that differ in comments, layout or saved outputs only.

In doubt there is no digest, so that the file counts as changed. Python: the syntax tree, docstrings included, as this version
of Python prints it. Notebooks: the code cells, in order, with the kernel and what parameters are injected into; with ``prose``
the other cells too, for a stage that keeps the executed notebook.
"""

from __future__ import annotations

import ast
import hashlib
import json
import posixpath
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from typing import Any

MAX_BYTES = 4 * 2**20
"""Larger files count as changed: code that people edit is smaller."""

_MODULES = frozenset(
    "inspect linecache tokenize dis dill cloudpickle marshal traceback pydoc profile cProfile loguru sacred pkgutil"
    " importlib_resources importlib.resources tracemalloc trace faulthandler cgitb bdb pdb doctest symtable py_compile"
    " compileall zipapp setuptools distutils coverage line_profiler memory_profiler icecream executing git pygit2 dulwich"
    " rich.console rich.logging rich.traceback torch.jit torch.fx torch.onnx torch.export torch.package".split()
)
"""Modules by which a program may read source text, keep line numbers, or ask Git what was edited."""
_NAMES = frozenset(
    "f_lineno tb_lineno lineno co_firstlineno co_lines co_positions co_linetable co_filename __code__ f_code getsource"
    " getsourcelines get_source get_code findCaller settrace setprofile orig_argv __cached__ exception dictConfig fileConfig"
    " catch_warnings showwarning formatwarning captureWarnings redirect_stderr Lambda Memory".split()
)
"""Names that depend on where in a file something stands: of frames, code, logs and warnings; `Lambda` of Keras, `Memory` of joblib."""
_KEYWORDS = frozenset({"exc_info", "stack_info"})
"""Arguments by which a log gets line numbers."""
_GETS = frozenset({"getattr", "attrgetter", "import_module", "__import__"})
_OWN_PATH = frozenset({"__file__", "__loader__", "__spec__", "find_spec"})
_FOLDERS = frozenset({"parent", "parents", "dirname"})
"""What makes a folder of the path of a file."""
_HERE = frozenset({"cwd", "getcwd", "curdir", "pardir", "PWD", "get_original_cwd"})
_LISTS = frozenset(
    "glob iglob rglob walk fwalk iterdir listdir scandir copytree copy_tree make_archive tarfile PyZipFile subprocess Popen"
    " popen system check_output".split()
)
"""What reads the files of a folder, whose names need not stand in the program."""
_SHELL = frozenset({"subprocess", "Popen", "popen", "system", "check_output"})
_GIT = re.compile(r"git\s.*|dvc\.lock|(?:.*/)?\.git(?:/.*)?", re.DOTALL)
"""Texts by which a program asks Git or DVC for the version of its code."""
_PARAMS = ("params.yaml", "params.json", "params.toml")
"""Where a program may find the name of a code file that it reads."""
_TEXTS = (".py", ".ipynb")
_CODE_FILE = re.compile(r"\.(?:py|ipynb)\b")
_MAGIC = re.compile(r"^%(?:(?:matplotlib|load_ext|autoreload|config)\b.*|%(?:time|capture))$", re.MULTILINE)
"""What a code cell may begin with or contain that is no Python and reads no code. Another magic, or `!`, is a doubt."""


def meaning(path: str, content: bytes, prose: bool = False) -> str | None:
    """The digest of a code file, or None where only its bytes can tell."""
    if len(content) > MAX_BYTES:
        return None
    if path.endswith(".py"):
        return _python(content)
    if path.endswith(".ipynb"):
        return _notebook(content, prose)
    return None


def is_same(
    path: str,
    version: str,
    files: Collection[str],
    known: Mapping[str, Any],
    read: Callable[[str], bytes | None],
) -> bool:
    """Whether a code file still means what its ``version`` meant, the MD5 of the bytes that its stage ran with.

    ``files`` is all code of the stage: if any of it may read the text of code, every edit counts. ``known`` holds the digest of
    each version by path, as .mlops/code.json does.
    """
    versions = known.get(path)
    before = versions.get(version) if isinstance(versions, dict) else None
    if before is None:
        return False
    digests = {}
    for file in files:
        content = read(file)
        digests[file] = None if content is None else meaning(file, content, prose=True)
    if None in digests.values() or digests.get(path) != before:
        return False
    if any(_CODE_FILE.search((read(file) or b"").decode("utf-8", "replace")) for file in _PARAMS):
        return False
    return not _may_list_code([_uses(file, read(file) or b"") for file in files], files)


def _programs(path: str, content: bytes) -> list[ast.Module]:
    """The syntax trees of a code file: one, or one for each code cell. Raises SyntaxError, ValueError and the like."""
    if path.endswith(".py"):
        return [ast.parse(content)]
    cells = [_cell(cell, prose=False) for cell in json.loads(content)["cells"]]
    return [ast.parse(_MAGIC.sub("", cell[1])) for cell in cells if cell[0] == "code"]


@lru_cache(4096)  # many stages load the same files
def _python(content: bytes) -> str | None:
    try:
        tree = ast.parse(content)
        dumped = ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if _may_read_code(tree):
        return None
    version = ".".join(map(str, sys.version_info[:2]))  # another version may print the same tree in another way
    return f"py{version}:" + hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()


def _looks_at_source(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(_is_module(alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        inner = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        return any(map(_is_module, inner)) or any(alias.name in _NAMES for alias in node.names) or "sys.argv" in inner
    if isinstance(node, ast.Attribute):
        return node.attr in _NAMES or f"{_name(node.value)}.{node.attr}" in _MODULES
    if isinstance(node, ast.keyword):
        return node.arg in _KEYWORDS
    if isinstance(node, ast.Call):
        named = _texts(node.args) if _name(node.func) in _GETS else []
        return _name(node.func) == "help" or any(text in _NAMES or _is_module(text) for text in named)
    if isinstance(node, (ast.List, ast.Tuple)):
        return _texts(node.elts[:1]) == ["git"]
    texts = _texts([node])
    return any(
        text in _OWN_PATH or "lineno" in text or _CODE_FILE.search(text) or _GIT.fullmatch(text) for text in texts
    )


def _texts(nodes: Iterable[ast.AST]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _is_module(name: str) -> bool:
    return name.partition(".")[0] in _MODULES or ".".join(name.split(".")[:2]) in _MODULES


def _may_read_code(tree: ast.AST) -> bool:
    """Whether a program may depend on the text of code: it uses `inspect` and the like, its own path, or that of a code file."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if _looks_at_source(node):
            return True
        if _is_folder(node):
            continue  # `Path(__file__).parent` is a folder
        if _is_own_path(node):
            return True
        waiting += [
            child for child in ast.iter_child_nodes(node) if not _is_prose(child) and not _is_harmless(node, child)
        ]
    return False


@dataclass(frozen=True)
class _Uses:
    """How a file may reach files by folders: whether it lists some, starts a shell, knows its place; and all its texts."""

    lists: bool
    starts_shell: bool
    knows_place: bool
    texts: frozenset[str]


@lru_cache(4096)
def _uses(path: str, content: bytes) -> _Uses:
    nodes = [node for program in _programs(path, content) for node in ast.walk(program)]
    names = {_listed(node) for node in nodes}
    harmless = {node for call in nodes if _extends_path(call) for node in ast.walk(call)}
    texts = frozenset(_texts(node for node in nodes if node not in harmless))
    places = any(_is_here(node) or _is_folder(node) for node in nodes)
    return _Uses(bool(names & _LISTS), bool(names & _SHELL), places, texts)


def _may_list_code(uses: Collection[_Uses], files: Collection[str]) -> bool:
    """Whether files, taken together, may read code whose name does not stand in them: by a folder, or by part of a path."""
    texts = frozenset().union(*(use.texts for use in uses))
    if any(_begins(text, files) for text in texts):
        return True
    is_shell = any(use.starts_shell for use in uses)
    knows_place = any(use.knows_place for use in uses) or any(_leads_to(text, files, is_shell) for text in texts)
    return knows_place and any(use.lists for use in uses)


def _is_prose(node: ast.AST) -> bool:
    """Whether a statement is only a text, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_folder(node: ast.AST) -> bool:
    name = _name(node.func if isinstance(node, ast.Call) else node)
    return name in _FOLDERS and any(map(_is_own_path, ast.walk(node)))


def _is_here(node: ast.AST) -> bool:
    """Whether an expression is the working directory, or the folder of the program: `Path()`, `listdir()`, `sys.path[0]`."""
    if isinstance(node, ast.Call):
        return _name(node.func) in _HERE | {"Path", "listdir", "scandir"} and _texts(node.args) == [
            "" for _ in node.args
        ]
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "path" and _name(node.value.value) == "sys"
    return _name(node) in _HERE or (isinstance(node, ast.Constant) and node.value == "PWD")


def _extends_path(node: ast.AST) -> bool:
    """Whether an expression is `sys.path.insert(...)` or `sys.path.append(...)`, which reads no file."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and _name(node.func.value) == "path"
        and node.func.attr in ("insert", "append", "extend")
    )


def _listed(node: ast.AST) -> str:
    """The function or module that an expression or an import names."""
    if isinstance(node, ast.alias):
        return node.name.partition(".")[0]
    return _name(node.func if isinstance(node, ast.Call) else node)


def _leads_to(text: str, files: Collection[str], is_shell: bool) -> bool:
    """Whether a text is a path or a pattern in a folder of code, or a pattern that matches code wherever it is used."""
    folders = {part for file in files for part in posixpath.dirname(file).split("/") if part} | {".", ".."}
    words = {part for word in (text.split() if is_shell else [text]) for part in word.split("/")}
    first, last = text.partition("/")[0], text.rpartition("/")[2]
    is_pattern = any(sign in first for sign in "*?[")
    return bool(words & folders) or (is_pattern and any(fnmatch(posixpath.basename(file), last) for file in files))


def _begins(text: str, files: Collection[str]) -> bool:
    """Whether a text is the beginning of the path of a code file, and more than a folder."""
    path = posixpath.normpath(text) if text else ""
    return "/" in path and any(file.startswith(path) and not file.startswith(f"{path}/") for file in files)


def _is_harmless(parent: ast.AST, node: ast.AST) -> bool:
    """Whether a use of `argv` leaves out the path of the program: `argv[1]`, `argv[1:]`, `len(argv)`."""
    if not _is_argv(node):
        return False
    if isinstance(parent, ast.Call):
        return _name(parent.func) == "len"
    if not isinstance(parent, ast.Subscript):
        return False
    index = parent.slice.lower if isinstance(parent.slice, ast.Slice) else parent.slice
    return isinstance(index, ast.Constant) and isinstance(index.value, int) and index.value > 0


def _is_own_path(node: ast.AST) -> bool:
    """Whether an expression is the path of the program or of a module, or holds it: `__file__`, `module.__file__`, `sys.argv`."""
    return _name(node) in _OWN_PATH or _is_argv(node)


def _is_argv(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "argv"


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _notebook(content: bytes, prose: bool) -> str | None:
    try:
        notebook = json.loads(content)
        cells = [_cell(cell, prose) for cell in notebook["cells"]]
        if any(map(_may_read_code, _programs(".ipynb", content))):
            return None
        kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name")
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        return None
    kept = [cell for cell in cells if prose or cell[0] == "code"]
    text = json.dumps([notebook.get("nbformat"), kernel, kept], sort_keys=True)
    return ("text:" if prose else "code:") + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _cell(cell: dict[str, Any], prose: bool) -> list[Any]:
    """Kind, source and tags of a cell; tags say which one papermill replaces. With ``prose`` all of its metadata."""
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    metadata = cell.get("metadata", {})
    return [cell["cell_type"], text, metadata if prose else sorted(metadata.get("tags", []))]
