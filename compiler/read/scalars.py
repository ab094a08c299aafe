"""The value of a plain YAML scalar: YAML 1.2 core schema as ruamel.yaml reads it, because DVC uses ruamel.yaml."""

from __future__ import annotations

import re
from typing import Any

MAX_DIGITS = 1_000
"""Maximum number of digits of an integer; Python itself prints at most 4,300."""

_INT = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9][0-9_]*|0x[0-9a-fA-F_]+)\Z|[-+]_+[0-9][0-9_]*\Z")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?)\Z"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?\Z")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBER_STARTS = frozenset("+-.0123456789")


def plain_value(text: str) -> Any:
    """The value of a plain scalar. A date stays text: see `is_date`."""
    if text[:1] not in _NUMBER_STARTS:
        return _CONSTANTS.get(text, text)
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    try:
        if _INT.match(text):
            return _integer(text.replace("_", ""))
        if _FLOAT.match(text):
            return float(text.replace("_", ""))
    except ValueError:
        pass
    return text


def is_date(text: str) -> bool:
    """Whether ruamel.yaml reads a plain scalar as a date, which DVC does not support."""
    return text[:1].isdigit() and _DATE.match(text) is not None


def is_too_long(text: str) -> bool:
    """Whether a plain scalar is an integer of more than `MAX_DIGITS` digits."""
    return len(text) > MAX_DIGITS and _INT.match(text) is not None


def _integer(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2], 10)
    return sign * int(digits, base)
