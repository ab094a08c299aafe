"""One program of Python, R or the like, while the code that it loads is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..command import Word
from .record import Record


@dataclass(slots=True)
class Process:
    """What the imports of a program are looked up in, the records of its files, and the files still to be read."""

    folder: str | None
    """The folder that it runs in; None if that is unknown."""
    search: list[str]
    """The search path of its imports. It may grow while its files are read."""
    home: str
    """The folder of its script, which tells the project that it belongs to."""
    env: Mapping[str, Word]
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """Files still to be read, each with its language."""
    read: dict[tuple[str, str], Record] = field(default_factory=dict)
    code: list[Record] = field(default_factory=list)
    """Records of code that stands on a command line."""
    unsure: list[tuple[str, int, str]] = field(default_factory=list)
    """Changes of the search path that are not known: file, line, text."""
