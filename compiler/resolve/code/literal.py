"""Expressions of Python that are known without running them: texts, paths, lists of words.

A value is a tuple of the texts that an expression may have (a loop variable has several), or None where it is unknown.
"""

from __future__ import annotations

import ast
import posixpath
from dataclasses import dataclass, field

from .record import FILE, UNKNOWN

Values = tuple[str, ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

MAX_VALUES = 64
_MAX_DEPTH = 24

_SAME = frozenset(["Path", "PurePath", "PosixPath", "PurePosixPath", "str", "abspath", "realpath", "normpath", "expanduser",
                   "fspath", "resolve", "absolute", "as_posix", "expandvars", "to_absolute_path", "strip", "quote", "String"])  # fmt: skip
"""Functions and methods that give back the path that they are given."""


@dataclass(slots=True)
class Names:
    """What the names of one file are bound to: by the function that binds them (None for the module) and the name.

    ``calls`` are the calls of each function of the file, by its name, with the functions around each call.
    """

    bound: dict[tuple[Function | None, str], list[ast.expr | None]] = field(default_factory=dict)
    elements: dict[tuple[Function | None, str], list[ast.expr | None]] = field(default_factory=dict)
    """Names bound to the elements of an iterable, as in `for NAME in ...`."""
    calls: dict[str, list[tuple[ast.Call, tuple[Function, ...]]]] = field(default_factory=dict)
    full: dict[str, str] = field(default_factory=dict)
    """What imported names stand for, dotted."""
    steps: int = 50_000
    """What is left of the effort that one file is worth; then nothing more is known."""
    active: set[tuple[Function | None, str]] = field(default_factory=set)

    def dotted(self, node: ast.expr) -> str:
        """The full dotted name of a function, as far as it is one: `sp.run` is `subprocess.run`."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(self.full.get(node.id, node.id))
        elif isinstance(node, ast.Call):
            parts.append("()")
        return ".".join(reversed(parts))

    # -- texts

    def values(self, node: ast.expr | None, scope: tuple[Function, ...] = (), depth: int = 0) -> Values | None:
        """The texts that an expression may have."""
        self.steps -= 1
        if node is None or depth > _MAX_DEPTH or self.steps < 0:
            return None
        found = self._values(node, scope, depth + 1)
        if found is None:
            return None
        return tuple(dict.fromkeys(found))[:MAX_VALUES]

    def _values(self, node: ast.expr, scope: tuple[Function, ...], depth: int) -> Values | None:
        match node:
            case ast.Constant():
                return (str(node.value),) if isinstance(node.value, str | int) else None
            case ast.Name():
                return self._named(node.id, scope, depth)
            case ast.JoinedStr():
                return self._product(node.values, scope, depth)
            case ast.FormattedValue():
                return self.values(node.value, scope, depth)
            case ast.BinOp(op=ast.Add()):
                return self._product([node.left, node.right], scope, depth)
            case ast.BinOp(op=ast.Div()):
                return self._product([node.left, node.right], scope, depth, "/")
            case ast.BinOp(op=ast.Mult(), right=ast.Constant(value=int(count))) if 0 < count <= 40:
                inner = self.values(node.left, scope, depth)
                return None if inner is None else tuple(value * count for value in inner)
            case ast.IfExp():
                return self._union([node.body, node.orelse], scope, depth)
            case ast.BoolOp(op=ast.Or()):
                known = [found for value in node.values if (found := self.values(value, scope, depth)) is not None]
                return tuple(value for found in known for value in found) or None
            case ast.Attribute():
                return self._attribute(node, scope, depth)
            case ast.Subscript():
                return self._subscript(node, scope, depth)
            case ast.Call():
                return self._called(node, scope, depth)
            case ast.NamedExpr():
                return self.values(node.value, scope, depth)
        return None

    def _union(self, nodes: list[ast.expr], scope: tuple[Function, ...], depth: int) -> Values | None:
        found = [self.values(node, scope, depth) for node in nodes]
        return None if None in found else tuple(value for values in found for value in values or ())

    def _product(
        self, nodes: list[ast.expr], scope: tuple[Function, ...], depth: int, between: str = ""
    ) -> Values | None:
        """The texts of several expressions, joined in every combination."""
        joined: list[str] | None = None
        for node in nodes:
            values = self.values(node, scope, depth)
            if values is None:
                return None
            if joined is None:
                joined = list(values)
            elif between:
                joined = [posixpath.join(left, right) for left in joined for right in values]
            else:
                joined = [left + right for left in joined for right in values]
            if len(joined) > MAX_VALUES or any(len(text) > 4096 for text in joined):
                return None
        return tuple(joined or ("",))

    def _named(self, name: str, scope: tuple[Function, ...], depth: int) -> Values | None:
        if name == "__file__":
            return (FILE,)
        for function in (*reversed(scope), None):
            key = (function, name)
            position = None if function is None else _parameter(function, name)
            if key not in self.bound and key not in self.elements and position is None:
                continue
            if key in self.active:  # it is bound to something made of itself
                return None
            self.active.add(key)
            inner = scope[: scope.index(function) + 1] if function is not None else ()
            if key in self.bound or key in self.elements:
                found = [self.values(node, inner, depth) for node in self.bound.get(key, ())[:MAX_VALUES]]
                found += [self.items(node, inner, depth) for node in self.elements.get(key, ())[:MAX_VALUES]]
            else:
                assert function is not None
                found = [self._argument(function, name, position or 0, depth)]
            self.active.discard(key)
            return None if None in found else tuple(value for values in found for value in values or ())
        return None

    def _argument(self, function: Function, name: str, index: int, depth: int) -> Values | None:
        """What a parameter may be: its arguments in all calls of the function in this file, and its default."""
        calls = self.calls.get(getattr(function, "name", ""), [])
        found: list[str] = []
        if not calls:
            return None
        for call, scope in calls[:MAX_VALUES]:
            method = isinstance(call.func, ast.Attribute) and _parameter(function, "self") == 0
            position = index - 1 if method else index
            node = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
            if node is None and 0 <= position < len(call.args):
                node = call.args[position]
            if node is None:
                node = _default(function, index)
            values = self.values(node, scope, depth) if not isinstance(node, ast.Starred) else None
            if values is None:
                return None
            found += values
        return tuple(found)

    def _attribute(self, node: ast.Attribute, scope: tuple[Function, ...], depth: int) -> Values | None:
        dotted = self.dotted(node)
        if dotted == "sys.executable":
            return ("python",)
        if dotted in ("os.sep", "os.path.sep"):
            return ("/",)
        if dotted in ("os.pardir", "os.path.pardir", "os.curdir", "os.path.curdir"):
            return ("..",) if dotted.endswith("pardir") else (".",)
        inner = self.values(node.value, scope, depth) if node.attr in ("parent", "stem", "name", "value") else None
        if inner is None:
            return None
        if node.attr == "parent":
            return tuple(_above(value) for value in inner)
        return tuple(posixpath.splitext(posixpath.basename(value))[0] if node.attr == "stem"
                     else posixpath.basename(value) if node.attr == "name" else value for value in inner)  # fmt: skip

    def _subscript(self, node: ast.Subscript, scope: tuple[Function, ...], depth: int) -> Values | None:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
            inner = self.values(node.value.value, scope, depth)
            if inner is not None and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
                count = min(max(node.slice.value, 0), 40) + 1
                return tuple("/".join([value, *[".."] * count]) for value in inner)
            return None
        key = self.values(node.slice, scope, depth)
        container = self.container(node.value, scope, depth)
        if isinstance(container, ast.Dict):
            pairs = zip(container.keys, container.values, strict=True)
            chosen = [value for name, value in pairs if key is None or (self.values(name, scope, depth) or key) == key]
            return self._union(chosen, scope, depth) if chosen else None
        if isinstance(container, ast.List | ast.Tuple):
            return self.items(container, scope, depth)
        return None

    def container(self, node: ast.expr | None, scope: tuple[Function, ...], depth: int) -> ast.expr | None:
        """The literal list or dict that a name stands for, where it is bound once."""
        for _ in range(8):
            if not isinstance(node, ast.Name):
                return node
            for function in (*reversed(scope), None):
                if len(nodes := self.bound.get((function, node.id), [])) == 1:
                    node = nodes[0]
                    break
            else:
                return None
        return None

    def _called(self, node: ast.Call, scope: tuple[Function, ...], depth: int) -> Values | None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        first = node.args[0] if node.args else None
        if name in _SAME:
            if len(node.args) > 1 and name.endswith(("Path",)):
                return self._product(list(node.args), scope, depth, "/")
            return self.values(first if first is not None else owner, scope, depth)
        if name == "dirname" and first is not None:
            inner = self.values(first, scope, depth)
            return None if inner is None else tuple(_above(value) for value in inner)
        if name == "basename" and first is not None:
            inner = self.values(first, scope, depth)
            return None if inner is None else tuple(posixpath.basename(value) for value in inner)
        if name in ("join", "joinpath"):
            return self._joined(name, owner, node.args, scope, depth)
        if name in ("getcwd", "cwd") or (name in ("here", "get_original_cwd", "find_root") and not node.args):
            return (".",)
        if name == "here":
            return self.values(first, scope, depth)
        if (
            name in ("get", "getenv")
            and len(node.args) == 2
            and self.dotted(node.func) in ("os.environ.get", "os.getenv")
        ):
            return self.values(node.args[1], scope, depth)
        if name in ("with_suffix", "with_name") and first is not None:
            return self._renamed(name, owner, first, scope, depth)
        if name == "get" and owner is not None and isinstance(box := self.container(owner, scope, depth), ast.Dict):
            return self._union([*box.values, *node.args[1:]], scope, depth)
        return None

    def _joined(
        self, name: str, owner: ast.expr | None, arguments: list[ast.expr], scope: tuple[Function, ...], depth: int
    ) -> Values | None:
        if name == "joinpath" and owner is not None:
            return self._product([owner, *arguments], scope, depth, "/")
        if isinstance(owner, ast.Constant) and isinstance(owner.value, str) and len(arguments) == 1:
            words = self.words(arguments[0], scope, depth)
            if words is None or not all(known for _, known in words):
                return None
            return (owner.value.join(text for text, _ in words),)
        return self._product(arguments, scope, depth, "/") if arguments else None

    def _renamed(
        self, name: str, owner: ast.expr | None, first: ast.expr, scope: tuple[Function, ...], depth: int
    ) -> Values | None:
        old, new = self.values(owner, scope, depth), self.values(first, scope, depth)
        if old is None or new is None:
            return None
        if name == "with_suffix":
            return tuple(posixpath.splitext(value)[0] + end for value in old for end in new)
        return tuple(posixpath.join(posixpath.dirname(value), end) for value in old for end in new)

    # -- lists

    def items(self, node: ast.expr | None, scope: tuple[Function, ...] = (), depth: int = 0) -> Values | None:
        """The texts that the elements of an iterable may have."""
        if depth > _MAX_DEPTH:
            return None
        box = self.container(node, scope, depth)
        if isinstance(box, ast.List | ast.Tuple | ast.Set):
            return self._union(list(box.elts), scope, depth + 1)
        if isinstance(box, ast.Dict):
            return self._union([key for key in box.keys if key is not None], scope, depth + 1)
        if isinstance(box, ast.Call):
            name = box.func.attr if isinstance(box.func, ast.Attribute) else getattr(box.func, "id", "")
            if name in ("sorted", "list", "tuple", "set", "reversed", "tqdm", "track") and box.args:
                return self.items(box.args[0], scope, depth + 1)
            if name == "values" and isinstance(box.func, ast.Attribute):
                inner = self.container(box.func.value, scope, depth)
                return self._union(list(inner.values), scope, depth + 1) if isinstance(inner, ast.Dict) else None
            if name == "keys" and isinstance(box.func, ast.Attribute):
                return self.items(box.func.value, scope, depth + 1)
            if name == "split" and isinstance(box.func, ast.Attribute) and not box.args:
                texts = self.values(box.func.value, scope, depth + 1)
                return None if texts is None else tuple(word for text in texts for word in text.split())
        return None

    def words(
        self, node: ast.expr | None, scope: tuple[Function, ...] = (), depth: int = 0
    ) -> tuple[tuple[str, bool], ...] | None:
        """A list of words, each with whether it is known; None where the expression is no list that can be read."""
        if depth > _MAX_DEPTH:
            return None
        box = self.container(node, scope, depth)
        if isinstance(box, ast.List | ast.Tuple):
            words: list[tuple[str, bool]] = []
            for element in box.elts:
                if isinstance(element, ast.Starred):
                    words += self.words(element.value, scope, depth + 1) or ((UNKNOWN, False),)
                else:
                    values = self.values(element, scope, depth + 1)
                    text = values[0] if values is not None and len(values) == 1 else None
                    words.append((text, True) if text is not None else (self.partly(element, scope), False))
            return tuple(words)
        if isinstance(box, ast.BinOp) and isinstance(box.op, ast.Add):
            left = self.words(box.left, scope, depth + 1)
            if left is None:
                return None
            return left + (self.words(box.right, scope, depth + 1) or ((UNKNOWN, False),))
        if isinstance(box, ast.Call) and self.dotted(box.func) == "shlex.split":
            return self._split(box.args[0] if box.args else None, scope, depth)
        if isinstance(box, ast.Call) and isinstance(box.func, ast.Attribute) and box.func.attr == "split":
            return self._split(box.func.value, scope, depth)
        return None

    def _split(
        self, node: ast.expr | None, scope: tuple[Function, ...], depth: int
    ) -> tuple[tuple[str, bool], ...] | None:
        if node is None or depth > _MAX_DEPTH:
            return None
        text = self.partly(node, scope)
        return None if text == UNKNOWN else tuple((word, UNKNOWN not in word) for word in text.split())

    def partly(self, node: ast.expr | None, scope: tuple[Function, ...] = (), depth: int = 0) -> str:
        """A text with `UNKNOWN` for what is not known of it."""
        if node is None or depth > _MAX_DEPTH:
            return UNKNOWN
        values = self.values(node, scope, depth)
        if values is not None and len(values) == 1:
            return values[0]
        if isinstance(node, ast.JoinedStr):
            return "".join(self.partly(part, scope, depth + 1) for part in node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.partly(node.left, scope, depth + 1) + self.partly(node.right, scope, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            import re

            return re.sub(r"%[-\d.]*[a-z]|%\(\w+\)s", UNKNOWN, self.partly(node.left, scope, depth + 1))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            import re

            return re.sub(r"\{[^{}]*\}", UNKNOWN, self.partly(node.func.value, scope, depth + 1))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            words = self.words(node.args[0], scope, depth + 1) if node.args else None
            return " ".join(text for text, _ in words) if words else UNKNOWN
        box = self.container(node, scope, depth) if isinstance(node, ast.Name) else node
        return self.partly(box, scope, depth + 1) if box is not node else UNKNOWN


def _above(path: str) -> str:
    """The folder of a path. Of the file that is read, and of relative paths, `..` says it."""
    if path.startswith(FILE) or path in ("", ".") or path.endswith(".."):
        return f"{path or '.'}/.."
    return posixpath.dirname(path) or "."


def _parameter(function: Function, name: str) -> int | None:
    """The position of a parameter, or None where the function has none of that name."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    names += [extra.arg for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    return names.index(name) if name in names else None


def _default(function: Function, index: int) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if index < len(positional):
        offset = index - (len(positional) - len(arguments.defaults))
        return arguments.defaults[offset] if offset >= 0 else None
    keyword = index - len(positional)
    return arguments.kw_defaults[keyword] if keyword < len(arguments.kw_defaults) else None
