"""YAML from data, in the style DVC writes: block, two spaces, sequences not indented under their key.

The result reads back the same in YAML 1.2 (DVC, GitHub) and, for values, in YAML 1.1 (PyYAML): a string that either would
read as something else is quoted. Why not a library's emitter: docs/decisions/0003-yaml.md.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_PLAIN_START = re.compile(r"(?![-?:] |-{3}|\.{3}|[-?:]\Z)[A-Za-z0-9_./$(\\^+;-]")
_NOT_PLAIN = re.compile(r": | #|[ :]\Z|[\ufffd-\U0010ffff]")
_RESOLVED = re.compile(
    r"""(?:[-+]?(?:0[0-9_oObBxX]|[0-9.])[0-9a-fA-F_.,:+-]*(?:[Tt ][0-9:.Zz+ -]*)?   # numbers, dates, 1:30
    | [-+]?\.(?:inf|nan) | ~ | = | << | true | false | null | yes | no | on | off | y | n)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
"""Texts that a reader of YAML 1.1 or 1.2 may take for something other than a string."""
_ESCAPED = re.compile(r"[\x00-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that only double quotes can hold."""
_IN_FLOW = re.compile(r"[,\[\]{}]")
_WORDS_11 = frozenset({"on", "off", "yes", "no", "y", "n"})
"""Booleans of YAML 1.1 only: bare as keys, as in GitHub's `on:`."""


class Remarked(str):
    """A string that is followed by a comment where it is written."""

    remark: str

    def __new__(cls, text: str, remark: str) -> Remarked:
        self = super().__new__(cls, text)
        self.remark = remark
        return self


class Flow(list["Any"]):
    """A list of scalars that is written on one line, in brackets."""


def dump(data: Mapping[Any, Any], gap: int = 0) -> str:
    """``data`` (mappings, sequences, scalars) as one YAML document; the order of keys is kept.

    With ``gap`` n, entries of mappings down to that depth are set apart by an empty line.
    """
    if not data:
        return "{}\n"
    lines: list[str] = []
    _mapping(lines, data, "", gap)
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """One scalar as it stands in YAML."""
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ".nan" if math.isnan(value) else f"{'-' * (value < 0)}.inf"
    return _string(str(value))


def flow(value: Any) -> str:
    """A value on one line, with brackets and braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _flow_item(value)


@lru_cache(maxsize=10_000)  # most strings are there several times: an out, and the deps on it
def _string(text: str) -> str:
    if _ESCAPED.search(text):
        return _double_quoted(text)
    if _PLAIN_START.match(text) and not _NOT_PLAIN.search(text) and not _RESOLVED.match(text):
        return text
    return f'"{text}"' if "'" in text and '"' not in text and "\\" not in text else _single_quoted(text)


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double_quoted(text: str) -> str:
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def _key(key: Any) -> str:
    return key if key in _WORDS_11 else scalar(key)


def _flow_item(value: Any) -> str:
    text = scalar(value)
    return _single_quoted(text) if text[0] not in "'\"" and _IN_FLOW.search(text) else text


def _inline(value: Any) -> str | None:
    """The value on the line of its key or dash, or None if it needs lines of its own."""
    if isinstance(value, str):
        if isinstance(value, Remarked):
            return f"{_string(value)}  # {value.remark}"
        return None if "\n" in value and _fits_block(value) else _string(value)
    if isinstance(value, Mapping):
        return None if value else "{}"
    if isinstance(value, Flow):
        return f"[{', '.join(map(_flow_item, value))}]"
    if isinstance(value, list | tuple):
        return None if value else "[]"
    return scalar(value)


def _fits_block(text: str) -> bool:
    """Whether a string of several lines can be a literal block, which ends with its last line."""
    return (
        text[0] not in " \n"
        and not text.endswith("\n\n")
        and not _ESCAPED.search(text.replace("\n", ""))
        and not any(line.isspace() for line in text.split("\n"))
    )


def _mapping(lines: list[str], data: Mapping[Any, Any], indent: str, gap: int = 0) -> None:
    """Add the entries of a mapping."""
    for number, (key, value) in enumerate(data.items()):
        if gap > 0 and number:
            lines.append("")
        _value(lines, f"{indent}{_key(key)}:", value, indent, gap - 1)


def _sequence(lines: list[str], items: Iterable[Any], indent: str) -> None:
    """Add the items of a sequence; one that has lines of its own begins on the line of its dash."""
    for item in items:
        if isinstance(item, str) or _inline(item) is not None:
            _value(lines, f"{indent}-", item, indent)
            continue
        start = len(lines)
        if isinstance(item, Mapping):
            _mapping(lines, item, f"{indent}  ")
        else:
            _sequence(lines, item, f"{indent}  ")
        lines[start] = f"{indent}- {lines[start][len(indent) + 2 :]}"


def _value(lines: list[str], lead: str, value: Any, indent: str, gap: int = 0) -> None:
    """Add a value behind ``lead`` (``key:`` or ``-``); lines of its own start at ``indent``."""
    inline = _inline(value)
    if inline is not None:
        lines.append(f"{lead} {inline}")
    elif isinstance(value, str):
        lines.append(f"{lead} {'|' if value.endswith(chr(10)) else '|-'}")
        lines += [f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n")]
    else:
        lines.append(lead)
        if isinstance(value, Mapping):
            _mapping(lines, value, f"{indent}  ", gap)
        else:
            _sequence(lines, value, indent)
