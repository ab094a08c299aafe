"""The values that the evaluation of a script knows. A path, also of pathlib, is a string; everything else may be unknown."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

ROOT: Final = "/.../"
"""The start of an absolute path inside the repository, such as one that is made of `__file__`."""


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""What cannot be evaluated without running the script."""


@dataclass(frozen=True, slots=True)
class Handle:
    """An open file."""

    path: str


@dataclass(frozen=True, slots=True)
class Library:
    """A module of a library, or something in it, by its dotted name."""

    name: str

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass(slots=True)
class Module:
    """A file of the repository that was evaluated."""

    path: str
    names: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Class:
    """A class of the repository."""

    node: ast.ClassDef
    module: Module
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Instance:
    """An object of such a class."""

    of: Class
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Function:
    """A function of the repository; ``first`` is the object that a method is bound to, ``options`` those of click."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    module: Module
    closure: Mapping[str, Any]
    first: Instance | None = None
    options: Options | None = None
    config: Any = None
    """The configuration that Hydra passes."""


@dataclass(slots=True)
class Options:
    """The options of a command line, as argparse and click declare them."""

    defaults: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """The name that each flag sets, and whether it takes a value."""
    positional: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)

    def add(self, names: Sequence[Any], keywords: Mapping[str, Any], is_required: bool = False) -> None:
        """Declare one option or argument."""
        words = [name for name in names if isinstance(name, str)]
        if not words:
            return
        flags = [word for word in words if word.startswith("-")]
        bare = [word for word in words if not word.startswith("-")]
        long = next((flag for flag in flags if flag.startswith("--")), None) or (flags[0] if flags else "")
        name = keywords.get("dest") or (bare[0] if bare else long.lstrip("-").partition("/")[0])
        name = str(name).replace("-", "_")
        is_switch = str(keywords.get("action", "")).startswith(("store_", "count")) or keywords.get("is_flag") is True
        has_default = "default" in keywords
        self.defaults[name] = keywords.get("default", False if is_switch else None)
        for flag in flags:
            self.flags[flag.partition("/")[0]] = (name, not is_switch)
        if not flags:
            self.positional.append(name)
            is_required = not has_default and keywords.get("nargs") not in ("?", "*")
        if (is_required or keywords.get("required") is True) and not has_default:
            self.required.append(long or name)

    def parse(self, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """The values under these arguments, and the required ones that are missing."""
        values = dict(self.defaults)
        given: set[str] = set()
        positional = list(self.positional)
        rest = iter(words)
        for word in rest:
            flag, equals, value = word.partition("=")
            if flag in self.flags:
                name, takes_value = self.flags[flag]
                values[name] = value if equals else next(rest, None) if takes_value else True
                given |= {name, flag}
            elif not word.startswith("-") and positional:
                name = positional.pop(0)
                values[name] = word
                given.add(name)
        missing = [name for name in self.required if name not in given and self._name(name) not in given]
        for name in missing:
            values[self._name(name)] = UNKNOWN
        return {name: value if value is not None else UNKNOWN for name, value in values.items()}, missing

    def _name(self, flag: str) -> str:
        return self.flags[flag][0] if flag in self.flags else flag


def joined(*parts: Any) -> Any:
    """`os.path.join` and pathlib's `/`."""
    if not parts or not all(isinstance(part, str) for part in parts):
        return UNKNOWN
    return posixpath.join(*parts)


def parent_of(path: str) -> str:
    """The folder above a path; that of a name is `.`."""
    normal = posixpath.normpath(path)
    if normal in (".", "..") or normal.endswith("/.."):
        return posixpath.join(normal, "..")
    return posixpath.dirname(normal) or "."


def known(value: Any) -> bool:
    """Whether a value was evaluated."""
    return value is not UNKNOWN and value is not None and not isinstance(value, Library)


def nested(outer: Any, inner: Sequence[str], module: Module) -> Module:
    """The packages around a module, for `import a.b.c`."""
    package = outer if isinstance(outer, Module) else Module("")
    rest = inner[1:]
    package.names[inner[0]] = nested(package.names.get(inner[0]), rest, module) if rest else module
    return package


def loaded(target: ast.expr) -> ast.expr:
    """The target of an assignment as an expression."""
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target


def bound(function: Function, owner: Instance) -> Function:
    """A method of an object."""
    return Function(function.node, function.module, function.closure, owner, function.options, function.config)
