"""The variables of templates: params.yaml and `vars`, merged as DVC merges them, with the file that defines each.

tests/real/test_dvc.py compares the result with DVC's resolver. Source of the rules:
https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#templating
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.source import Path
from ..read.params import DEFAULT
from .interpolate import pieces

TEMPLATE_IN_VARS = Code("MLC201", "error", "`vars` cannot contain templates", help="write the value itself")
LOADED_TWICE = Code(
    "MLC203", "error", "`{file}` is already loaded, at least in part", help="name the file once, with all its keys"
)
DEFINED_TWICE = Code("MLC203", "error", "the variable `{variable}` is already defined", help="rename one of the two")
DEFINED_IN_FILE = replace(DEFINED_TWICE, help="rename it, or remove it from `{file}`")
NO_VARS_FILE = Code("MLC204", "error", "`{file}` does not exist", help="correct the path, or create the file")
VARS_FILE_NOT_MAPPING = Code(
    "MLC204", "error", "`{file}` is not a mapping", help="correct the path, or write a mapping into the file"
)
NO_VARS_KEY = Code("MLC204", "error", "`{file}` has no key `{key}`", help="correct the key")

Load = Callable[[str], Any | None]
"""Loads a parameter file by its path; None if it does not exist."""

Keys = tuple[str, ...]


class NotFound(Exception):  # noqa: N818 - it names what happened
    """A template names no variable; ``part`` is the missing key, ``known`` are the keys at that place."""

    def __init__(self, part: str, known: Iterable[str]) -> None:
        self.part, self.known = part, tuple(known)


@dataclass(eq=False, slots=True)
class Scope:
    """Variables by name.

    ``files`` maps the keys of each subtree to the file that defines it; ``loaded`` maps a file to the keys taken from it,
    or to None for the whole file. ``item`` holds `item` and `key` inside a `foreach` or `matrix`, which hide variables of
    the same name. ``parts`` caches the replacement of each expression.
    """

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[Keys, str] = field(default_factory=dict)
    loaded: dict[str, list[str] | None] = field(default_factory=dict)
    item: Mapping[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> Scope:
        """An independent scope with the same variables."""
        loaded = {path: None if keys is None else list(keys) for path, keys in self.loaded.items()}
        return Scope(_copied(self.values), dict(self.files), loaded, self.item)

    def with_item(self, item: Mapping[str, Any]) -> Scope:
        """The same variables with other `item` and `key`."""
        return Scope(self.values, self.files, self.loaded, item)

    def select(self, keys: Keys) -> tuple[Any, str | None]:
        """The value at dotted ``keys`` and the file it came from. Raises `NotFound`."""
        first = keys[0]
        node: Any = self.item if first in self.item else self.values
        for part in keys:
            node = _step(node, part)
        return node, (None if first in self.item else self._file(keys))

    def _file(self, keys: Keys) -> str | None:
        prefixes = (keys[:length] for length in range(len(keys), 0, -1))
        return next(self.files[prefix] for prefix in prefixes if prefix in self.files) or None


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def _step(node: Any, part: str) -> Any:
    if isinstance(node, Mapping):
        if part in node:
            return node[part]
        raise NotFound(part, (str(key) for key in node))
    if isinstance(node, list):
        with suppress(ValueError, IndexError):
            return node[int(part)]
    raise NotFound(part, ())


def global_scope(
    vars_: list[Any] | None, load: Load, wdir: str = "", at: Path = ("vars",)
) -> tuple[Scope, list[Diagnostic]]:
    """The variables of all stages: those of params.yaml, and those that ``vars_`` adds."""
    scope = Scope()
    diagnostics: list[Diagnostic] = []
    content = load(posixpath.join(wdir, DEFAULT))
    if isinstance(content, Mapping):
        path = posixpath.normpath(posixpath.join(wdir, DEFAULT))
        scope.loaded[path] = None
        _merge(scope, content, path, (), at, diagnostics)
    load_vars(scope, vars_ or (), load, wdir, at, diagnostics)
    return scope, diagnostics


def load_vars(
    scope: Scope, vars_: Iterable[Any], load: Load, wdir: str, at: Path, diagnostics: list[Diagnostic]
) -> None:
    """Merge the items of a `vars` list, files and mappings, into the scope."""
    for index, item in enumerate(vars_):
        item_path = (*at, index)
        if _has_template(item):
            diagnostics.append(TEMPLATE_IN_VARS.at(*item_path))
        elif isinstance(item, str):
            _load_file(scope, item, load, wdir, item_path, diagnostics)
        else:
            _merge(scope, item, "", (), item_path, diagnostics)


def _has_template(value: Any) -> bool:
    if isinstance(value, str):
        return len(pieces(value)) > 1
    if isinstance(value, Mapping):
        return any(_has_template(key) or _has_template(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_template, value))


def _load_file(scope: Scope, item: str, load: Load, wdir: str, at: Path, diagnostics: list[Diagnostic]) -> None:
    name, _, selected = item.partition(":")
    path = posixpath.normpath(posixpath.join(wdir, name))
    keys = [key for key in selected.split(",") if key] or None
    if path in scope.loaded:
        before = scope.loaded[path]
        if not keys and before is None:
            return
        if keys is None or before is None or set(keys) & set(before):
            diagnostics.append(LOADED_TWICE.at(*at, file=item))
            return
    content = load(path)
    if not isinstance(content, Mapping):
        diagnostics.append((NO_VARS_FILE if content is None else VARS_FILE_NOT_MAPPING).at(*at, file=path))
        return
    for key in keys or ():
        if key not in content:
            diagnostics.append(NO_VARS_KEY.at(*at, file=path, key=key))
            return
    _merge(scope, {key: content[key] for key in keys} if keys else content, path, (), at, diagnostics)
    scope.loaded[path] = None if keys is None else [*(scope.loaded.get(path) or []), *keys]


def _merge(
    scope: Scope, update: Mapping[Any, Any], path: str, keys: Keys, at: Path, diagnostics: list[Diagnostic]
) -> None:
    """Deep merge: mappings merge, a key that is already defined is an error. Keys that are not text are ignored."""
    into = scope.values
    for key in keys:
        into = into[key]
    for key, value in update.items():
        if not isinstance(key, str):
            continue
        variable = (*keys, key)
        if isinstance(into.get(key), dict) and isinstance(value, Mapping):
            _merge(scope, value, path, variable, at, diagnostics)
        elif key in into or (not keys and key in scope.item):
            file = scope.files.get(variable[:1])
            code = DEFINED_IN_FILE if file else DEFINED_TWICE
            diagnostics.append(code.at(*at, variable=".".join(variable), file=file))
        else:
            into[key] = _copied(value)
            scope.files[variable] = path
