"""The tokens of a shell text: words, operators and line ends."""

from __future__ import annotations

from dataclasses import dataclass

from .tree import HereDocument, Word
from .words import Grammar, Words

_OPERATORS = (";;&", "<<-", "<<<", "&>>", "&&", "||", ";;", ";&", "|&", "<<", ">>", "<&", ">&", "<>", ">|", "&>")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``offset`` is where it starts in the text."""

    kind: str
    """`word`, `op`, `newline` or `end`."""
    text: str
    word: Word = ()
    offset: int = 0


class Lexer(Words):
    """Cuts a text into tokens. ``here_docs`` are read when the line ends on which they are announced."""

    def __init__(self, text: str, depth: int, grammar: Grammar) -> None:
        super().__init__(text, depth, grammar)
        self.here_docs: list[HereDocument] = []

    def next(self) -> Token:
        """The token at the position, which moves behind it."""
        text, size = self.text, len(self.text)
        while self.at < size:
            char = text[self.at]
            if char in " \t\r":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = size if end < 0 else end
            else:
                break
        start = self.at
        if start >= size:
            return Token("end", "", offset=start)
        if text[start] == "\n":
            self.at += 1
            self._read_here_docs()
            return Token("newline", "\n", offset=start)
        if text[start] in ";&|()<>":
            if text.startswith(("<(", ">("), start):  # a process substitution is a word
                return self._word_token(start)
            operator = next((op for op in _OPERATORS if text.startswith(op, start)), text[start])
            self.at += len(operator)
            return Token("op", operator, offset=start)
        return self._word_token(start)

    def _word_token(self, start: int) -> Token:
        word = self.word()
        return Token("word", self.text[start : self.at], word, start)

    def _read_here_docs(self) -> None:
        for document in self.here_docs:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = end + 1
                line = line.lstrip("\t") if document.strip else line
                if line == document.end:
                    break
                document.lines.append(line)
        self.here_docs.clear()
