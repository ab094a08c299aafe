"""Escaping for GNU Make, and the shell words inside of its recipes.

https://www.gnu.org/software/make/manual/html_node/Recipe-Syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Collection
from shlex import quote

_TARGET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+/-]*\Z")
_NO_TARGETS = re.compile(r"[^A-Za-z0-9_.@+/\n-]|\n[^A-Za-z0-9_]")


def recipe(line: str) -> str:
    """A shell command line, for one line of a recipe: Make leaves it as it is.

    Raises ValueError where Make cannot carry it: a line break, or a backslash at the end, which would join the next.
    """
    if "\n" in line or "\r" in line or "\0" in line:
        raise ValueError("a line break")
    if line.endswith("\\"):
        raise ValueError("a backslash at the end of the line")
    text = line.replace("$", "$$")
    return f": && {text}" if text[:1] in ("@", "-", "+", " ", "\t", "") else text


def word(text: str) -> str:
    """Any text as one word of a shell command in a recipe. Raises ValueError for line breaks."""
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError("a line break")
    return quote(text).replace("$", "$$")


def value(text: str) -> str:
    """A text as the value of a variable, with the spaces at its ends."""
    escaped = text.replace("$", "$$")
    escaped = re.sub(r"(\\*)#", lambda match: match.group(1) * 2 + "\\#", escaped)
    before = "$(empty)" if text[:1] in (" ", "\t") else ""
    return before + escaped + ("$(empty)" if text[-1:] in ("\\", " ", "\t") else "")


def is_target(name: str) -> bool:
    """Whether a name can be a target as it is, without anything that Make gives a meaning to."""
    return _TARGET.match(name) is not None


def are_targets(names: Collection[str]) -> bool:
    """Whether `is_target` says so of each name, told in a third of the time."""
    text = "\n".join(["", *names, "_"])
    return text.count("\n") == len(names) + 1 and _NO_TARGETS.search(text) is None


def comment(text: str) -> str:
    """A text for a comment of one line."""
    return " ".join(text.split()).rstrip("\\")
