"""Positions of the Language Server Protocol in a text, and back: lines from 0, columns in units of an encoding."""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol.types import Position, PositionEncodingKind, Range

_BREAK = re.compile(r"\r\n|\n|\r")
_UTF8, _UTF16 = PositionEncodingKind.Utf8, PositionEncodingKind.Utf16


class Lines:
    """The lines of a text. Positions beyond a line or beyond the text mean its end, as the protocol demands."""

    def __init__(self, text: str, encoding: PositionEncodingKind | str = _UTF16) -> None:
        self.text = text
        self.encoding = PositionEncodingKind(encoding)
        self._starts = [0, *(match.end() for match in _BREAK.finditer(text))]

    def offset(self, position: Position) -> int:
        """The offset of a position, in characters."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        line = self.line(position.line)
        if line.isascii() or self.encoding == PositionEncodingKind.Utf32:
            return start + min(position.character, len(line))
        units = 0
        for index, char in enumerate(line):
            if units >= position.character:
                return start + index
            units += self._units(char)
        return start + len(line)

    def position(self, offset: int) -> Position:
        """The position of an offset."""
        number = bisect_right(self._starts, offset) - 1
        before = self.text[self._starts[number] : offset]
        return Position(number, len(before) if before.isascii() else sum(map(self._units, before)))

    def range(self, start: int, end: int) -> Range:
        """The range between two offsets."""
        return Range(self.position(start), self.position(end))

    def line(self, number: int) -> str:
        """The text of a line, from 0, without its line break."""
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)
        return self.text[self._starts[number] : end].rstrip("\r\n")

    def _units(self, char: str) -> int:
        if self.encoding == _UTF16:
            return 2 if ord(char) > 0xFFFF else 1
        return len(char.encode("utf-8", "replace")) if self.encoding == _UTF8 else 1
