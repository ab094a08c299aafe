"""Templates in a text: their places, and the text of a value that replaces one, as DVC writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TEMPLATE = re.compile(r"\$\{(?<!\\\$\{)(.*?)\}")
"""A template in a text; the group is the expression. The check for ``\\${``, which is not a template, comes after the `${`,
because a pattern that starts with literal text matches four times as fast."""

_MANY = 8
"""Maximum number of `${` for `TEMPLATE` alone, which scans to the end of the line for each one that is not closed."""


def pieces(text: str) -> list[str]:
    """Literal text and expressions in turn, starting with text; takes linear time for any text."""
    if text.count("${") <= _MANY:
        return TEMPLATE.split(text)
    parts = [""]
    for line in text.split("\n"):
        closed = line.rfind("}") + 1
        first, *rest = TEMPLATE.split(line[:closed])
        parts[-1] += first
        parts += rest
        parts[-1] += line[closed:] + "\n"
    parts[-1] = parts[-1][:-1]
    return parts


def to_text(value: Any) -> str:
    """The text of a value, as DVC writes it: a mapping becomes command-line options."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _options(value) if isinstance(value, Mapping) else str(value)


def _options(value: Mapping[str, Any]) -> str:
    from ..emit.shell import quote

    words: list[str] = []
    for name, item in _flat(value):
        if isinstance(item, bool):
            words += [f"--{name}"] if item else []
        elif isinstance(item, str):
            words += [f"--{name}", quote(item)]
        elif isinstance(item, list):
            words += (
                [f"--{name}", *(quote(word) if isinstance(word, str) else str(word) for word in item)] if item else []
            )
        else:
            words += [f"--{name}", str(item)]
    return " ".join(words)


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        path = f"{above}.{name}" if above else str(name)
        if isinstance(item, Mapping) and item:
            yield from _flat(item, path)
        else:
            yield path, item
