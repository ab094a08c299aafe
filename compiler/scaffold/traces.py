"""Find the files that a script reads and writes: literal paths in calls that read or write.

This is a guess: names are followed within the module, but not through functions, arguments or f-strings.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
from dataclasses import dataclass, field

from ..model.snapshot import inside

READS = frozenset(
    """
    read_csv read_parquet read_json read_excel read_table read_pickle read_feather read_text read_bytes read_fwf
    load loadtxt genfromtxt imread scan_csv scan_parquet
    """.split()
)
WRITES = frozenset(
    """
    to_csv to_parquet to_json to_excel to_pickle to_feather write_text write_bytes write_csv write_parquet
    dump save savez savez_compressed savetxt savefig imwrite save_model save_pretrained
    """.split()
)
"""Functions and methods of common libraries that take a path, by the last part of their name."""

_SHELL_WRITE = re.compile(r"(?<![0-9&])>>?\s*['\"]?([\w./-]+)")
_R_READ = re.compile(r"(?:read[._]\w+|readRDS|fread)\(\s*[\"']([^\"']+)")
_R_WRITE = re.compile(r"(?:write[._]\w+|saveRDS|fwrite|ggsave)\([^\"']*[\"']([^\"']+)")


@dataclass(slots=True)
class Traces:
    """The paths that are read and written, each with its line."""

    reads: dict[str, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)


def traces(name: str, text: str) -> Traces:
    """The files that the script ``name`` reads and writes; none if it cannot be parsed."""
    files = Traces()
    if name.endswith(".ipynb"):
        text = _cells(text)
    if name.endswith((".py", ".ipynb")):
        try:
            _Python(files).visit(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError):
            return Traces()
    elif name.endswith((".R", ".r")):
        _scan(text, _R_READ, files.reads)
        _scan(text, _R_WRITE, files.writes)
    elif name.endswith(".sh"):
        _scan(text, _SHELL_WRITE, files.writes)
    for path in files.writes:
        files.reads.pop(path, None)
    return files


def _cells(text: str) -> str:
    """The code of a notebook, with an empty line for each magic."""
    try:
        cells = json.loads(text)["cells"]
        lines = [line for cell in cells if cell["cell_type"] == "code" for line in "".join(cell["source"]).splitlines()]
    except (ValueError, KeyError, TypeError):
        return ""
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def _scan(text: str, pattern: re.Pattern[str], into: dict[str, int]) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        for path in pattern.findall(line):
            _note(into, path, number)


def _note(into: dict[str, int], path: str | None, line: int) -> None:
    if path and inside(path) and "://" not in path and "/" in path and not path.endswith("/.."):
        into.setdefault(posixpath.normpath(path), line)


class _Python(ast.NodeVisitor):
    """Evaluates paths made of literals, names bound to them, `Path(...)`, `/` and `os.path.join`."""

    def __init__(self, files: Traces) -> None:
        self.files = files
        self.names: dict[str, str | None] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        pairs: list[tuple[ast.expr, ast.expr]] = []
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs += zip(target.elts, node.value.elts, strict=False)
            else:
                pairs.append((target, node.value))
        for left, value in pairs:
            if isinstance(left, ast.Name):
                self.names[left.id] = self._path(value)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "open":
            self._opened(node)
        for names, into in ((READS, self.files.reads), (WRITES, self.files.writes)):
            if name in names:
                arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
                if name.endswith(("_text", "_bytes")) and isinstance(node.func, ast.Attribute):
                    arguments = [node.func.value]
                for argument in arguments:
                    _note(into, self._path(argument), node.lineno)

    def _opened(self, node: ast.Call) -> None:
        arguments = list(node.args)
        path = arguments.pop(0) if isinstance(node.func, ast.Name) and arguments else getattr(node.func, "value", None)
        arguments += [keyword.value for keyword in node.keywords if keyword.arg == "mode"]
        modes = (item.value for item in arguments if isinstance(item, ast.Constant))
        mode = next((value for value in modes if isinstance(value, str)), "r")
        if path is not None:
            _note(self.files.writes if set(mode) & set("wax") else self.files.reads, self._path(path), node.lineno)

    def _path(self, node: ast.expr) -> str | None:
        """The path that an expression evaluates to, if it is made of literals."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._joined([node.left, node.right])
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("Path", "PurePath", "join") and node.args:
                return self._joined(node.args)
            if name in ("open", "str") and node.args and isinstance(node.func, ast.Name):
                return self._path(node.args[0])
        return None

    def _joined(self, parts: list[ast.expr]) -> str | None:
        paths = [self._path(part) for part in parts]
        return None if None in paths else posixpath.join(*(path or "" for path in paths))
