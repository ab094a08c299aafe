"""Every diagnostic comes from a `Code` constant, and each number and message stands once."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("compiler", "targets")
SOURCES = sorted(source for folder in FOLDERS for source in (ROOT / folder).rglob("*.py"))


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def constants(tree: ast.Module) -> Iterator[ast.Call]:
    """The values of upper-case names at the top of a module."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            if statement.targets[0].id.isupper() and isinstance(statement.value, ast.Call):
                yield statement.value


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_diagnostics_are_made_by_codes_only(source: Path) -> None:
    tree = ast.parse(source.read_text("utf-8"))
    if source != ROOT / "compiler/model/diagnostic.py":
        assert list(calls(tree, "Diagnostic")) == []
    assert [call.lineno for call in calls(tree, "Code") if call not in list(constants(tree))] == []


def test_each_number_and_message_stands_once() -> None:
    stated = Counter(
        tuple(argument.value for argument in call.args[:3] if isinstance(argument, ast.Constant))
        for source in SOURCES
        for call in calls(ast.parse(source.read_text("utf-8")), "Code")
    )
    assert stated
    assert [code for code, count in stated.items() if count > 1] == []
    assert all(len(code) == 3 for code in stated), "number, severity and message are literals"
