"""Escaping for commands of AzureML, which puts inputs in place of ``${{...}}`` and knows no escape for it.

What stands between ``$[[`` and ``]]`` it leaves out where an input of it is missing.
https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-command#yaml-syntax
"""

from __future__ import annotations

import re
from shlex import quote

_READ = re.compile(r"\$\{\{|\$\[\[")
END = "MLOPS_END"


def word(text: str) -> str:
    """A word of a command. Raises ValueError where AzureML would read it."""
    if found := _READ.search(text):
        raise ValueError(found.group())
    return quote(text)


def passes(text: str) -> bool:
    """Whether a text comes through as the value of an input: one line that is not empty, which the service refuses."""
    return bool(text) and text.isprintable() and not _READ.search(text)


def kept(name: str, text: str) -> str:
    """Lines of a shell that set a variable to a text with inputs in it: no value of them can end or change a command."""
    return f"cat > {name} <<'{END}'\n{text.rstrip()}\n{END}\n{name}=$(cat {name})\n"
