"""The syntax of the POSIX shell, as far as telling which programs run needs it: a text becomes a tree of commands.

Nothing is a syntax error: an unclosed quote ends with the text, a stray `)` or `done` is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_LENGTH = 1 << 20
"""Longer texts are cut here: no command line and no script that people write comes near it."""
MAX_DEPTH = 40
"""Nesting of subshells, loops and substitutions; what is deeper is skipped."""

_OPERATORS = (";;&", "<<-", "<<<", "&>>", "&&", "||", ";;", ";&", "|&", "<<", ">>", "<&", ">&", "<>", ">|", "&>")
_PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>#*?\[{}=~!]+")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]+|[@*#?$!-]", re.ASCII)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_CLOSES = frozenset(["then", "else", "elif", "fi", "do", "done", "esac", "}", ")", ";;", ";&", ";;&"])


@dataclass(frozen=True, slots=True)
class Text:
    """Literal characters of a word."""

    value: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """`$NAME` or `${NAME<operator><operand>}`; ``raw`` as it is written."""

    name: str
    raw: str
    quoted: bool
    operator: str = ""
    operand: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(...)` or backticks."""

    raw: str
    body: tuple[Node, ...]
    quoted: bool


Part = Text | Variable | Substitution
Word = tuple[Part, ...]


@dataclass(slots=True)
class HereDocument:
    """The text between a `<<END` line and the line that is `END`."""

    end: str
    strip: bool
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection, and the file or the here-document that it names."""

    operator: str
    word: Word
    document: HereDocument | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    """One command: assignments, words, redirections; ``offset`` is where it starts in the text."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Group:
    """Commands in order. ``apart``: in a subshell; ``maybe``: only under a condition."""

    body: tuple[Node, ...]
    apart: bool = False
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """`for NAME in WORDS; do BODY; done`; ``words`` is None for the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """The definition of a shell function."""

    name: str
    body: tuple[Node, ...]


Node = Simple | Group | Loop | Function


@dataclass(slots=True)
class _Token:
    kind: str  # "word", "op", "newline", "end"
    text: str
    word: Word = ()
    offset: int = 0


def parse(text: str, depth: int = 0) -> tuple[Node, ...]:
    """The commands of a text."""
    return _Parser(text[:MAX_LENGTH], depth).all()


class _Lexer:
    """Cuts a text into words and operators."""

    def __init__(self, text: str, depth: int) -> None:
        self.text, self.depth, self.at = text, depth, 0
        self.here_docs: list[HereDocument] = []

    def next(self) -> _Token:
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
            return _Token("end", "", offset=start)
        if text[start] == "\n":
            self.at += 1
            self._read_here_docs()
            return _Token("newline", "\n", offset=start)
        if text[start] in ";&|()<>":
            if text.startswith(("<(", ">("), start):  # a process substitution is a word
                return self._word(start)
            operator = next((op for op in _OPERATORS if text.startswith(op, start)), text[start])
            self.at += len(operator)
            return _Token("op", operator, offset=start)
        return self._word(start)

    def _word(self, start: int) -> _Token:
        word = tuple(self._parts(""))
        return _Token("word", self.text[start : self.at], word, start)

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
        text = self.text
        self.at = start + 2
        match = re.compile(r"[!#]?[A-Za-z_0-9@*]\w*(?:\[[^\]\n]*\])?").match(text, self.at)
        if match is None or self.depth >= MAX_DEPTH:
            end = text.find("}", start)
            self.at = len(text) if end < 0 else end + 1
            return Variable("", text[start : self.at], quoted)
        self.at = match.end()
        operator_match = re.compile(r":[-=+?]|%%|##|[-=+?%#]|//?|[:^,@]").match(text, self.at)
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
        inner = _Parser(self.text, self.depth + 1, inside)
        body = inner.until_close()
        self.at = inner.lexer.at
        return Substitution(self.text[start : self.at], body, quoted)

    def _inner(self, text: str) -> tuple[Node, ...]:
        return parse(text, self.depth + 1) if self.depth < MAX_DEPTH else ()

    def _read_here_docs(self) -> None:
        for waiting in self.here_docs:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = end + 1
                line = line.lstrip("\t") if waiting.strip else line
                if line == waiting.end:
                    break
                waiting.lines.append(line)
        self.here_docs.clear()


class _Parser:
    """Builds the tree, one token ahead."""

    def __init__(self, text: str, depth: int, at: int = 0) -> None:
        self.lexer = _Lexer(text, depth)
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

    def _next(self) -> _Token:
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
        open_ = 0
        while self.token.kind != "end":
            open_ += self._is("(") - self._is(")")
            self._next()
            if not open_:
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
