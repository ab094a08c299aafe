"""Evaluate a Python script as far as its values are constant: names, paths, helpers of the repository, defaults.

Both branches of an `if` are evaluated, the body of a loop once for each known item. Calls of functions of the repository are
followed. Nothing is executed, and the number of steps is bounded.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...model.snapshot import Snapshot
from .calls import Calls
from .library import WIDE, path_attribute
from .parameters import parameters
from .traces import Traces
from .values import ROOT, UNKNOWN, Class, Function, Instance, Library, Module, bound, known, loaded, nested

MAX_STEPS = 60_000
MAX_DEPTH = 12
MAX_ITEMS = 16
MAX_TEXT = 4096

Names = dict[str, Any]


class Interpreter:
    """The evaluation of one script, run in ``wdir`` with these arguments."""

    def __init__(self, snapshot: Snapshot, files: Traces, wdir: str = ".", arguments: Sequence[str] = ()) -> None:
        self.snapshot = snapshot
        self.files = files
        self.wdir = wdir
        self.arguments = list(arguments)
        self.modules: dict[str, Module] = {}
        self.called: set[int] = set()
        self.steps = 0
        self.depth = 0
        self.calls = Calls(self)

    def run(self, path: str, tree: ast.Module) -> None:
        """Evaluate a script: its statements, and then the functions that nothing called."""
        self.script = path
        module = self._module(path, tree, "__main__")
        for value in list(module.names.values()):
            if isinstance(value, Function) and value.module is module and id(value.node) not in self.called:
                self.call(value, [], {})

    # -- statements

    def _module(self, path: str, tree: ast.Module, name: str) -> Module:
        module = Module(path, {"__file__": ROOT + path, "__name__": name})
        self.modules[path] = module
        self._body(tree.body, module.names, module)
        return module

    def _body(self, statements: Iterable[ast.stmt], names: Names, module: Module) -> list[Any]:
        """Evaluate statements; returns the values of all `return`."""
        returned: list[Any] = []
        for statement in statements:
            self.steps += 1
            if self.steps > MAX_STEPS:
                break
            returned += self._statement(statement, names, module)
        return returned

    def _statement(self, node: ast.stmt, names: Names, module: Module) -> list[Any]:
        match node:
            case ast.Assign():
                value = self.evaluate(node.value, names, module)
                for target in node.targets:
                    self._bind(target, value, names, module)
            case ast.AnnAssign(value=ast.expr() as given):
                self._bind(node.target, self.evaluate(given, names, module), names, module)
            case ast.AugAssign():
                operation = ast.BinOp(loaded(node.target), node.op, node.value)
                self._bind(node.target, self.evaluate(operation, names, module), names, module)
            case ast.Expr():
                self.evaluate(node.value, names, module)
            case ast.Return():
                return [self.evaluate(node.value, names, module)] if node.value is not None else []
            case ast.If():
                return self._if(node, names, module)
            case ast.For() | ast.AsyncFor():
                return self._for(node, names, module)
            case ast.While():
                return self._body([*node.body, *node.orelse], names, module)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.evaluate(item.context_expr, names, module)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, value, names, module)
                return self._body(node.body, names, module)
            case ast.Try():
                handlers = [statement for handler in node.handlers for statement in handler.body]
                return self._body([*node.body, *handlers, *node.orelse, *node.finalbody], names, module)
            case ast.Match():
                return self._body([statement for case in node.cases for statement in case.body], names, module)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names[node.name] = self._function(node, names, module)
            case ast.ClassDef():
                defined = Class(node, module)
                names[node.name] = defined
                self._body(node.body, defined.attributes, module)
            case ast.Import() | ast.ImportFrom():
                self._import(node, names, module)
        return []

    def _if(self, node: ast.If, names: Names, module: Module) -> list[Any]:
        test = self.evaluate(node.test, names, module)
        returned = [] if test is False else self._body(node.body, names, module)
        return returned + ([] if test is True else self._body(node.orelse, names, module))

    def _for(self, node: ast.For | ast.AsyncFor, names: Names, module: Module) -> list[Any]:
        returned: list[Any] = []
        for item in self._items(self.evaluate(node.iter, names, module)):
            self._bind(node.target, item, names, module)
            returned += self._body(node.body, names, module)
        return returned + self._body(node.orelse, names, module)

    def _items(self, value: Any) -> list[Any]:
        """The items to loop over; one that is unknown if they are."""
        items = list(value) if isinstance(value, (list, tuple, dict)) else []
        return items[:MAX_ITEMS] or [UNKNOWN]

    def _bind(self, target: ast.expr, value: Any, names: Names, module: Module) -> None:
        match target:
            case ast.Name():
                names[target.id] = value
            case ast.Tuple() | ast.List():
                parts = value if isinstance(value, (list, tuple)) and len(value) == len(target.elts) else None
                for index, part in enumerate(target.elts):
                    self._bind(part, UNKNOWN if parts is None else parts[index], names, module)
            case ast.Attribute():
                owner = self.evaluate(target.value, names, module)
                if isinstance(owner, (Instance, Class)):
                    owner.attributes[target.attr] = value
            case ast.Subscript():
                owner = self.evaluate(target.value, names, module)
                key = self.evaluate(target.slice, names, module)
                if isinstance(owner, dict) and isinstance(key, (str, int)):
                    owner[key] = value

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, names: Names, module: Module) -> Function:
        function = Function(node, module, names)
        for decorator in reversed(node.decorator_list):
            self.calls.decorate(function, decorator, names, module)
        return function

    def _import(self, node: ast.Import | ast.ImportFrom, names: Names, module: Module) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = self._imported(alias.name, 0, module)
                top, *below = alias.name.split(".")
                if whole is None:
                    names[alias.asname or top] = Library(alias.name if alias.asname else top)
                elif alias.asname or not below:
                    names[alias.asname or top] = whole
                else:
                    names[top] = nested(names.get(top), below, whole)
            return
        base = self._imported(node.module or "", node.level, module)
        for alias in node.names:
            inner = self._imported(f"{node.module or ''}.{alias.name}".strip("."), node.level, module)
            if alias.name == "*" and base is not None:
                names.update({name: value for name, value in base.names.items() if not name.startswith("_")})
            elif base is not None and alias.name in base.names:
                names[alias.asname or alias.name] = base.names[alias.name]
            elif inner is not None:
                names[alias.asname or alias.name] = inner
            else:
                names[alias.asname or alias.name] = Library(f"{node.module or ''}.{alias.name}".strip("."))

    def _imported(self, name: str, level: int, module: Module) -> Module | None:
        """The file of the repository that an import names, evaluated once."""
        here = posixpath.dirname(module.path)
        for _ in range(level - 1):
            here = posixpath.dirname(here)
        folders = [here] if level else [posixpath.dirname(self.script), "", self.wdir, "src", here]
        for folder in dict.fromkeys(folders):
            stem = posixpath.normpath(posixpath.join(folder, *name.split("."))) if name else folder
            for path in (f"{stem}.py", f"{stem}/__init__.py"):
                if self.snapshot.kind(path) == "file":
                    return self._loaded_module(path)
        return None

    def _loaded_module(self, path: str) -> Module:
        if path not in self.modules:
            self.modules[path] = Module(path)
            try:
                tree = ast.parse(self.snapshot.read(path) or b"")
            except (SyntaxError, ValueError, RecursionError):
                return self.modules[path]
            self.files.modules.add(path)
            if self.depth < MAX_DEPTH:
                self.depth += 1
                self._module(path, tree, path)
                self.depth -= 1
        return self.modules[path]

    # -- expressions

    def evaluate(self, node: ast.expr, names: Names, module: Module) -> Any:
        """The value of an expression, or `UNKNOWN`; texts and lists that grow too long are unknown."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            return UNKNOWN
        value = self._evaluated(node, names, module)
        return UNKNOWN if isinstance(value, (str, list)) and len(value) > MAX_TEXT else value

    def _evaluated(self, node: ast.expr, names: Names, module: Module) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return names.get(node.id, module.names.get(node.id, Library(node.id)))
            case ast.Attribute():
                return self._attribute(self.evaluate(node.value, names, module), node.attr)
            case ast.Subscript():
                return self._subscript(node, names, module)
            case ast.Call():
                return self.calls.call(node, names, module)
            case ast.BinOp():
                return self._operation(node, names, module)
            case ast.JoinedStr():
                return self._text(node, names, module)
            case ast.List() | ast.Tuple() | ast.Set():
                return [self.evaluate(item, names, module) for item in node.elts]
            case ast.Dict():
                return self._dict(node, names, module)
            case ast.IfExp():
                values = [self.evaluate(part, names, module) for part in (node.body, node.orelse)]
                return next((value for value in values if known(value)), UNKNOWN)
            case ast.BoolOp():
                values = [self.evaluate(part, names, module) for part in node.values]
                return next((value for value in values if known(value) and value), UNKNOWN)
            case ast.Compare():
                return self._comparison(node, names, module)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, names, module)
            case ast.Lambda():
                return Function(node, module, names)
            case ast.NamedExpr():
                value = self.evaluate(node.value, names, module)
                self._bind(node.target, value, names, module)
                return value
            case ast.Await() | ast.Starred():
                return self.evaluate(node.value, names, module)
        return UNKNOWN

    def _attribute(self, owner: Any, name: str) -> Any:
        match owner:
            case Module():
                return owner.names.get(name, UNKNOWN)
            case Instance():
                value = owner.attributes.get(name, owner.of.attributes.get(name, UNKNOWN))
                return bound(value, owner) if isinstance(value, Function) else value
            case Class():
                return owner.attributes.get(name, UNKNOWN)
            case Library():
                return Library(f"{owner.name}.{name}")
            case dict():
                return owner.get(name, UNKNOWN)
            case str():
                return path_attribute(owner, name)
        return UNKNOWN

    def _subscript(self, node: ast.Subscript, names: Names, module: Module) -> Any:
        owner = self.evaluate(node.value, names, module)
        key = self.evaluate(node.slice, names, module)
        if isinstance(owner, Library) and owner.name == "sys.argv" and isinstance(key, int):
            return self.calls.argument(key)
        if isinstance(owner, Library) and owner.name == "os.environ":
            return UNKNOWN
        if isinstance(owner, (list, tuple, str)) and isinstance(key, int):
            return owner[key] if -len(owner) <= key < len(owner) else UNKNOWN
        if isinstance(owner, dict) and isinstance(key, (str, int)):
            return owner.get(key, UNKNOWN)
        return UNKNOWN

    def _operation(self, node: ast.BinOp, names: Names, module: Module) -> Any:
        left, right = self.evaluate(node.left, names, module), self.evaluate(node.right, names, module)
        if isinstance(left, str) and isinstance(right, str) and len(left) + len(right) < MAX_TEXT:
            if isinstance(node.op, ast.Div):
                return posixpath.join(left, right)
            if isinstance(node.op, ast.Add):
                return left + right
        if isinstance(left, list) and isinstance(right, list) and isinstance(node.op, ast.Add):
            return left + right
        if isinstance(left, str) and isinstance(node.op, ast.Mod) and not WIDE.search(left):
            values = right if isinstance(right, list) else [right]
            if all(isinstance(value, (str, int, float)) for value in values):
                try:
                    return (left % tuple(values))[:MAX_TEXT]
                except (TypeError, ValueError, OverflowError):
                    return UNKNOWN
        return UNKNOWN

    def _text(self, node: ast.JoinedStr, names: Names, module: Module) -> Any:
        parts: list[str] = []
        for part in node.values:
            value = self.evaluate(part.value if isinstance(part, ast.FormattedValue) else part, names, module)
            is_formatted = isinstance(part, ast.FormattedValue) and part.format_spec is not None
            if is_formatted or not isinstance(value, (str, int, float)):
                return UNKNOWN
            parts.append(str(value))
        return "".join(parts)

    def _dict(self, node: ast.Dict, names: Names, module: Module) -> dict[Any, Any]:
        pairs: dict[Any, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item, names, module)
            name = self.evaluate(key, names, module) if key is not None else None
            if key is None and isinstance(value, dict):
                pairs |= value
            elif isinstance(name, (str, int)):
                pairs[name] = value
        return pairs

    def _comparison(self, node: ast.Compare, names: Names, module: Module) -> Any:
        values = [self.evaluate(part, names, module) for part in (node.left, *node.comparators)]
        is_name = any(isinstance(part, ast.Name) and part.id == "__name__" for part in (node.left, *node.comparators))
        if is_name and len(values) == 2 and isinstance(node.ops[0], ast.Eq):
            return values[0] == values[1]
        return UNKNOWN

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, names: Names, module: Module
    ) -> Any:
        inner = dict(names)
        generator = node.generators[0]
        for other in node.generators[1:]:
            self._bind(other.target, UNKNOWN, inner, module)
        results: list[Any] = []
        for item in self._items(self.evaluate(generator.iter, inner, module)):
            self._bind(generator.target, item, inner, module)
            for test in generator.ifs:
                self.evaluate(test, inner, module)
            if isinstance(node, ast.DictComp):
                results.append((self.evaluate(node.key, inner, module), self.evaluate(node.value, inner, module)))
            else:
                results.append(self.evaluate(node.elt, inner, module))
        if isinstance(node, ast.DictComp):
            return {key: value for key, value in results if isinstance(key, (str, int))}
        return results

    # -- calls of the repository's own functions

    def call(self, function: Function, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """Evaluate the body of a function; its value is the first known one that it returns."""
        if self.depth >= MAX_DEPTH or self.steps > MAX_STEPS:
            return UNKNOWN
        self.called.add(id(function.node))
        names = parameters(self, function, arguments, keywords)
        self.depth += 1
        if isinstance(function.node, ast.Lambda):
            returned = [self.evaluate(function.node.body, names, function.module)]
        else:
            returned = self._body(function.node.body, names, function.module)
        self.depth -= 1
        return next((value for value in returned if known(value)), UNKNOWN)
