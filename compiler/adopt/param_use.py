"""Which keys of a parameter file the code of a stage uses, if every use is literal."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

LOADERS = frozenset({"safe_load", "full_load", "load", "loads", "params_show"})
"""Functions that return the content of a parameter file: PyYAML, ruamel.yaml, json, tomllib, OmegaConf, dvc.api."""

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def used_keys(params: Mapping[str, Any], codes: Iterable[str]) -> list[str] | None:
    """The top-level keys of ``params`` that the code uses; None if some use is not literal, so that any key may matter.

    A use is literal if it is `x["key"]`, `x.get("key")` or `x.key` of a value that a loader returned.
    """
    try:
        modules = [_Module(ast.parse(code)) for code in codes]
    except (SyntaxError, ValueError, RecursionError):
        return None
    functions = set(LOADERS)
    while any(module.bind(functions) for module in modules):
        pass
    keys: set[str] = set()
    if not all(module.take(functions, keys) for module in modules):
        return None
    return [key for key in params if key in keys] or None


class _Module:
    """The code of one file, and the names in it that are bound to loaded params, each with its scope."""

    def __init__(self, tree: ast.Module) -> None:
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.nodes = list(ast.walk(tree))
        self.stored: dict[Scope, set[str]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.stored.setdefault(self.scope(node), set()).add(node.id)
            elif isinstance(node, ast.arg):
                self.stored.setdefault(self.scope(node), set()).add(node.arg)
        self.bound: set[tuple[Scope, str]] = set()

    def scope(self, node: ast.AST) -> Scope:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, Scope):
                return node
        assert isinstance(node, ast.Module)
        return node

    def bind(self, functions: set[str]) -> bool:
        """Follow assignments and returns once. Whether anything new was found."""
        before = len(self.bound) + len(functions)
        for node in self.nodes:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and self._is_params(node.value, functions):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.bound.update((self.scope(node), target.id) for target in targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.Return) and node.value and self._is_params(node.value, functions):
                function = self.scope(node)
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    functions.add(function.name)
        return before != len(self.bound) + len(functions)

    def take(self, functions: set[str], keys: set[str]) -> bool:
        """Collect the keys that are taken from params. Whether every use is literal."""
        return all(
            self._is_literal(node, keys)
            for node in self.nodes
            if isinstance(node, ast.expr) and self._is_params(node, functions)
        )

    def _is_params(self, node: ast.expr, functions: set[str]) -> bool:
        if isinstance(node, ast.Name):
            scope = self.scope(node)
            while node.id not in self.stored.get(scope, ()) and scope in self.parents:
                scope = self.scope(scope)
            return (scope, node.id) in self.bound
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return name in functions
        if isinstance(node, ast.BoolOp):  # yaml.safe_load(text) or {}
            return any(self._is_params(value, functions) for value in node.values)
        return False

    def _is_literal(self, node: ast.expr, keys: set[str]) -> bool:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            return True
        parent = self.parents[node]
        if isinstance(parent, ast.Assign):
            return all(isinstance(target, ast.Name) for target in parent.targets)
        if isinstance(parent, ast.Return):
            return isinstance(self.scope(parent), (ast.FunctionDef, ast.AsyncFunctionDef))
        if isinstance(parent, (ast.AnnAssign, ast.BoolOp, ast.Expr)):
            return True
        if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.slice, ast.Constant):
            keys.add(str(parent.slice.value))
            return True
        return isinstance(parent, ast.Attribute) and self._is_literal_attribute(parent, keys)

    def _is_literal_attribute(self, node: ast.Attribute, keys: set[str]) -> bool:
        call = self.parents.get(node)
        if not (isinstance(call, ast.Call) and call.func is node):
            keys.add(node.attr)
            return True
        first = call.args[0] if call.args else None
        if node.attr in ("get", "pop", "setdefault") and isinstance(first, ast.Constant):
            keys.add(str(first.value))
            return True
        return False
