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
from collections.abc import Callable, Collection, Mapping
from typing import Any

MAX_BYTES = 4 * 2**20
"""Larger files count as changed: code that people edit is smaller."""

_MODULES = frozenset(
    "inspect linecache tokenize dis dill cloudpickle marshal traceback pydoc profile cProfile loguru sacred pkgutil"
    " importlib_resources importlib.resources".split()
)
"""Modules by which a program may read source text, or keep line numbers."""
_NAMES = frozenset(
    {"f_lineno", "tb_lineno", "co_firstlineno", "co_lines", "co_positions", "getsource", "getsourcelines", "get_source"}
)
"""Attributes that depend on where in a file something stands."""
_OWN_PATH = frozenset({"__file__", "__loader__", "__spec__", "find_spec"})
_FOLDERS = frozenset({"parent", "parents", "dirname"})
"""What makes a folder of the path of a file."""
_HERE = frozenset({"cwd", "getcwd"})
_LISTS = frozenset({"glob", "iglob", "rglob", "walk", "iterdir", "listdir", "scandir", "copytree", "make_archive"})
"""What reads the files of a folder, whose names need not stand in the program."""
_TEXTS = (".py", ".ipynb")
_READS_CODE = re.compile(rf"\b(?:{'|'.join(sorted(_MODULES | _NAMES))})\b|__file__|\.py\b|\.ipynb\b")
"""What in a code cell may read the text of code; `%run x.py` too, which is a doubt here."""


def meaning(path: str, content: bytes, prose: bool = False, folders: Collection[str] = ()) -> str | None:
    """The digest of a code file, or None where only its bytes can tell: among others, where it may list one of ``folders``."""
    if len(content) > MAX_BYTES:
        return None
    if path.endswith(".py"):
        return _python(content, folders)
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
    folders = {posixpath.basename(posixpath.dirname(file)) for file in files} | {".", ".."}
    digests = {}
    for file in files:
        content = read(file)
        digests[file] = None if content is None else meaning(file, content, prose=True, folders=folders)
    return None not in digests.values() and digests.get(path) == before


def _python(content: bytes, folders: Collection[str]) -> str | None:
    try:
        tree = ast.parse(content)
        dumped = ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if _may_read_code(tree, folders):
        return None
    version = ".".join(map(str, sys.version_info[:2]))  # another version may print the same tree in another way
    return f"py{version}:" + hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()


def _looks_at_source(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(_is_module(alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        inner = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        return any(map(_is_module, inner)) or any(alias.name in _NAMES for alias in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr in _NAMES
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return node.value in _MODULES | _NAMES | _OWN_PATH or node.value.endswith(_TEXTS) or "lineno" in node.value


def _is_module(name: str) -> bool:
    return name.partition(".")[0] in _MODULES or ".".join(name.split(".")[:2]) in _MODULES


def _may_read_code(tree: ast.AST, folders: Collection[str]) -> bool:
    """Whether a program may depend on the text of code: it uses `inspect` and the like, its own path, or that of a code file."""
    waiting, knows_place, lists_folders = [tree], False, False
    while waiting:
        node = waiting.pop()
        if _looks_at_source(node):
            return True
        name = _name(node.func if isinstance(node, ast.Call) else node)
        lists_folders = lists_folders or name in _LISTS
        if name in _FOLDERS and any(map(_is_own_path, ast.walk(node))):
            knows_place = True  # `Path(__file__).parent` is a folder
        elif _is_own_path(node):
            return True
        else:
            is_folder = isinstance(node, ast.Constant) and _ends_in(node.value, folders)
            knows_place = knows_place or name in _HERE or is_folder
            waiting += ast.iter_child_nodes(node)
    return knows_place and lists_folders


def _is_own_path(node: ast.AST) -> bool:
    """Whether an expression is the path of the program or of a module: `__file__`, `module.__file__`, `sys.argv[0]`."""
    if isinstance(node, ast.Subscript):
        return _name(node.value) == "argv" and isinstance(node.slice, ast.Constant) and node.slice.value == 0
    return _name(node) in _OWN_PATH


def _ends_in(value: object, folders: Collection[str]) -> bool:
    """Whether a text is the path of one of the folders, which are given by their last part."""
    return isinstance(value, str) and value != "" and posixpath.basename(posixpath.normpath(value)) in folders


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _notebook(content: bytes, prose: bool) -> str | None:
    try:
        notebook = json.loads(content)
        cells = [_cell(cell, prose) for cell in notebook["cells"]]
        if any(cell[0] == "code" and _READS_CODE.search(cell[1]) for cell in cells):
            return None
        kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
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
