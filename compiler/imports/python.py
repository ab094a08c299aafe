"""What a Python file imports from the repository. Rules: https://docs.python.org/3/reference/import.html"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from ..diagnostic import Diagnostic
from ..snapshot import Snapshot
from ..span import Source, Span

if TYPE_CHECKING:
    import ast


class Code(Protocol):
    """What these readers need to know of the repository; ``roots`` is where absolute imports are looked up."""

    @property
    def snapshot(self) -> Snapshot: ...
    @property
    def roots(self) -> tuple[str, ...]: ...
    @property
    def is_file(self) -> Callable[[str], bool]: ...


Import = tuple[int, str, tuple[str, ...]]
"""The level of a relative import (0 for an absolute one), the module, and the names taken from it."""

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_LINE = re.compile(r"^\s*(?:from\s+(\.*)([\w.]*)\s+import\s+\(?([\w, \t*]+)|import\s+([\w., \t]+))", re.MULTILINE)


def decoded(raw: bytes) -> str:
    """The text of a code file: UTF-8, or what its first lines say; what does not decode becomes U+FFFD."""
    encoding = "utf-8-sig"
    for line in raw.split(b"\n", 2)[:2]:
        if match := _COOKIE.match(line):
            encoding = match.group(1).decode("ascii", "replace")
    try:
        text = raw.decode(encoding, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def uses(path: str, source: Source, code: Code) -> Iterator[str | Diagnostic]:
    """The repository files that a Python file imports."""
    yield from _uses(path, source, source.text, code)


def notebook_uses(path: str, source: Source, code: Code) -> Iterator[str | Diagnostic]:
    """The repository files that the code cells of a notebook import; lines for IPython itself are left out."""
    import json

    try:
        cells = json.loads(source.text)["cells"]
        lines = [
            line
            for cell in cells
            if cell["cell_type"] == "code"
            for line in "".join(cell["source"]).splitlines()
            if not line.lstrip().startswith(("%", "!", "?"))
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        yield _unreadable(source, 0, "it is not a Jupyter notebook")
        return
    yield from _uses(path, source, "\n".join(lines), code)


def _unreadable(source: Source, offset: int, why: str) -> Diagnostic:
    return Diagnostic(
        "MLC310",
        f"`{source.name}` cannot be parsed: {why}",
        Span(source, offset, min(offset + 1, len(source.text))),
        help="correct it; until then what it imports is only guessed at, line by line",
        severity="warning",
    )


def _uses(path: str, source: Source, text: str, code: Code) -> Iterator[str | Diagnostic]:
    if "import" not in text:
        return
    import ast
    import warnings

    imports: list[Import]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        imports = list(_imports(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = (getattr(error, "lineno", None) or 1) - 1
        starts = source.text.split("\n")
        offset = sum(len(before) + 1 for before in starts[:line]) if text == source.text else 0
        why = getattr(error, "msg", None) or str(error)
        yield _unreadable(source, min(offset, len(source.text)), why)
        imports = list(_guessed(text))
    folder = posixpath.dirname(path)
    for level, module, names in imports:
        yield from _files(folder, level, module, names, code)


def _imports(tree: ast.AST) -> Iterator[Import]:
    """Every import statement, however deep, and literal `import_module` calls; not what only type checkers see."""
    import ast

    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
            continue
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
            continue
        if isinstance(node, ast.If) and _only_for_types(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Call) and (name := _imported_by_call(node)) is not None:
            yield 0, name, ()
        waiting.extend(ast.iter_child_nodes(node))


def _only_for_types(test: ast.expr) -> bool:
    import ast

    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _imported_by_call(call: ast.Call) -> str | None:
    import ast

    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    if name not in ("import_module", "__import__") or not call.args:
        return None
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _guessed(text: str) -> Iterator[Import]:
    for dots, module, names, modules in _LINE.findall(text):
        if modules:
            yield from ((0, name.split(" as ")[0].strip(), ()) for name in modules.split(",") if name.strip())
        else:
            yield len(dots), module, tuple(name.split()[0] for name in names.split(",") if name.strip())


def _files(folder: str, level: int, module: str, names: tuple[str, ...], code: Code) -> Iterator[str]:
    """The files that one import statement of a file in ``folder`` loads."""
    if level:
        base = folder
        for _ in range(level - 1):
            base = posixpath.dirname(base)
        yield from _module(base, module, names, code)
        return
    for root in code.roots:
        files = list(_module(root, module, names, code))
        if files:
            yield from files
            return


def _module(root: str, module: str, names: tuple[str, ...], code: Code) -> Iterator[str]:
    """The files of ``module`` under ``root``: each package on the way, the module, and submodules among ``names``."""
    place = root
    parts = [part for part in module.split(".") if part]
    found: list[str] = []
    is_package = True
    for index, part in enumerate(parts):
        inner = posixpath.join(place, part)
        init, plain = f"{inner}/__init__.py", f"{inner}.py"
        if code.is_file(init):
            found.append(init)
        elif code.is_file(plain):
            found.append(plain)
            is_package = False
            if index < len(parts) - 1:
                break
        elif code.snapshot.kind(inner) != "dir":
            return
        place = inner
    yield from found
    if not is_package:
        return
    if not parts and code.is_file(f"{place}/__init__.py".lstrip("/")):
        yield f"{place}/__init__.py".lstrip("/")
    if names == ("*",):
        names = _exported(f"{place}/__init__.py", code)
    for name in names:
        yield from _module(place, name, (), code)


def _exported(init: str, code: Code) -> tuple[str, ...]:
    """The literal `__all__` of a package."""
    raw = code.snapshot.read(init) if code.is_file(init) else None
    match = re.search(r"^__all__\s*(?::[^=]+)?=\s*[\[(]([^\])]*)", decoded(raw or b""), re.MULTILINE)
    return tuple(re.findall(r"['\"](\w+)['\"]", match.group(1))) if match else ()


def module_file(module: str, root: str, snapshot: Snapshot) -> str | None:
    """The file that `python -m MODULE` runs, where the repository has it."""
    base = posixpath.normpath(posixpath.join(root, module.replace(".", "/")))
    return next((path for path in (f"{base}/__main__.py", f"{base}.py") if snapshot.kind(path) == "file"), None)
