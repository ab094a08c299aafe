"""Templates in a text: where they stand, and how a value is written in their place, as DVC does it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TEMPLATE = re.compile(r"\$\{(?<!\\\$\{)(.*?)\}")
"""A template in a text; the group is the expression. ``\\${`` is not one, which is looked for behind the `${`, because
a pattern that starts with two plain letters is found four times as fast."""

_MANY = 8
"""How many `${` a text may have for `TEMPLATE` alone, which goes from each to the end of the line if nothing closes it."""


def pieces(text: str) -> list[str]:
    """What stands between templates, and the expressions of these, in turn; in linear time, whatever the text is."""
    if text.count("${") <= _MANY:
        return TEMPLATE.split(text)
    found = [""]
    for line in text.split("\n"):
        closed = line.rfind("}") + 1
        first, *rest = TEMPLATE.split(line[:closed])
        found[-1] += first
        found += rest
        found[-1] += line[closed:] + "\n"
    found[-1] = found[-1][:-1]
    return found


def to_text(value: Any) -> str:
    """A value in a text, as DVC writes it: a mapping becomes command-line options."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _options(value) if isinstance(value, Mapping) else str(value)


def _options(value: Mapping[str, Any]) -> str:
    from shlex import quote

    words: list[str] = []
    for name, item in _flat(value):
        if isinstance(item, bool):
            words += [f"--{name}"] if item else []
        elif isinstance(item, str):
            words += [f"--{name}", quote(item)]
        elif isinstance(item, list):
            words += (
                [f"--{name}", *(quote(each) if isinstance(each, str) else str(each) for each in item)] if item else []
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
