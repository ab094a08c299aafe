"""Escaping for AzureML, which substitutes ``${{...}}`` in commands and has no escape for it.

It drops what stands between ``$[[`` and ``]]`` if an input in it is missing.
https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-command#yaml-syntax
"""

from __future__ import annotations

import re
from shlex import quote

_SUBSTITUTED = re.compile(r"\$\{\{|\$\[\[")
END = "MLOPS_END"


def word(text: str) -> str:
    """A word of a command. Raises ValueError if AzureML would substitute in it."""
    if match := _SUBSTITUTED.search(text):
        raise ValueError(match.group())
    return quote(text)


def passes(text: str) -> bool:
    """Whether a text stays the same as the value of an input: one line, not empty (which the service refuses)."""
    return bool(text) and text.isprintable() and not _SUBSTITUTED.search(text)


def variable(text: str, name: str) -> str:
    """Shell lines that set a variable to a text with inputs in it. No value of an input can end or change a command."""
    return f"cat > {name} <<'{END}'\n{text.rstrip()}\n{END}\n{name}=$(cat {name})\n"
