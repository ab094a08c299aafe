"""The variables that templates see: params.yaml and `vars`, merged as DVC merges them, and which file gave each.

Held to DVC's own resolver by tests/real/test_dvc.py. Source of the rules:
https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#templating
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.diagnostic import Diagnostic
from ..model.source import At, Path
from ..read.params import DEFAULT
from .interpolate import pieces

Load = Callable[[str], Any | None]
"""Gives the content of a parameter file by its path, or None where there is none."""

Keys = tuple[str, ...]


class NotFound(Exception):  # noqa: N818 - it says what happened
    """No variable answers a template; ``part`` is the key that is missing, ``known`` what is there instead."""

    def __init__(self, part: str, known: Iterable[str]) -> None:
        super().__init__(part)
        self.part, self.known = part, tuple(known)


@dataclass(eq=False, slots=True)
class Scope:
    """Variables by name. ``files`` maps the keys of each subtree that a file gave to that file's path; ``loaded`` maps
    a file to the keys that were taken from it, or to None where it was taken whole."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[Keys, str] = field(default_factory=dict)
    loaded: dict[str, list[str] | None] = field(default_factory=dict)
    each: Mapping[str, Any] = field(default_factory=dict)
    """``item`` and ``key`` inside of a `foreach` or `matrix`; they hide variables of the same name."""
    parts: dict[str, Any] = field(default_factory=dict)
    """What stands for an expression in a text, once it has been looked up; `template` fills it."""

    def copy(self) -> Scope:
        """A scope to merge more into, which leaves this one as it is."""
        loaded = {path: None if keys is None else list(keys) for path, keys in self.loaded.items()}
        return Scope(_copied(self.values), dict(self.files), loaded, self.each)

    def of_each(self, each: Mapping[str, Any]) -> Scope:
        """The same variables with ``item`` and ``key``."""
        return Scope(self.values, self.files, self.loaded, each)

    def select(self, keys: Keys) -> tuple[Any, str | None]:
        """The value at dotted ``keys`` and the file it came from. Raises `NotFound`."""
        first = keys[0]
        node: Any = self.each if first in self.each else self.values
        for part in keys:
            node = _step(node, part)
        return node, (None if first in self.each else self._file(keys))

    def _file(self, keys: Keys) -> str | None:
        for length in range(len(keys), 0, -1):
            if (path := self.files.get(keys[:length])) is not None:
                return path or None
        return None


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def _step(node: Any, part: str) -> Any:
    if isinstance(node, Mapping):
        if part in node:
            return node[part]
        raise NotFound(part, (str(key) for key in node))
    if isinstance(node, list):
        try:
            return node[int(part)]
        except (ValueError, IndexError):
            raise NotFound(part, map(str, range(len(node)))) from None
    raise NotFound(part, ())


def global_scope(
    vars_: list[Any] | None, load: Load, wdir: str = "", at: Path = ("vars",)
) -> tuple[Scope, list[Diagnostic]]:
    """The variables of all stages: params.yaml where there is one, and over it what ``vars_`` names."""
    scope = Scope()
    found: list[Diagnostic] = []
    content = load(posixpath.join(wdir, DEFAULT))
    if isinstance(content, Mapping):
        path = posixpath.normpath(posixpath.join(wdir, DEFAULT))
        scope.loaded[path] = None
        _merge(scope, content, path, (), at, found)
    load_vars(scope, vars_ or (), load, wdir, at, found)
    return scope, found


def load_vars(scope: Scope, vars_: Iterable[Any], load: Load, wdir: str, at: Path, found: list[Diagnostic]) -> None:
    """Merge the items of a `vars` list, files and mappings, into the scope."""
    for index, item in enumerate(vars_):
        here = (*at, index)
        if _interpolates(item):
            help_ = "write the value itself; templates are not resolved inside of `vars`"
            found.append(Diagnostic("MLC201", "there is a template in `vars`", At(here), help=help_))
        elif isinstance(item, str):
            _load_file(scope, item, load, wdir, here, found)
        else:
            _merge(scope, item, "", (), here, found)


def _interpolates(value: Any) -> bool:
    if isinstance(value, str):
        return "${" in value and len(pieces(value)) > 1
    if isinstance(value, Mapping):
        return any(_interpolates(key) or _interpolates(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_interpolates, value))


def _load_file(scope: Scope, item: str, load: Load, wdir: str, at: Path, found: list[Diagnostic]) -> None:
    name, _, selected = item.partition(":")
    path = posixpath.normpath(posixpath.join(wdir, name))
    keys = [key for key in selected.split(",") if key] or None
    if path in scope.loaded:
        before = scope.loaded[path]
        if not keys and before is None:
            return
        if keys is None or before is None or set(keys) & set(before):
            what = f"`{item}` is loaded already, at least in part"
            found.append(Diagnostic("MLC203", what, At(at), help="name the file once, with all the keys"))
            return
    content = load(path)
    if not isinstance(content, Mapping):
        what = f"`{path}` does not exist" if content is None else f"`{path}` is not a mapping"
        found.append(Diagnostic("MLC204", what, At(at), help="correct the path, or write the file"))
        return
    for key in keys or ():
        if key not in content:
            found.append(Diagnostic("MLC204", f"there is no `{key}` in `{path}`", At(at), help="correct the key"))
            return
    _merge(scope, {key: content[key] for key in keys} if keys else content, path, (), at, found)
    known = scope.loaded.get(path)
    scope.loaded[path] = None if keys is None else [*(known or []), *keys]


def _merge(scope: Scope, update: Mapping[Any, Any], path: str, keys: Keys, at: Path, found: list[Diagnostic]) -> None:
    """Deep merge: mappings join, a key that is there already is an error. Keys that are no text are left out."""
    into = scope.values
    for key in keys:
        into = into[key]
    for key, value in update.items():
        if not isinstance(key, str):
            continue
        here = (*keys, key)
        if isinstance(into.get(key), dict) and isinstance(value, Mapping):
            _merge(scope, value, path, here, at, found)
        elif key in into or (not keys and key in scope.each):
            what = f"the variable `{'.'.join(here)}` is defined already"
            owner = scope.files.get(here[:1])
            help_ = f"rename it, or remove it from `{owner}`" if owner else "rename one of the two"
            found.append(Diagnostic("MLC203", what, At(at), help=help_))
        else:
            into[key] = _copied(value)
            scope.files[here] = path
