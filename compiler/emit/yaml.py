"""YAML out of data, in the style DVC writes: block, two spaces, sequences not indented under their key.

Whatever is written reads back the same in YAML 1.2 (DVC, GitHub) and, for values, in YAML 1.1 (PyYAML): a string
that either would take for something else is quoted. Why not a library's emitter: docs/decisions/0003-yaml.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SURELY_PLAIN = re.compile(r"[A-Za-z_/$][\w./${}@=+, -]{5,}(?<! )\Z", re.ASCII)
"""Most texts: no sign that means something, and too long for a word such as `false`. Told in a fifth of the time."""
_PLAIN = re.compile(
    r"(?![-?:] |-{3}|\.{3}|-$|\?$|:$)[A-Za-z0-9_./$(\\^+;-][^\x00-\x1f\x7f-\xa0\ufffd-\U0010ffff]*(?<![ :])\Z"
)
_BREAKS_PLAIN = re.compile(r": |:\t| #|[\x7f-\xa0\ud800-\udfff\u2028\u2029\ufeff]")
_RESOLVES = re.compile(
    r"""(?:[-+]?(?:0[0-9_oObBxX]|[0-9.])[0-9a-fA-F_.,:+-]*(?:[Tt ][0-9:.Zz+ -]*)?   # numbers, dates, 1:30
    | [-+]?\.(?:inf|nan) | ~ | = | << | true | false | null | yes | no | on | off | y | n)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_NEEDS_ESCAPE = re.compile(r"[\x00-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]")
_LITERAL = re.compile(r"(?![ \n])[^\x00-\x09\x0b-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]*\Z")
_WORDS_11 = frozenset({"on", "off", "yes", "no", "y", "n"})


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
    _mapping(data, "", lines, gap)
    lines.append("")
    return "\n".join(lines)


def scalar(value: Any) -> str:
    """One scalar as it stands in YAML."""
    if type(value) is str or isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        if value != value:
            return ".nan"
        if value in (float("inf"), float("-inf")):
            return ".inf" if value > 0 else "-.inf"
        return repr(value)
    return str(value) if isinstance(value, int) else _string(str(value))


@lru_cache(100_000)
def _string(text: str) -> str:
    if _SURELY_PLAIN.match(text):
        return text
    if _PLAIN.match(text) and not _BREAKS_PLAIN.search(text) and not _RESOLVES.match(text):
        return text
    if _NEEDS_ESCAPE.search(text):
        return _double(text)
    return '"' + text + '"' if "'" in text and '"' not in text and "\\" not in text else _single(text)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _NEEDS_ESCAPE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)


def _key(key: Any) -> str:
    if type(key) is str:
        return key if key in _WORDS_11 else _string(key)
    return scalar(key)


def _inline(value: Any) -> str | None:
    """The value on the line of its key or dash, or None when it wants lines of its own."""
    if isinstance(value, Mapping):
        return None if value else "{}"
    if isinstance(value, Flow):
        return "[" + ", ".join(_flow_item(item) for item in value) + "]"
    if isinstance(value, list | tuple):
        return None if value else "[]"
    text = scalar(value)
    return f"{text}  # {value.remark}" if isinstance(value, Remarked) else text


def _flow_item(value: Any) -> str:
    text = scalar(value)
    return _single(text) if text[0] not in "'\"" and re.search(r"[,\[\]{}]", text) else text


def _block(text: str) -> tuple[str, Iterable[str]] | None:
    """Header and lines of a literal block, where a string of several lines can be one."""
    if "\n" not in text or not _LITERAL.match(text) or text.isspace():
        return None
    if any(line.isspace() for line in text.split("\n")):
        return None
    if text.endswith("\n\n"):  # a block that keeps its end would take the empty line after it too
        return None
    return ("|" if text.endswith("\n") else "|-"), text.removesuffix("\n").split("\n")


def _value(lead: str, value: Any, indent: str, lines: list[str], gap: int) -> None:
    """Write ``value`` behind ``lead`` (``key:`` or ``-``); nested lines start at ``indent``."""
    if type(value) is str and "\n" in value and (block := _block(value)):
        header, body = block
        lines.append(f"{lead} {header}")
        lines.extend(f"{indent}  {line}" if line else "" for line in body)
        return
    text = _inline(value)
    if text is not None:
        lines.append(f"{lead} {text}")
    elif isinstance(value, Mapping):
        lines.append(lead)
        _mapping(value, indent + "  ", lines, gap)
    else:
        lines.append(lead)
        _sequence(value, indent, lines)


def _mapping(data: Mapping[Any, Any], indent: str, lines: list[str], gap: int) -> None:
    first = True
    for key, value in data.items():
        if gap > 0 and not first:
            lines.append("")
        first = False
        kind = type(value)
        if kind is str and "\n" not in value:
            lines.append(f"{indent}{_key(key)}: {_string(value)}")
        elif kind is list and value:
            lines.append(f"{indent}{_key(key)}:")
            _sequence(value, indent, lines)
        else:
            _value(f"{indent}{_key(key)}:", value, indent, lines, gap - 1)


def _sequence(items: Iterable[Any], indent: str, lines: list[str]) -> None:
    for item in items:
        if type(item) is str and "\n" not in item:
            lines.append(f"{indent}- {_string(item)}")
            continue
        inline = _inline(item) if not (isinstance(item, str) and "\n" in item) else None
        if inline is not None:
            lines.append(f"{indent}- {inline}")
        elif isinstance(item, str):
            _value(f"{indent}-", item, indent, lines, 0)
        else:
            start = len(lines)
            if isinstance(item, Mapping):
                _mapping(item, indent + "  ", lines, 0)
            else:
                _sequence(item, indent + "  ", lines)
            lines[start] = f"{indent}- {lines[start][len(indent) + 2 :]}"
