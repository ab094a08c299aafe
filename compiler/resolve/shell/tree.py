"""The tree of a shell text: commands, and the words that they consist of."""

from __future__ import annotations

from dataclasses import dataclass, field


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
