"""The mutants of a module: each is one of its functions with one change, compiled to take the place of the function."""

from __future__ import annotations
import __future__

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
DELETABLE = (
    ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Raise, ast.Continue, ast.Break, ast.Delete, ast.Assert,
)  # fmt: skip
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """One change. ``qualname`` and ``first`` (its first line) identify the function that it is in."""

    file: str
    line: int
    what: str
    qualname: str
    first: int
    code: CodeType

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"

    @property
    def key(self) -> str:
        """Its name in `dev/equivalent.txt`, which stays the same when lines are added above it."""
        return f"{self.file} {self.qualname}: {self.what}"


def mutants(file: str, text: str, filename: str) -> Iterator[Mutant]:
    """All mutants of the functions in a module."""
    for qualname, function in functions(ast.parse(text)):
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        for line, what, changed in changes(function):
            yield Mutant(file, line, what, qualname, first, compiled(filename, qualname, changed))


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions of a module and of its classes, with their qualified names; those inside of functions belong to these."""

    def within(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
        for node in body:
            if isinstance(node, Function):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from within(node.body, f"{prefix}{node.name}.")

    yield from within(tree.body, "")


def compiled(filename: str, qualname: str, function: Function) -> CodeType:
    """The code of a function, in classes with the names of those it is in."""
    body: list[ast.stmt] = [function]
    for name in reversed(qualname.split(".")[:-1]):
        body = [ast.ClassDef(name, [], [], body, [])]
    tree = ast.fix_missing_locations(ast.Module(body, []))
    module = compile(tree, filename, "exec", __future__.annotations.compiler_flag, dont_inherit=True)
    return next(code for code in codes(module) if code.co_qualname == qualname and code.co_name == function.name)


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and all in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def changes(function: Function) -> Iterator[tuple[int, str, Function]]:
    """Every change of a function: the line, what is changed, and the function with the change."""
    for index, node in enumerate(ast.walk(function)):
        for line, what, change in changes_of(node, function):
            changed = copy.deepcopy(function)
            change(list(ast.walk(changed))[index])
            yield line, what, ast.fix_missing_locations(changed)


def changes_of(node: ast.AST, function: Function) -> Iterator[tuple[int, str, Any]]:
    """The changes of one node: the line, what is changed, and a function that does it to a copy of the node."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        for index, statement in enumerate(block if isinstance(block, list) else ()):
            if isinstance(statement, DELETABLE) and not trivial(statement, function):
                yield (
                    statement.lineno,
                    f"delete `{shown(statement)}`",
                    lambda twin, name=name, index=index: delete(twin, name, index),
                )
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield node.test.lineno, f"negate `{shown(node.test)}`", lambda twin: setattr(twin, "test", negated(twin.test))
    if isinstance(node, ast.comprehension):
        for index, test in enumerate(node.ifs):
            yield (
                test.lineno,
                f"negate `{shown(test)}`",
                lambda twin, index=index: twin.ifs.__setitem__(index, negated(twin.ifs[index])),
            )
    if isinstance(node, ast.BoolOp):
        for index, value in enumerate(node.values):
            yield (
                value.lineno,
                f"drop `{shown(value)}` from `{shown(node)}`",
                lambda twin, index=index: drop(twin, index),
            )
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            other = SWAPS[type(operator)]
            yield (
                node.lineno,
                f"`{other.__name__}` in `{shown(node)}`",
                lambda twin, index=index, other=other: twin.ops.__setitem__(index, other()),
            )


def delete(node: Any, block: str, index: int) -> None:
    """Keep a statement from running. It stays in the text, so that names stay local and a generator stays one."""
    statement = getattr(node, block)[index]
    getattr(node, block)[index] = ast.copy_location(ast.If(ast.Constant(False), [statement], []), statement)


def drop(node: ast.BoolOp, index: int) -> None:
    """Put in the place of an operand what makes no difference to the others."""
    node.values[index] = ast.copy_location(ast.Constant(isinstance(node.op, ast.And)), node.values[index])


def negated(test: ast.expr) -> ast.expr:
    """`not test`."""
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def trivial(statement: ast.stmt, function: Function) -> bool:
    """Whether a statement does nothing: a docstring, `return` or `return None` at the end, an assertion for type checkers."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    if isinstance(statement, ast.Return) and function.body[-1] is statement:
        return statement.value is None or (isinstance(statement.value, ast.Constant) and statement.value.value is None)
    return isinstance(statement, ast.Assert)


def shown(node: ast.AST) -> str:
    """The source of a node, short."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:87] + "..."
