"""Escaping for GNU Make.

https://www.gnu.org/software/make/manual/html_node/Recipe-Syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from . import shell

MAX_COLUMN = 110
"""Where a long line of words is broken."""

_BARE_TARGET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+/-]*\Z")
_READ_BY_MAKE = ("@", "-", "+", " ", "\t", "")
"""What Make takes from the start of a recipe line for itself."""


class RecipeError(ValueError):
    """Make has no way to write this text; the message says what is in it."""


def text(line: str) -> str:
    """A text inside a recipe line. Raises `RecipeError` for a line break."""
    if any(sign in line for sign in "\n\r\0"):
        raise RecipeError("a line break")
    return line.replace("$", "$$")


def recipe(line: str) -> str:
    """A shell command as a recipe line of its own.

    Raises `RecipeError` for a line break, or for a backslash at the end, which would join the next line.
    """
    if line.endswith("\\"):
        raise RecipeError("a backslash at the end of the line")
    return started(text(line))


def started(line: str) -> str:
    """An escaped recipe line, whose first character Make does not take for itself."""
    return f": && {line}" if line[:1] in _READ_BY_MAKE else line


def word(argument: str) -> str:
    """Any text as one shell word inside a recipe line. Raises `RecipeError` for a line break."""
    return text(shell.quote(argument))


def words(arguments: Iterable[str]) -> str:
    """Texts as shell words inside a recipe line. Raises `RecipeError` for a line break."""
    return " ".join(map(word, arguments))


def value(content: str) -> str:
    """A text as the value of a variable, with the spaces at its ends. The Makefile defines an empty variable ``empty``."""
    escaped = re.sub(r"(\\*)#", lambda match: match.group(1) * 2 + "\\#", content.replace("$", "$$"))
    before = "$(empty)" if content[:1] in (" ", "\t") else ""
    after = "$(empty)" if content[-1:] in ("\\", " ", "\t") else ""
    return before + escaped + after


def is_target(name: str) -> bool:
    """Whether a name can stand as a target without escapes. Such a name is also one bare word of the shell."""
    return _BARE_TARGET.match(name) is not None


def comment(content: str) -> str:
    """A text for a comment of one line."""
    return " ".join(content.split()).rstrip("\\")


def wrapped(names: Iterable[str], lead: str) -> str:
    """A line of words behind ``lead``, continued on indented lines where it gets long."""
    lines = [lead]
    for name in names:
        if len(lines[-1]) + len(name) > MAX_COLUMN:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {name}"
    return "\n".join(lines)
