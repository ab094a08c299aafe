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
import sys
from typing import Any

MAX_BYTES = 4 * 2**20
"""Larger files count as changed: code that people edit is smaller."""

_MODULES = frozenset({"inspect", "linecache", "tokenize", "dis", "dill", "cloudpickle"})
"""Modules by which a program may read source text, or pickle line numbers."""
_NAMES = frozenset(
    {"f_lineno", "tb_lineno", "co_firstlineno", "co_lines", "co_positions", "getsource", "getsourcelines", "get_source"}
)
"""Attributes that depend on where in a file something stands."""
_READS = frozenset({"open", "read", "read_text", "read_bytes", "readlines", "get_data", "hash", "sha256", "md5"})


def meaning(path: str, content: bytes, prose: bool = False) -> str | None:
    """The digest of a code file, or None where only its bytes can tell."""
    if len(content) > MAX_BYTES:
        return None
    if path.endswith(".py"):
        return _python(content)
    if path.endswith(".ipynb"):
        return _notebook(content, prose)
    return None


def reads_source(path: str, content: bytes) -> bool:
    """Whether a Python program may depend on the text of code: its own, or that of a module it imports."""
    if not path.endswith(".py"):
        return False
    if len(content) > MAX_BYTES:
        return True
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(map(_looks_at_source, ast.walk(tree)))


def _python(content: bytes) -> str | None:
    try:
        tree = ast.parse(content)
        dumped = ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if any(map(_looks_at_source, ast.walk(tree))):
        return None
    version = ".".join(map(str, sys.version_info[:2]))  # another version may print the same tree in another way
    return f"py{version}:" + hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()


def _looks_at_source(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in _MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] in _MODULES or any(alias.name in _NAMES for alias in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr in _NAMES
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value in _MODULES | _NAMES  # for import_module and getattr
    return isinstance(node, ast.Call) and _name(node.func) in _READS and _mentions_file(node)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _mentions_file(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == "__file__" for inner in ast.walk(node))


def _notebook(content: bytes, prose: bool) -> str | None:
    try:
        notebook = json.loads(content)
        cells = [_cell(cell) for cell in notebook["cells"]]
        kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    kept = [cell for cell in cells if prose or cell[0] == "code"]
    text = json.dumps([notebook.get("nbformat"), kernel, kept], sort_keys=True)
    return ("text:" if prose else "code:") + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _cell(cell: dict[str, Any]) -> list[Any]:
    """Kind, source and tags of a cell; tags say which one papermill replaces."""
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return [cell["cell_type"], text, sorted(cell.get("metadata", {}).get("tags", []))]
