"""The words of a shell text: quotes, variables and substitutions."""

from __future__ import annotations

import re
from typing import Protocol

from .tree import Node, Part, Substitution, Text, Variable

MAX_DEPTH = 40
"""Nesting of subshells, loops and substitutions; what is deeper is skipped."""

_PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>#*?\[{}=~!]+")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]+|[@*#?$!-]", re.ASCII)
_BRACED_NAME = re.compile(r"[!#]?[A-Za-z_0-9@*]\w*(?:\[[^\]\n]*\])?")
_BRACED_OPERATOR = re.compile(r":[-=+?]|%%|##|[-=+?%#]|//?|[:^,@]")


class Grammar(Protocol):
    """Parses the commands of a substitution. The parser passes itself in, as it is built on words."""

    def parse(self, text: str, depth: int = 0) -> tuple[Node, ...]:
        """The commands of a whole text."""

    def parse_substitution(self, text: str, depth: int, start: int) -> tuple[tuple[Node, ...], int]:
        """The commands from ``start`` to the parenthesis that closes them, and the position behind it."""


class Words:
    """Reads words, each from the position ``at``."""

    def __init__(self, text: str, depth: int, grammar: Grammar) -> None:
        self.text, self.depth, self.at = text, depth, 0
        self.grammar = grammar

    def word(self) -> tuple[Part, ...]:
        """The word at the position, which moves behind it."""
        return tuple(self._parts(""))

    def _parts(self, until: str) -> list[Part]:
        """The parts of a word, up to where it ends; inside `${...}` up to the brace that closes it."""
        text, size = self.text, len(self.text)
        parts: list[Part] = []
        while self.at < size:
            char = text[self.at]
            if until and char == until:
                break
            if not until and (char in " \t\r\n;&|()" or (char in "<>" and not text.startswith(("<(", ">("), self.at))):
                break
            if char == "'":
                end = text.find("'", self.at + 1)
                end = size if end < 0 else end
                parts.append(Text(text[self.at + 1 : end], True))
                self.at = end + 1
            elif char == '"':
                self.at += 1
                parts += self._double() or [Text("", True)]
            elif char == "\\":
                if not text.startswith("\\\n", self.at):
                    parts.append(Text(text[self.at + 1 : self.at + 2], True))
                self.at += 2
            elif char == "$" and text.startswith("$'", self.at):
                end = text.find("'", self.at + 2)
                end = size if end < 0 else end
                parts.append(Text(text[self.at + 2 : end], True))
                self.at = end + 1
            elif char in "$`":
                parts.append(self._expansion(False))
            elif char in "<>":
                parts.append(self._substituted(self.at, self.at + 2, False))
            elif match := _PLAIN.match(text, self.at):
                end = match.end()
                if until and (brace := text.find(until, self.at, end)) >= 0:
                    end = brace
                parts.append(Text(text[self.at : end]))
                self.at = end
            else:
                parts.append(Text(char))
                self.at += 1
        return parts

    def _double(self) -> list[Part]:
        """The parts between double quotes; the closing one is consumed."""
        text, size = self.text, len(self.text)
        parts: list[Part] = []
        while self.at < size and text[self.at] != '"':
            char = text[self.at]
            if char == "\\" and self.at + 1 < size and text[self.at + 1] in '$`"\\\n':
                if text[self.at + 1] != "\n":
                    parts.append(Text(text[self.at + 1], True))
                self.at += 2
            elif char in "$`":
                parts.append(self._expansion(True))
            else:
                start = self.at
                self.at += 1
                while self.at < size and text[self.at] not in '\\$`"':
                    self.at += 1
                parts.append(Text(text[start : self.at], True))
        self.at += 1
        return parts

    def _expansion(self, quoted: bool) -> Part:
        """A variable or a substitution; or the dollar sign that starts neither."""
        text, start = self.text, self.at
        if text[start] == "`":
            end = start + 1
            while end < len(text) and text[end] != "`":
                end += 2 if text[end] == "\\" else 1
            self.at = end + 1
            inner = text[start + 1 : end].replace("\\`", "`")
            return Substitution(text[start : end + 1], self._inner(inner), quoted)
        if text.startswith("$((", start):
            end = text.find("))", start)
            self.at = len(text) if end < 0 else end + 2
            return Variable("((", text[start : self.at], quoted)
        if text.startswith("$(", start):
            return self._substituted(start, start + 2, quoted)
        if text.startswith("${", start):
            return self._braced(start, quoted)
        if match := _NAME.match(text, start + 1):
            name = match.group() if not match.group().isdigit() else match.group()[0]
            self.at = start + 1 + len(name)
            return Variable(name, text[start : self.at], quoted)
        self.at += 1
        return Text("$", quoted)

    def _braced(self, start: int, quoted: bool) -> Part:
        """`${NAME}`, with its operator and operand."""
        text = self.text
        self.at = start + 2
        match = _BRACED_NAME.match(text, self.at)
        if match is None or self.depth >= MAX_DEPTH:
            end = text.find("}", start)
            self.at = len(text) if end < 0 else end + 1
            return Variable("", text[start : self.at], quoted)
        self.at = match.end()
        operator_match = _BRACED_OPERATOR.match(text, self.at)
        operator = operator_match.group() if operator_match else ""
        self.at += len(operator)
        self.depth += 1
        operand = tuple(self._parts("}"))
        self.depth -= 1
        self.at += 1
        return Variable(match.group(), text[start : self.at], quoted, operator, operand)

    def _substituted(self, start: int, inside: int, quoted: bool) -> Part:
        """`$( ... )`: its end is the parenthesis that its own commands leave open."""
        if self.depth >= MAX_DEPTH:
            self.at = len(self.text)
            return Variable("", self.text[start:], quoted)
        body, self.at = self.grammar.parse_substitution(self.text, self.depth + 1, inside)
        return Substitution(self.text[start : self.at], body, quoted)

    def _inner(self, text: str) -> tuple[Node, ...]:
        return self.grammar.parse(text, self.depth + 1) if self.depth < MAX_DEPTH else ()
