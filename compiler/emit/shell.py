"""Quoting for a POSIX shell: the only place where a text becomes a word of a command.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from shlex import quote

__all__ = ["join", "quote", "single_quoted", "word"]

_TEMPLATE = r"\$\{[\w.\[\]-]+\}"
_BARE = re.compile(rf"(?a:[\w@%+=:,./-]|{_TEMPLATE})+\Z")


def single_quoted(text: str) -> str:
    """A text in single quotes, also where it needs none; DVC still replaces a template ``${x}`` in it."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def word(text: str) -> str:
    """A text as one word, bare where possible; a template ``${x}`` of DVC in it needs no quotes and stays as it is."""
    return text if _BARE.match(text) else single_quoted(text)


def join(words: Iterable[str]) -> str:
    """Texts as words of a command."""
    return " ".join(map(quote, words))
