"""Escaping for Python: values as literals that `ast.literal_eval` gives back, and long text that people can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def literal(value: Any) -> str:
    """A value made of None, bool, int, float, str, list and dict. Raises TypeError for anything else."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if value - value == 0 else f'float("{value}")'
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(each) for each in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(each)}' for key, each in value.items())}}}"
    raise TypeError(f"no literal for {type(value).__name__}")


def _text(text: str) -> str:
    plain = repr(text)
    return plain if "'" in plain[1:-1] or '"' in text or "\\" in plain else f'"{text}"'


def block(text: str) -> str:
    """A text of many lines in triple quotes; its first line starts below the quotes."""
    lines = (line if line.isascii() and line.isprintable() else _escaped(line) for line in _double(text).split("\n"))
    return '"""\\\n' + "\n".join(lines) + '"""'


def _double(text: str) -> str:
    return re.sub(r'"(?="|\Z)', '\\"', text.replace("\\", "\\\\"))


def _escaped(line: str) -> str:
    return "".join(each if " " <= each <= "~" else each.encode("unicode_escape").decode() for each in line)


def comment(text: str) -> str:
    """A text for a comment of one line."""
    return " ".join(text.split())
