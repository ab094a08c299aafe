"""Mutation testing of some modules: change one thing in a function, run the tests that execute its line, see one fail.

    python dev/mutate.py compiler/model/dag.py compiler/lower/edges.py [--tests tests/unit] [--list]

A mutant deletes one statement, negates one condition, drops one operand of `and` or `or`, or turns one comparison
around. The tests are collected and run once, which gives the tests that execute each line. Then each mutant is put into
a fork of that process, as the `__code__` of the function it is in, and only these tests are run: a mutant takes
milliseconds. No file is written. The exit code is 1 if a mutant survives.

mutmut 3 derives a module's name from its path and so looks for `compiler.build` where this repository's is
`mlopsc.compiler.build`; cosmic-ray starts the tests anew for each mutant (2 s each); neither deletes statements.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 20
"""A mutant that makes tests run longer than this loops forever, and is killed by that."""
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


def mutants(file: str, text: str, filename: str) -> Iterator[Mutant]:
    """All mutants of the functions in a module."""
    for qualname, function in functions(ast.parse(text)):
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        for line, what, changed in changes(function):
            yield Mutant(file, line, what, qualname, first, compiled(text, filename, function, changed))


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions of a module and of its classes, with their qualified names; those inside of functions belong to these."""

    def within(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
        for node in body:
            if isinstance(node, Function):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from within(node.body, f"{prefix}{node.name}.")

    yield from within(tree.body, "")


def compiled(text: str, filename: str, function: Function, changed: Function) -> CodeType:
    """The code of a changed function, in the place of the original in its module."""
    tree = ast.parse(text)
    qualname = next(name for name, node in functions(tree) if node.lineno == function.lineno)

    for owner in ast.walk(tree):
        body = getattr(owner, "body", None)
        for index, node in enumerate(body if isinstance(body, list) else ()):
            if isinstance(node, Function) and node.lineno == function.lineno:
                body[index] = changed  # type: ignore[index]
    module = compile(tree, filename, "exec", dont_inherit=True)
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
    """Whether a statement does nothing: a docstring, `return None` at the end, an assertion for type checkers."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    last = function.body[-1] is statement
    return (isinstance(statement, ast.Return) and statement.value is None and last) or isinstance(statement, ast.Assert)


def shown(node: ast.AST) -> str:
    """The source of a node, short."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:87] + "..."


class Mutation:
    """A plugin of pytest: in place of the tests it runs the mutants, each against the tests that execute its line."""

    def __init__(self, files: list[str]) -> None:
        self.mutants = [
            mutant for file in files for mutant in mutants(file, (ROOT / file).read_text("utf-8"), str(ROOT / file))
        ]
        self.names = {os.path.realpath(ROOT / file): file for file in files}
        self.survivors: list[Mutant] = []
        self.uncovered: list[Mutant] = []
        self.killed = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        tests = self.covering(session)
        owners = self.functions()
        started = time.monotonic()
        gc.freeze()
        for mutant in self.mutants:
            items = tests.get((mutant.file, mutant.line), [])
            if not items:
                self.uncovered.append(mutant)
            elif self.survives(mutant, items, owners):
                self.survivors.append(mutant)
            else:
                self.killed += 1
        print(f"\n{len(self.mutants)} mutants in {time.monotonic() - started:.0f} s", file=sys.stderr)
        return True

    def covering(self, session: pytest.Session) -> dict[tuple[str, int], list[pytest.Item]]:
        """The tests that execute each line, the fastest first. A test that fails without a mutant is left out."""
        lines: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
        for index, item in enumerate(session.items):
            seen: set[tuple[str, int]] = set()
            started = time.monotonic()
            sys.settrace(partial(self.trace, seen))
            try:
                passed = self.passes(item, session.items[index + 1] if index + 1 < len(session.items) else None)
            finally:
                sys.settrace(None)
            if not passed:
                print(f"left out, it fails without a mutant: {item.nodeid}", file=sys.stderr)
                continue
            for line in seen:
                lines[line].append((time.monotonic() - started, index))
        return {line: [session.items[index] for _, index in sorted(found)] for line, found in lines.items()}

    def trace(self, seen: set[tuple[str, int]], frame: FrameType, event: str, argument: object) -> Any:
        file = self.names.get(os.path.realpath(frame.f_code.co_filename))
        if file is None:
            return None

        def local(frame: FrameType, event: str, argument: object) -> Any:
            seen.add((file, frame.f_lineno))
            return local

        return local

    def passes(self, item: pytest.Item, following: pytest.Item | None = None) -> bool:
        from _pytest.runner import runtestprotocol

        reports = runtestprotocol(item, nextitem=following, log=False)
        return not any(report.failed for report in reports)

    def functions(self) -> dict[tuple[str, str, int], list[FunctionType]]:
        """The functions of these modules as they are now, by file, name and first line."""
        found: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                file = self.names.get(os.path.realpath(thing.__code__.co_filename))
                if file is not None:
                    found[file, thing.__code__.co_qualname, thing.__code__.co_firstlineno].append(thing)
        return found

    def survives(
        self, mutant: Mutant, items: list[pytest.Item], owners: dict[tuple[str, str, int], list[FunctionType]]
    ) -> bool:
        """Whether all tests pass with a mutant, in a fork of this process."""
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            signal.alarm(SECONDS)
            try:
                for function in owners[mutant.file, mutant.qualname, mutant.first]:
                    function.__code__ = mutant.code
                for item in items:
                    if not self.passes(item):
                        os._exit(1)
            except BaseException:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return status == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing of some modules")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--tests", nargs="*", default=["tests/unit"])
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    mutation = Mutation(arguments.files)
    if arguments.list:
        print("\n".join(map(str, mutation.mutants)))
        return 0
    options = ["-q", "-p", "no:cacheprovider", "-n0", "--no-header", "--capture=no"]
    pytest.main([*options, *arguments.tests], plugins=[mutation])
    for mutant in mutation.survivors:
        print(f"survived {mutant}")
    for mutant in mutation.uncovered:
        print(f"no test  {mutant}")
    total = len(mutation.mutants)
    print(f"{mutation.killed} of {total} mutants killed ({mutation.killed / max(total, 1):.1%})")
    return 1 if mutation.killed < total else 0


if __name__ == "__main__":
    sys.exit(main())
