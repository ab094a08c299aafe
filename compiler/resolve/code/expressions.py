"""Calls and texts of R and Julia, read from their tokens: enough to tell which file `source(here("R", "x.R"))` is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

Values = tuple[str, ...]
MAX_VALUES = 64
_MAX_DEPTH = 16
_MAX_TOKENS = 400_000


@dataclass(frozen=True, slots=True)
class Syntax:
    """What differs between the languages."""

    tokens: str
    """The pattern of a token, with a group for each kind; compiled when the first file is read."""
    joins: frozenset[str]
    """Functions that join the parts of a path."""
    concats: frozenset[str]
    """Functions, and operators, that put texts together."""
    vectors: frozenset[str]
    """Functions, and brackets, that make a vector."""
    same: frozenset[str]
    """Functions that give back the path that they are given."""
    listings: frozenset[str]
    """Functions that list the files of a folder."""
    constants: dict[str, str]
    """Names and calls without arguments that stand for a folder."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token: a text in quotes, a name, a number or a sign; ``text`` of a string is its value."""

    kind: str
    text: str
    offset: int


@dataclass(slots=True)
class Code:
    """The tokens of a file, and what its names are bound to."""

    syntax: Syntax
    tokens: list[Token]
    bound: dict[str, list[int]] = field(default_factory=dict)
    """Where the expressions start that a name is bound to."""
    loops: dict[str, list[int]] = field(default_factory=dict)
    steps: int = 20_000
    scanned: int = 2_000_000
    """How many tokens may still be looked at to find the ends of calls."""

    @classmethod
    def of(cls, text: str, syntax: Syntax) -> Code:
        """The code of a file, without its comments."""
        tokens: list[Token] = []
        for match in re.finditer(syntax.tokens, text):
            kind = match.lastgroup or ""
            if kind in ("comment", "space"):
                continue
            value = match.group()
            if kind == "string":
                quote = 3 if value.startswith('"""') else 1
                value = value[quote : -quote or None].replace("\\\\", "/").replace('\\"', '"')
            tokens.append(Token(kind, value, match.start()))
            if len(tokens) >= _MAX_TOKENS:
                break
        code = cls(syntax, tokens)
        for index, token in enumerate(tokens[:-2]):
            if token.kind == "name" and tokens[index + 1].text in ("<-", "=", "<<-", ":="):
                before = tokens[index - 1].text if index else ""
                if before not in ("(", ",") or tokens[index + 1].text != "=":
                    code.bound.setdefault(token.text, []).append(index + 2)
            elif token.kind == "name" and tokens[index + 1].text in ("in", "∈"):
                code.loops.setdefault(token.text, []).append(index + 2)
        return code

    def calls(self, names: frozenset[str]) -> Iterator[tuple[str, int, Token]]:
        """Calls of some functions, whatever package they are of: the name, where the arguments start, the name's token."""
        for index, token in enumerate(self.tokens[:-1]):
            if token.kind == "name" and self.tokens[index + 1].text in ("(", ".("):
                last = re.split(r":{2,3}|\.(?=[a-zA-Z]+\Z)|\$", token.text)[-1] if "::" in token.text else token.text
                if last in names or token.text in names:
                    yield last if last in names else token.text, index + 2, token

    def arguments(self, at: int) -> list[tuple[str, int]]:
        """The arguments from a place on: the name of each, empty if it has none, and where its expression starts."""
        found: list[tuple[str, int]] = []
        depth, start = 0, at
        for index in self._ahead(at):
            text = self.tokens[index].text if self.tokens[index].kind == "sign" else ""
            if depth == 0 and text in (",", ")", ";"):
                if index > start:
                    found.append(self._named(start))
                start = index + 1
                if text == ")":
                    return found
            depth += (text in ("(", "[", "{", ".(", "[[")) - (text in (")", "]", "}", "]]"))
            if depth < 0:
                return found
        return found

    def _ahead(self, at: int) -> Iterator[int]:
        """The tokens from a place on, as far as a call may reach."""
        for index in range(at, min(len(self.tokens), at + 4000)):
            self.scanned -= 1
            if self.scanned < 0:
                return
            yield index

    def _named(self, start: int) -> tuple[str, int]:
        if self.tokens[start].kind in ("name", "string") and self.tokens[start + 1 : start + 2]:
            if self.tokens[start + 1].text == "=" and self.tokens[start + 1].kind == "sign":
                return self.tokens[start].text, start + 2
        return "", start

    # -- values

    def values(self, at: int, depth: int = 0) -> Values | None:
        """The texts that the expression at a place may have."""
        self.steps -= 1
        if depth > _MAX_DEPTH or self.steps < 0 or at >= len(self.tokens):
            return None
        found, end = self._primary(at, depth)
        while found is not None and end < len(self.tokens) and self.tokens[end].text in self.syntax.concats:
            right, end = self._primary(end + 1, depth)
            found = None if right is None else _product([found, right], "")
        if end < len(self.tokens) and self.tokens[end].kind == "sign":
            if self.tokens[end].text not in (",", ")", "]", "}", ";", "]]"):
                if self.tokens[end].text in ("[", "[[", "$", "*", "+", "|>", "%>%", "."):
                    return None
        return None if found is None else tuple(dict.fromkeys(found))[:MAX_VALUES]

    def _primary(self, at: int, depth: int) -> tuple[Values | None, int]:
        if at >= len(self.tokens):
            return None, at
        token = self.tokens[at]
        if token.kind == "string":
            known = "$" not in token.text or self.syntax.tokens != JULIA_TOKENS
            return ((token.text,) if known else self._interpolated(token.text, depth)), at + 1
        if token.text == "[" and "[" in self.syntax.vectors:
            return self._vector(at + 1, depth), self._after(at)
        if token.kind != "name":
            return None, at + 1
        name = re.split(r":{2,3}", token.text)[-1]
        if at + 1 < len(self.tokens) and self.tokens[at + 1].text == "(":
            return self._call(name, at + 2, depth), self._after(at + 1)
        if name in self.syntax.constants:
            return (self.syntax.constants[name],), at + 1
        found: list[str] = []
        places = [(place, False) for place in self.bound.get(name, ())] + [(p, True) for p in self.loops.get(name, ())]
        for place, _ in places[:MAX_VALUES]:
            values = self.values(place, depth + 1) if place > at or place + 1 < at else None
            if values is None:
                return None, at + 1
            found += values
        return (tuple(found) or None), at + 1

    def _interpolated(self, text: str, depth: int) -> Values | None:
        """A text of Julia with `$name` or `$(name)` in it."""
        parts: list[Values] = []
        at = 0
        for match in re.finditer(r"\$(?:\(([@\w]+)\)|([A-Za-z_]\w*))", text):
            name = match.group(1) or match.group(2)
            parts.append((text[at : match.start()],))
            if name in self.syntax.constants:
                parts.append((self.syntax.constants[name],))
            else:
                places = [*self.bound.get(name, ()), *self.loops.get(name, ())]
                values = [self.values(place, depth + 1) for place in places]
                if not values or None in values:
                    return None
                parts.append(tuple(value for each in values for value in each or ()))
            at = match.end()
        return None if "$" in text[at:] else _product([*parts, (text[at:],)], "")

    def _vector(self, at: int, depth: int) -> Values | None:
        found: list[str] = []
        for _, place in self._elements(at):
            values = self.values(place, depth + 1)
            if values is None:
                return None
            found += values
        return tuple(found)

    def _elements(self, at: int) -> list[tuple[str, int]]:
        """The elements of `[...]`."""
        found: list[tuple[str, int]] = []
        depth, start = 0, at
        for index in self._ahead(at):
            text = self.tokens[index].text if self.tokens[index].kind == "sign" else ""
            if depth == 0 and text in (",", "]"):
                if index > start:
                    found.append(("", start))
                start = index + 1
                if text == "]":
                    return found
            depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        return found

    def _call(self, name: str, at: int, depth: int) -> Values | None:
        arguments = self.arguments(at)
        plain = [place for key, place in arguments if not key]
        syntax = self.syntax
        if not arguments and name in syntax.constants:
            return (syntax.constants[name],)
        if name in syntax.vectors:
            found = [self.values(place, depth + 1) for _, place in arguments]
            return None if None in found else tuple(value for values in found for value in values or ())
        if name in syntax.same:
            return self.values(plain[0], depth + 1) if plain else None
        if name in syntax.listings:
            folder = self.values(plain[0], depth + 1) if plain else None
            return None if folder is None else tuple(f"{value}/*" for value in folder)
        if name == "paste":
            between = next((self.values(place, depth + 1) for key, place in arguments if key == "sep"), (" ",))
            return self._joined(plain, between[0] if between else None, depth)
        if name == "sprintf":
            return self.values(plain[0], depth + 1) if len(plain) == 1 else None
        if name in syntax.concats:
            return self._joined(plain, "", depth)
        if name in syntax.joins:
            prefix = syntax.constants.get(name)
            parts = self._joined(plain, "/", depth)
            return parts if parts is None or prefix in (None, "") else tuple(f"{prefix}/{part}" for part in parts)
        if name == "dirname":
            inner = self.values(plain[0], depth + 1) if plain else None
            return None if inner is None else tuple(f"{value}/.." for value in inner)
        return None

    def _joined(self, places: list[int], between: str | None, depth: int) -> Values | None:
        found = [self.values(place, depth + 1) for place in places]
        if between is None or None in found or not found:
            return None
        return _product([values or () for values in found], between)

    def _after(self, at: int) -> int:
        """Behind the bracket that closes the one at a place."""
        depth = 0
        for index in self._ahead(at):
            text = self.tokens[index].text if self.tokens[index].kind == "sign" else ""
            depth += (text in ("(", "[", "{", ".(", "[[")) - (text in (")", "]", "}", "]]"))
            if depth <= 0:
                return index + 1
        return len(self.tokens)

    def shown(self, at: int) -> str:
        """The argument at a place, as far as its first words, for a message."""
        words = [f'"{t.text}"' if t.kind == "string" else t.text for t in self.tokens[at : at + 6]]
        return "".join(words)[:40]


def _product(parts: list[Values], between: str) -> Values | None:
    joined: list[str] = [""]
    for index, values in enumerate(parts):
        joined = [left + (between if index else "") + right for left in joined for right in values]
        if len(joined) > MAX_VALUES or any(len(text) > 4096 for text in joined):
            return None
    return tuple(joined)


class Lines:
    """The lines of a text, by offset."""

    def __init__(self, text: str) -> None:
        self.starts = [match.end() for match in re.finditer("\n", text)]

    def at(self, offset: int) -> int:
        """The number of the line that an offset is in, from 1."""
        return bisect_right(self.starts, offset) + 1


R_TOKENS = (
    r"""(?s)(?P<space>\s+)|(?P<comment>\#[^\n]*)|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<name>[A-Za-z.\u00c0-\uffff][\w.]*(?::::?[A-Za-z.][\w.]*)?(?:\$[A-Za-z.][\w.]*)?)"""
    r"""|(?P<number>\d[\w.]*)|(?P<sign><<-|<-|->|:=|%[^%\n]{0,9}%|\|>|==|[^\w\s])"""
)
JULIA_TOKENS = (
    r"""(?s)(?P<space>\s+)|(?P<comment>\#=.*?=\#|\#[^\n]*)|(?P<string>\"""(?:[^\\]|\\.)*?\"""|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<command>`[^`]*`)|(?P<name>@?[A-Za-z_\u00c0-\uffff][\w!]*(?:\.[A-Za-z_][\w!]*)*)"""
    r"""|(?P<number>\d[\w.]*)|(?P<sign>==|\|>|\.\(|[^\w\s])"""
)
