"""What a Python file imports from the repository. Rules: https://docs.python.org/3/reference/import.html"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from ...model.diagnostic import Diagnostic
from ...model.snapshot import Snapshot
from ...model.source import Source, Span


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

_COOKIE = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_LINE = r"(?m)^\s*(?:from\s+(\.*)([\w.]*)\s+import\s+\(?([\w, \t*]+)|import\s+([\w., \t]+))"


def decoded(raw: bytes) -> str:
    """The text of a code file: UTF-8, or what its first lines say; what does not decode becomes U+FFFD."""
    encoding = "utf-8-sig"
    for line in raw.split(b"\n", 2)[:2]:
        if match := re.match(_COOKIE, line):
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

    loaders = dict(_LOADERS)
    calls: list[ast.Call] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
            continue
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
            loaders |= {alias.asname: _LOADERS[alias.name] for alias in node.names
                        if node.module in ("importlib", "runpy") and alias.asname and alias.name in _LOADERS}  # fmt: skip
            continue
        if isinstance(node, ast.If) and _only_for_types(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Call):
            calls.append(node)
        waiting.extend(ast.iter_child_nodes(node))
    for call in calls:
        if (found := _imported_by_call(call, loaders)) is not None:
            yield found


def _only_for_types(test: ast.expr) -> bool:
    import ast

    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


_LOADERS = {"import_module": "name", "__import__": "name", "run_module": "mod_name"}
"""Functions that load a module by its name, and what their first parameter is called."""


def _imported_by_call(call: ast.Call, loaders: Mapping[str, str]) -> Import | None:
    import ast

    function = call.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    if (first := loaders.get(str(called))) is None:
        return None
    said: dict[str | None, ast.expr] = {keyword.arg: keyword.value for keyword in call.keywords}
    said |= zip((first, "package"), call.args, strict=False)
    name, package = (
        value.value if isinstance(value := said.get(key), ast.Constant) and isinstance(value.value, str) else None
        for key in (first, "package")
    )
    if name is None:
        return None
    module = name.lstrip(".")
    level = len(name) - len(module)
    if level and package is not None:
        above = package.split(".")
        return 0, ".".join((*above[: len(above) - level + 1], module)), ()
    return level, module, ()


def _guessed(text: str) -> Iterator[Import]:
    for dots, module, names, modules in re.findall(_LINE, text):
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
        package = base
        while code.is_file(init := f"{package}/__init__.py".lstrip("/")):  # a relative import takes a package
            yield init
            package = posixpath.dirname(package)
            if not package:
                break
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
    """The names in a package's `__all__`, as far as they are written out."""
    import ast

    raw = code.snapshot.read(init) if code.is_file(init) else None
    try:
        statements = ast.parse(decoded(raw)).body if raw is not None and b"__all__" in raw else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the package's own reader says so
        return ()
    return tuple(
        node.value
        for statement in statements
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
        if any(isinstance(name, ast.Name) and name.id == "__all__" for name in ast.walk(statement))
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def module_file(module: str, root: str, snapshot: Snapshot) -> str | None:
    """The file that `python -m MODULE` runs, where the repository has it."""
    base = posixpath.normpath(posixpath.join(root, module.replace(".", "/")))
    return next((path for path in (f"{base}/__main__.py", f"{base}.py") if snapshot.kind(path) == "file"), None)
