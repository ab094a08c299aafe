"""The parser of a shell text: tokens become a tree of commands.

Nothing is a syntax error: an unclosed quote ends with the text, a stray `)` or `done` is skipped.
"""

from __future__ import annotations

import re

from .tokens import Lexer, Token
from .tree import Function, Group, HereDocument, Loop, Node, Redirect, Simple, Text, Word
from .words import MAX_DEPTH

MAX_LENGTH = 1 << 20
"""Longer texts are cut here: no command line and no script that people write comes near it."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_CLOSES = frozenset(["then", "else", "elif", "fi", "do", "done", "esac", "}", ")", ";;", ";&", ";;&"])


def parse(text: str, depth: int = 0) -> tuple[Node, ...]:
    """The commands of a text."""
    return _Parser(text[:MAX_LENGTH], depth).all()


class _Grammar:
    """What the words of a text need of the parser."""

    def parse(self, text: str, depth: int = 0) -> tuple[Node, ...]:
        return parse(text, depth)

    def parse_substitution(self, text: str, depth: int, start: int) -> tuple[tuple[Node, ...], int]:
        parser = _Parser(text, depth, start)
        body = parser.until_close()
        return body, parser.lexer.at


class _Parser:
    """Builds the tree, one token ahead."""

    def __init__(self, text: str, depth: int, at: int = 0) -> None:
        self.lexer = Lexer(text, depth, _Grammar())
        self.lexer.at = at
        self.depth = depth
        self.token = self.lexer.next()

    def all(self) -> tuple[Node, ...]:
        """Everything up to the end of the text; what closes nothing is skipped."""
        nodes: list[Node] = []
        while self.token.kind != "end":
            nodes += self._list()
            if self.token.kind != "end":
                self._next()
        return tuple(nodes)

    def until_close(self) -> tuple[Node, ...]:
        """Everything up to a parenthesis that closes what this text did not open; the lexer stands behind it."""
        nodes: list[Node] = []
        while self.token.kind != "end":
            nodes += self._list()
            if self.token.kind == "op" and self.token.text == ")":
                break
            if self.token.kind != "end":
                self._next()
        return tuple(nodes)

    def _next(self) -> Token:
        token, self.token = self.token, self.lexer.next()
        return token

    def _is(self, *texts: str) -> bool:
        return self.token.kind != "end" and self.token.text in texts

    def _list(self) -> list[Node]:
        """Commands up to the end, or up to a word or operator that closes what is around them."""
        nodes: list[Node] = []
        while self.token.kind != "end":
            if self.token.kind == "newline" or self._is(";", "&", "&&", "||", "!"):
                self._next()
            elif self.token.text in _CLOSES:
                break
            else:
                nodes.append(self._pipeline())
        return nodes

    def _pipeline(self) -> Node:
        commands = [self._command()]
        while self._is("|", "|&"):
            self._next()
            while self.token.kind == "newline":
                self._next()
            commands.append(self._command())
        if len(commands) == 1:
            return commands[0]
        return Group(tuple(Group((command,), apart=True) for command in commands))

    def _command(self) -> Node:
        if self.depth >= MAX_DEPTH:
            while self.token.kind != "end":
                self._next()
            return Group(())
        self.depth = self.lexer.depth = self.depth + 1
        try:
            return self._compound() or self._simple()
        finally:
            self.depth = self.lexer.depth = self.depth - 1

    def _compound(self) -> Node | None:
        node: Node
        if self._is("("):
            if self.lexer.text.startswith("(", self.lexer.at):  # `((`: arithmetic
                end = self.lexer.text.find("))", self.lexer.at)
                self.lexer.at = len(self.lexer.text) if end < 0 else end + 2
                self._next()
                return Group(())
            self._next()
            node = Group(tuple(self._list()), apart=True)
            self._close(")")
        elif self._is("{"):
            self._next()
            node = Group(tuple(self._list()))
            self._close("}")
        elif self._is("if", "while", "until"):
            node = self._conditional()
        elif self._is("for", "select"):
            node = self._for()
        elif self._is("case"):
            node = self._case()
        elif self._is("function"):
            self._next()
            name = self._next().text
            while self._is("(", ")") or self.token.kind == "newline":
                self._next()
            return Function(name, (self._command(),))
        else:
            return None
        while self.token.kind == "op" and self.token.text[0] in "<>&" and self.token.text not in ("&", "&&"):
            self._redirect([])
        return node

    def _close(self, text: str) -> None:
        if self._is(text):
            self._next()

    def _conditional(self) -> Node:
        loops = self._next().text != "if"
        parts: list[Node] = [*self._list()]
        while self._is("then", "elif", "else", "do"):
            condition = self._next().text == "elif"
            body = tuple(self._list())
            parts += body if condition else [Group(body, maybe=True)]
        self._close("done" if loops else "fi")
        return Group(tuple(parts))

    def _for(self) -> Node:
        self._next()
        if self._is("("):  # for ((i = 0; ...))
            while self.token.kind != "end" and not self._is("do", "{"):
                self._next()
            name, words = "", None
        else:
            name, words = self._next().text, None
        while self.token.kind == "newline":
            self._next()
        if self._is("in"):
            self._next()
            items: list[Word] = []
            while self.token.kind == "word":
                items.append(self._next().word)
            words = tuple(items)
        while self.token.kind == "newline" or self._is(";"):
            self._next()
        closing = "}" if self._is("{") else "done"
        if self._is("do", "{"):
            self._next()
        body = tuple(self._list())
        self._close(closing)
        return Loop(name, words, body)

    def _case(self) -> Node:
        self._next()
        while self.token.kind != "end" and not self._is("in"):
            self._next()
        self._close("in")
        bodies: list[Node] = []
        while self.token.kind != "end" and not self._is("esac"):
            while self.token.kind != "end" and not self._is(")", "esac"):  # the patterns
                self._next()
            if self._is(")"):
                self._next()
                bodies.append(Group(tuple(self._list()), maybe=True))
                if self.token.text in _CLOSES and not self._is("esac"):
                    self._next()
        self._close("esac")
        return Group(tuple(bodies))

    def _simple(self) -> Node:
        start = self.token.offset
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            if self.token.kind == "word":
                token = self._next()
                match = _ASSIGNMENT.match(token.text)
                if match and (not words or words[0] == (Text("export"),)):
                    assignments.append((match.group(), _without(token.word, match.end())))
                    if self._is("(") and token.text.endswith("="):  # an array
                        self._skip_parentheses()
                    continue
                words.append(token.word)
                if token.text == "[[":
                    while self.token.kind != "end" and not self._is("]]"):
                        self._next()
            elif (self.token.kind == "op" and self.token.text[0] in "<>") or self._is("&>", "&>>"):
                self._redirect(redirects, words)
            elif self._is("(") and len(words) == 1 and not assignments:
                self._next()
                if self._is(")"):
                    self._next()
                    while self.token.kind == "newline":
                        self._next()
                    return Function(_plain(words[0]), (self._command(),))
            else:
                break
        if not (words or assignments or redirects):
            self._next()  # nothing that starts a command
        return Simple(tuple(assignments), tuple(words), tuple(redirects), start)

    def _skip_parentheses(self) -> None:
        unclosed = 0
        while self.token.kind != "end":
            unclosed += self._is("(") - self._is(")")
            self._next()
            if not unclosed:
                return

    def _redirect(self, redirects: list[Redirect], words: list[Word] | None = None) -> None:
        if words and len(words[-1]) == 1 and _plain(words[-1]).isdigit():  # 2>&1
            adjacent = self.lexer.text[self.token.offset - 1 : self.token.offset]
            if adjacent.isdigit():
                words.pop()
        operator = self._next().text
        if self.token.kind != "word":
            return
        target = self.token
        document = HereDocument(_plain(target.word), operator == "<<-") if operator in ("<<", "<<-") else None
        if document is not None:  # its text follows this line: the lexer reads it when it meets the line's end
            self.lexer.here_docs.append(document)
        redirects.append(Redirect(operator, target.word, document))
        self._next()


def _plain(word: Word) -> str:
    return "".join(part.value if isinstance(part, Text) else part.raw for part in word)


def _without(word: Word, count: int) -> Word:
    """A word without its first ``count`` characters, which are plain text."""
    parts = list(word)
    while parts and count:
        first = parts[0]
        assert isinstance(first, Text)
        if len(first.value) > count:
            parts[0] = Text(first.value[count:], first.quoted)
            break
        count -= len(first.value)
        parts.pop(0)
    return tuple(parts)
