"""Escaping for Python: literals that `ast.literal_eval` reads back, and long texts that people can read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any


def literal(value: Any) -> str:
    """A value made of None, bool, int, float, str, list and dict. Raises TypeError for anything else."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    raise TypeError(f"no literal for {type(value).__name__}")


def _string(text: str) -> str:
    """A string in double quotes where that needs no escapes."""
    plain = repr(text)
    return plain if "'" in plain[1:-1] or '"' in text or "\\" in plain else f'"{text}"'


def block(text: str) -> str:
    """A text of several lines in triple quotes; its first line starts below the quotes."""
    escaped = re.sub(r'"(?="|\Z)', '\\"', text.replace("\\", "\\\\"))
    return '"""\\\n' + "\n".join(map(_ascii, escaped.split("\n"))) + '"""'


def _ascii(line: str) -> str:
    return "".join(char if " " <= char <= "~" else char.encode("unicode_escape").decode() for char in line)


def comment(text: str) -> str:
    """A text for a comment of one line."""
    return " ".join(text.split())
