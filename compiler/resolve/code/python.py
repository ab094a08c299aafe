"""What a Python file loads: read by `ast`, in one walk. Rules: https://docs.python.org/3/reference/import.html"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator

from .literal import Function, Names
from .record import Import, Record

PYTHON = "{}.{}".format(*sys.version_info)
"""The Python that parses code, and whose grammar decides."""
_COOKIE = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_LINE = r"(?m)^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+c?import[ \t]+\(?([\w, \t*]+)|c?import[ \t]+([\w., \t]+))"
_INCLUDE = r"(?m)^[ \t]*include[ \t]+[\"']([^\"'\n]+)[\"']"
_LOADS = (
    "import_module", "__import__", "import_string", "run_path", "run_module", "spec_from_file", "SourceFileLoader", "load_source",
    "exec", "subprocess", "popen", "Popen", "spawn", "system", "pexpect", "sys.path", "sys import", "addsitedir", "hydra",
    "cpp_extension", ".source",
)  # fmt: skip
"""What a file holds that loads code other than by an import statement; without it only statements are walked."""
_LEAVES = (ast.Constant, ast.Name, ast.expr_context, ast.operator, ast.cmpop, ast.Pass)
_GUARDS = frozenset(["ImportError", "ModuleNotFoundError", "Exception", "BaseException", "OSError", "AttributeError"])


def decoded(raw: bytes) -> str:
    """The text of a code file: UTF-8, or what its first lines say; what does not decode becomes U+FFFD."""
    encoding = "utf-8-sig"
    for line in raw.split(b"\n", 2)[:2]:
        if match := re.match(_COOKIE, line[:400]):
            encoding = match.group(1).decode("ascii", "replace")
    try:
        text = raw.decode(encoding, "replace")
    except (LookupError, UnicodeError, ValueError):
        text = raw.decode("utf-8", "replace")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_python(text: str) -> Record:
    """The record of a Python file. Where it does not parse, imports are guessed at line by line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        record = Record(imports=list(_guessed(text)))
        reason = getattr(error, "msg", None) or str(error) or "too deep"
        record.error = (getattr(error, "lineno", None) or 1, f"{reason} in Python {PYTHON}, which mlopsc runs with")
        return record
    walk = _Walk(any(word in text for word in _LOADS))
    walk.statements(tree)
    if walk.names.calls:
        from .calls import read_calls

        try:
            read_calls(walk.names, walk.record, text)
        except RecursionError:  # an expression deeper than Python can hold
            walk.record.error = (1, "an expression is nested too deeply")
    return walk.record


def read_cython(text: str) -> Record:
    """The record of a Cython file, whose imports are read line by line."""
    from .record import Load

    record = Record(imports=list(_guessed(text)))
    record.loads = [Load(f"\1/../{match.group(1)}", text.count("\n", 0, match.start()) + 1)
                    for match in list(re.finditer(_INCLUDE, text))[:200]]  # fmt: skip
    return record


class _Walk:
    """One walk over a tree: imports as they are met, and what is needed to read calls afterwards."""

    def __init__(self, calls: bool) -> None:
        self.record = Record()
        self.names = Names()
        self.all_nodes = calls

    def statements(self, tree: ast.Module) -> None:
        """Visit each node with the functions around it, and whether it may be left out when the file runs."""
        waiting: list[tuple[ast.AST, tuple[Function, ...], bool]] = [(tree, (), False)]
        while waiting:
            node, scope, optional = waiting.pop()
            self._visit(node, scope, optional)
            if isinstance(node, ast.If) and _only_for_types(node.test):
                waiting.extend((child, scope, optional) for child in reversed(node.orelse))
                continue
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                if self.all_nodes:
                    decorators = getattr(node, "decorator_list", [])
                    waiting.extend((child, scope, optional) for child in decorators)
                    waiting.extend((child, scope, optional) for child in node.args.defaults)
                scope, optional = (*scope, node), True
                body = node.body if isinstance(node.body, list) else [node.body]
                waiting.extend((child, scope, optional) for child in reversed(body))
                continue
            if isinstance(node, ast.If | ast.Match | ast.While):
                optional = True
            if isinstance(node, ast.Try | ast.TryStar) and any(_guards(handler) for handler in node.handlers):
                optional = True
            children = list(ast.iter_child_nodes(node) if self.all_nodes else _blocks(node))
            waiting += [(child, scope, optional) for child in reversed(children) if not isinstance(child, _LEAVES)]

    def _visit(self, node: ast.AST, scope: tuple[Function, ...], optional: bool) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.record.imports.append(Import(0, alias.name, (), node.lineno, optional))
                self.names.full[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            self.record.imports.append(Import(node.level, node.module or "", names, node.lineno, optional))
            if not node.level:
                for alias in node.names:
                    self.names.full[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assigned(node, scope)
        elif not self.all_nodes:
            if isinstance(node, ast.Expr):
                self._exported(node)
        elif isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            self.names.calls.setdefault(name, []).append((node, scope))
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._loop(node.target, node.iter, scope)
        elif isinstance(node, ast.NamedExpr):
            self.names.bound.setdefault((_last(scope), node.target.id), []).append(node.value)
        elif isinstance(node, ast.Expr):
            self._exported(node)
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            self.names.bound.setdefault((_last(scope), node.optional_vars.id), []).append(node.context_expr)
        elif isinstance(node, ast.Global):
            pass

    def _assigned(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: tuple[Function, ...]) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not scope and any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            self._exported(node)
        if not self.all_nodes or node.value is None:
            return
        for target in targets:
            if isinstance(target, ast.Name):
                value = None if isinstance(node, ast.AugAssign) else node.value
                self.names.bound.setdefault((_last(scope), target.id), []).append(value)
            elif isinstance(target, ast.Tuple | ast.List):
                values = node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else ()
                for index, element in enumerate(target.elts):
                    if isinstance(element, ast.Name):
                        value = values[index] if index < len(values) else None
                        self.names.bound.setdefault((_last(scope), element.id), []).append(value)
            elif isinstance(target, ast.Attribute | ast.Subscript) and ast.unparse(target) in (
                "sys.path",
                "sys.path[:]",
            ):
                call = ast.Call(ast.Name("sys.path.extend"), [node.value], [])
                ast.copy_location(call, node)
                self.names.calls.setdefault("extend", []).append((call, scope))
            if isinstance(node, ast.AugAssign) and isinstance(target, ast.Attribute) and target.attr == "path":
                continue

    def _loop(self, target: ast.expr, source: ast.expr, scope: tuple[Function, ...]) -> None:
        if isinstance(target, ast.Name):
            self.names.elements.setdefault((_last(scope), target.id), []).append(source)
            return
        for name in ast.walk(target):
            if isinstance(name, ast.Name):
                self.names.bound.setdefault((_last(scope), name.id), []).append(None)

    def _exported(self, node: ast.AST) -> None:
        """`__all__ = [...]`, `__all__ += [...]`, `__all__.extend([...])`: the literal names in it."""
        inner = list(ast.walk(node))
        if any(isinstance(name, ast.Name) and name.id == "__all__" for name in inner):
            self.record.exported += tuple(
                item.value for item in inner if isinstance(item, ast.Constant) and isinstance(item.value, str)
            )


def _last(scope: tuple[Function, ...]) -> Function | None:
    return scope[-1] if scope else None


def _blocks(node: ast.AST) -> Iterator[ast.AST]:
    """The statements in a statement, without its expressions."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        value = getattr(node, name, None)
        if isinstance(value, list):
            yield from value


def _only_for_types(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _guards(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches an import that fails."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(type_, ast.Name) and type_.id in _GUARDS for type_ in types)


def _guessed(text: str) -> Iterator[Import]:
    for match in re.finditer(_LINE, text):
        dots, module, names, modules = match.groups()
        line = text.count("\n", 0, match.start()) + 1 if len(text) < 200_000 else 1
        if modules:
            for name in modules.split(","):
                if name.strip():
                    yield Import(0, name.split()[0], (), line, True)
        else:
            parts = tuple(name.split()[0] for name in names.split(",") if name.strip())
            yield Import(len(dots), module, parts, line, True)
