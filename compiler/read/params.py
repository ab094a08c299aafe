"""Parameter files: YAML, JSON, TOML and Python, read as DVC reads them and never executed.

One of them is made by the build: .mlops/packages.json, whose content is what the lock of the packages says now.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import TOO_LARGE, Snapshot
from ..model.source import Source, Span
from ..programs.packages import PATH as PACKAGES
from ..programs.packages import Lock, Unreadable, is_packages, read_lock
from .keys import matches
from .yaml import decode, load

DEFAULT = "params.yaml"
_HUGE = r"(?i)0[xob]\w{1000}"
"""An integer literal that Python parses but refuses to print."""

UNREADABLE_PARAMS = Code("MLC010", "error", "`{file}` cannot be read: {problem}", help="correct the file")
UNREADABLE_PACKAGES = Code(
    "MLC315",
    "warning",
    "{problem}, so no stage tracks the versions of packages",
    help="correct the file, or let the tool that wrote it lock again",
)


@dataclass(slots=True)
class ParamFiles:
    """The parameter files of a repository; each is read once, and its problems are collected in ``diagnostics``."""

    snapshot: Snapshot
    diagnostics: list[Diagnostic] = field(default_factory=list)
    locks: dict[str, Lock] = field(default_factory=dict)
    """The lock of each environment, by the file of its versions."""
    _read: dict[str, Any] = field(default_factory=dict)
    _locks: list[Lock | None] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The files loaded so far that exist."""
        return [path for path, value in self._read.items() if value is not None and not is_packages(path)]

    @property
    def packages(self) -> Lock | None:
        """The lock of the project's packages; None if there is none that can be read."""
        if not self._locks:
            above = len([part for part in self.snapshot.here.split("/") if part])
            try:
                self._locks.append(read_lock(self.snapshot.read, above))
            except Unreadable as error:
                self._locks.append(None)
                self.diagnostics.append(UNREADABLE_PACKAGES.on(None, problem=str(error)))
        return self._locks[0]

    @property
    def asked(self) -> list[str]:
        """All files that were asked for."""
        return list(self._read)

    def load(self, path: str) -> Any | None:
        """The content of a file, parsed by its extension; None if it is missing or cannot be read."""
        if path not in self._read:
            if path == PACKAGES and self.packages is not None:
                self._read[path] = self.packages.entries()
                return self._read[path]
            if path in self.locks:
                self._read[path] = self.locks[path].entries()
                return self._read[path]
            raw = self.snapshot.read(path)
            if raw is None and self.snapshot.kind(path) == "file":
                self.diagnostics.append(UNREADABLE_PARAMS.on(None, file=path, problem=TOO_LARGE))
            self._read[path] = None if raw is None else self._parse(path, raw)
        return self._read[path]

    def _parse(self, path: str, raw: bytes) -> Any | None:
        source, problems = decode(path, raw)
        extension = path.rpartition(".")[2].lower()
        if extension in ("toml", "py") and (
            number := re.search(_HUGE, source.text)
        ):  # the YAML reader checks this itself
            problems.append(_unreadable(source, number.start(), "a number is too long"))
        if not problems:
            value, problems = _READERS.get(extension, _yaml)(source)
        self.diagnostics.extend(problems)
        return None if problems else value


def lookup(data: Any, key: str, default: Any = None) -> Any:
    """The value that a dotted key means to DVC, or ``default``; the first one of a glob that matches several."""
    return next(iter(matches(data, key)), default)


def _yaml(source: Source) -> tuple[Any, list[Diagnostic]]:
    value, problems = load(source)
    return ({} if value is None else value), problems


def _json(source: Source) -> tuple[Any, list[Diagnostic]]:
    import json

    try:
        return json.loads(source.text), []
    except json.JSONDecodeError as error:
        return None, [_unreadable(source, error.pos, error.msg)]
    except (RecursionError, ValueError) as error:
        return None, [_unreadable(source, 0, str(error))]


def _toml(source: Source) -> tuple[Any, list[Diagnostic]]:
    import tomllib

    try:
        return tomllib.loads(source.text), []
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return None, [_unreadable(source, 0, str(error))]


def _python(source: Source) -> tuple[Any, list[Diagnostic]]:
    try:
        return _assigned(ast.parse(source.text).body), []
    except SyntaxError as error:
        starts = source.text.splitlines(keepends=True)[: max((error.lineno or 1) - 1, 0)]
        return None, [_unreadable(source, sum(map(len, starts)), str(error.msg))]
    except (RecursionError, ValueError, MemoryError) as error:
        return None, [_unreadable(source, 0, str(error))]


def _assigned(body: list[ast.stmt], of_self: bool = False) -> dict[str, Any]:
    """The literals that statements assign: to names, inside classes, and to ``self`` in ``__init__``."""
    values: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            values[statement.name] = _assigned(statement.body)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            values.update(_assigned(statement.body, of_self=True))
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets: list[ast.expr] = (
                list(statement.targets) if isinstance(statement, ast.Assign) else [statement.target]
            )
            for name in _names(targets, of_self):
                try:
                    values[name] = ast.literal_eval(statement.value)
                except (ValueError, TypeError):
                    continue
    return values


def _names(targets: list[ast.expr], of_self: bool) -> Iterator[str]:
    if len(targets) != 1:
        return
    target = targets[0]
    if of_self:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            yield target.attr
    elif isinstance(target, ast.Name):
        yield target.id


def _unreadable(source: Source, offset: int, problem: str) -> Diagnostic:
    span = Span(source, min(offset, len(source.text)), min(offset + 1, len(source.text)))
    return UNREADABLE_PARAMS.on(span, file=source.name, problem=problem)


_READERS = {"json": _json, "toml": _toml, "py": _python}
