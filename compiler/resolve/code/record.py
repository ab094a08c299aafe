"""What one code file says about other files: plain data that depends on its bytes alone, so that it can be kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FILE = "\1"
"""Stands at the start of a path for the path of the file that is read: `FILE/../x` is beside it."""
UNKNOWN = "$_"
"""Stands for a part of a command that cannot be known: a variable that no shell has set."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import of Python. ``level`` counts the dots; ``names`` are those of `from module import names`.

    ``optional``: within a function, a condition, or a `try` that catches its failure, so that it may be missing.
    """

    level: int
    module: str
    names: tuple[str, ...] = ()
    line: int = 1
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """A file that is run or read as code, by its path. ``program``: as a program of its own, with its own imports."""

    path: str
    line: int = 1
    program: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Spawn:
    """A command that code starts: a text for a shell, or words, each with whether it is known."""

    line: int
    text: str = ""
    words: tuple[tuple[str, bool], ...] = ()
    folder: str | None = "."
    """Where, as far as the code says; None if that is unknown."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that is only known when the code runs: where it stands, and what it is."""

    line: int
    text: str
    what: str


@dataclass(slots=True)
class Record:
    """What a code file loads. ``search`` are folders put on Python's path, with True for those that come first."""

    imports: list[Import] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    spawns: list[Spawn] = field(default_factory=list)
    search: list[tuple[str, bool]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    """Folders that are read as a whole, as Hydra's."""
    unknown: list[Unknown] = field(default_factory=list)
    exported: tuple[str, ...] = ()
    """The names in `__all__`, as far as they are literal."""
    error: tuple[int, str] | None = None
    """The line and the reason why the file cannot be parsed."""

    def as_json(self) -> list[Any]:
        """The record as JSON can hold it."""
        return [
            [[i.level, i.module, list(i.names), i.line, i.optional] for i in self.imports],
            [[x.path, x.line, x.program, x.language] for x in self.loads],
            [[s.line, s.text, [list(word) for word in s.words], s.folder] for s in self.spawns],
            [list(pair) for pair in self.search],
            self.folders,
            [[u.line, u.text, u.what] for u in self.unknown],
            list(self.exported),
            list(self.error) if self.error else None,
        ]

    @classmethod
    def from_json(cls, data: Any) -> Record:
        """The record of `as_json`. Raises ValueError, TypeError, KeyError or IndexError for anything else."""
        imports, loads, spawns, search, folders, unknown, exported, error = data
        return cls(
            [Import(int(i[0]), _text(i[1]), tuple(map(_text, i[2])), int(i[3]), bool(i[4])) for i in imports],
            [Load(_text(x[0]), int(x[1]), bool(x[2]), _text(x[3])) for x in loads],
            [
                Spawn(int(s[0]), _text(s[1]), tuple((_text(w[0]), bool(w[1])) for w in s[2]),
                      None if s[3] is None else _text(s[3]))
                for s in spawns
            ],
            [(_text(path), bool(first)) for path, first in search],
            [_text(folder) for folder in folders],
            [Unknown(int(u[0]), _text(u[1]), _text(u[2])) for u in unknown],
            tuple(map(_text, exported)),
            None if error is None else (int(error[0]), _text(error[1])),
        )  # fmt: skip


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
