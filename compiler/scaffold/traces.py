"""Which files a script reads and writes, as far as its text tells: literal paths in calls that read or write.

A guess and nothing more: names are followed within the module, but not through functions, arguments or f-strings.
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
"""Functions and methods of the common libraries that take a path, by their last name."""

_SHELL_WRITE = re.compile(r"(?<![0-9&])>>?\s*['\"]?([\w./-]+)")
_R_READ = re.compile(r"(?:read[._]\w+|readRDS|fread)\(\s*[\"']([^\"']+)")
_R_WRITE = re.compile(r"(?:write[._]\w+|saveRDS|fwrite|ggsave)\([^\"']*[\"']([^\"']+)")


@dataclass(slots=True)
class Traces:
    """Paths with the line that names each."""

    reads: dict[str, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)


def traces(name: str, text: str) -> Traces:
    """What the script ``name`` reads and writes. A script that cannot be parsed tells nothing."""
    found = Traces()
    if name.endswith(".ipynb"):
        text = _cells(text)
    if name.endswith((".py", ".ipynb")):
        try:
            _Python(found).visit(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError):
            return Traces()
    elif name.endswith((".R", ".r")):
        _scan(text, _R_READ, found.reads)
        _scan(text, _R_WRITE, found.writes)
    elif name.endswith(".sh"):
        _scan(text, _SHELL_WRITE, found.writes)
    for path in found.writes:
        found.reads.pop(path, None)
    return found


def _cells(text: str) -> str:
    """The code of a notebook, a line for each line that is no magic."""
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
    """Follows names that are bound once to a literal path, then `Path(...)`, `/` and `os.path.join`."""

    def __init__(self, found: Traces) -> None:
        self.found = found
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
        for names, into in ((READS, self.found.reads), (WRITES, self.found.writes)):
            if name in names:
                words = [*node.args, *(each.value for each in node.keywords)]
                if name.endswith(("_text", "_bytes")) and isinstance(node.func, ast.Attribute):
                    words = [node.func.value]
                for word in words:
                    _note(into, self._path(word), node.lineno)

    def _opened(self, node: ast.Call) -> None:
        words = list(node.args)
        path = words.pop(0) if isinstance(node.func, ast.Name) and words else getattr(node.func, "value", None)
        words += [each.value for each in node.keywords if each.arg == "mode"]
        mode = next((w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)), "r")
        if path is not None:
            _note(self.found.writes if set(mode) & set("wax") else self.found.reads, self._path(path), node.lineno)

    def _path(self, node: ast.expr) -> str | None:
        """The path that an expression says, where it is made of literals."""
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
        said = [self._path(part) for part in parts]
        return None if None in said else posixpath.join(*(part or "" for part in said))
