"""Places of values: a source text and offsets into it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

Path = tuple[str | int, ...]
"""The keys and indices from the root of a YAML document to a node."""


@dataclass(frozen=True, eq=False)
class Source:
    """The text of a file, with its name relative to the root of the repository."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find, at = self.text.find, -1
        while (at := find("\n", at + 1)) >= 0:
            starts.append(at + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, counted from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line ``number``, counted from 1, without its line ending."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else None].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, ``[start, end)``, in a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line of the first character, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """The column of the first character, from 1, in characters."""
        return self.source.position(self.start)[1]


@dataclass(frozen=True, slots=True)
class At:
    """A place in the spec: the path of a node, and whether its key or its value is meant.

    `Document.span` looks up the `Span` when a diagnostic is shown.
    """

    path: Path
    key: bool = False


Place = At | Span
