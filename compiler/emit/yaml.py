"""YAML out of data, in the style DVC writes: block, two spaces, sequences not indented under their key.

Whatever is written reads back the same in YAML 1.2 (DVC, GitHub) and, for values, in YAML 1.1 (PyYAML): a string
that either would take for something else is quoted. Why not a library's emitter: docs/decisions/0003-yaml.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_surely_plain = re.compile(r"[A-Za-z_/$](?:[\w./${}@=+, -]{5,}(?<! )|\w{,4}\d)\Z", re.ASCII).match
"""Most texts: no sign that means something, and no word such as `false`. Told in a fifth of the time."""
_STARTS_PLAIN = re.compile(r"(?![-?:] |-{3}|\.{3}|-$|\?$|:$)[A-Za-z0-9_./$(\\^+;-]")
_RESOLVES = re.compile(
    r"""(?:[-+]?(?:0[0-9_oObBxX]|[0-9.])[0-9a-fA-F_.,:+-]*(?:[Tt ][0-9:.Zz+ -]*)?   # numbers, dates, 1:30
    | [-+]?\.(?:inf|nan) | ~ | = | << | true | false | null | yes | no | on | off | y | n)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_ESCAPED = r"[\x00-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]"
"""What stands as an escape wherever it is. Wide classes are slow to compile: texts of ASCII are told without them."""
_NOT_PLAIN = r"[\ufffd-\U0010ffff]"
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
    writer = _Writer()
    writer.mapping(data, "", gap)
    writer.lines.append("")
    return "\n".join(writer.lines)


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


def _string(text: str) -> str:
    if _surely_plain(text) or _is_plain(text):
        return text
    if _is_escaped(text):
        return _double(text)
    return '"' + text + '"' if "'" in text and '"' not in text and "\\" not in text else _single(text)


def _is_plain(text: str) -> bool:
    if _STARTS_PLAIN.match(text) is None or text[-1] in " :" or ": " in text or " #" in text or _is_escaped(text):
        return False
    return _RESOLVES.match(text) is None and (text.isascii() or re.search(_NOT_PLAIN, text) is None)


def _is_escaped(text: str) -> bool:
    """Whether only double quotes can hold it."""
    return not text.isprintable() if text.isascii() else re.search(_ESCAPED, text) is not None


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    import json

    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(_ESCAPED, lambda match: f"\\u{ord(match.group()):04x}", quoted)


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
    if "\n" not in text or text[0] in " \n" or _is_escaped(text.replace("\n", "")) or text.isspace():
        return None
    if any(line.isspace() for line in text.split("\n")):
        return None
    if text.endswith("\n\n"):  # a block that keeps its end would take the empty line after it too
        return None
    return ("|" if text.endswith("\n") else "|-"), text.removesuffix("\n").split("\n")


class _Texts(dict[str, "str | None"]):
    """Texts as they stand on one line; None for those of several. Each is worked out once: most are there several times."""

    def __missing__(self, text: str) -> str | None:
        found = self[text] = text if _surely_plain(text) else None if "\n" in text else _string(text)
        return found


class _Keys(dict[str, str]):
    """Keys that are texts, as they stand before their colon."""

    def __missing__(self, key: str) -> str:
        found = self[key] = key if _surely_plain(key) else _key(key)
        return found


class _Writer:
    """The lines of one document."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.texts, self.keys = _Texts(), _Keys()

    def mapping(self, data: Mapping[Any, Any], indent: str, gap: int) -> None:
        """The entries of a mapping, at ``indent``."""
        lines, texts, keys = self.lines, self.texts, self.keys
        first = True
        for key, value in data.items():
            if gap > 0 and not first:
                lines.append("")
            first = False
            said = keys[key] if type(key) is str else _key(key)
            kind = type(value)
            if kind is str and (text := texts[value]) is not None:
                lines.append(f"{indent}{said}: {text}")
            elif kind is list and value:
                lines.append(f"{indent}{said}:")
                self.sequence(value, indent)
            elif kind is dict and value:
                lines.append(f"{indent}{said}:")
                self.mapping(value, indent + "  ", gap - 1)
            else:
                self.value(f"{indent}{said}:", value, indent, gap - 1)

    def sequence(self, items: Iterable[Any], indent: str) -> None:
        """The items of a sequence, each behind a dash at ``indent``."""
        lines, texts = self.lines, self.texts
        for item in items:
            if type(item) is str and (text := texts[item]) is not None:
                lines.append(f"{indent}- {text}")
                continue
            inline = None if isinstance(item, str) and "\n" in item else _inline(item)
            if inline is not None:
                lines.append(f"{indent}- {inline}")
            elif isinstance(item, str):
                self.value(f"{indent}-", item, indent, 0)
            else:
                start = len(lines)
                if isinstance(item, Mapping):
                    self.mapping(item, indent + "  ", 0)
                else:
                    self.sequence(item, indent + "  ")
                lines[start] = f"{indent}- {lines[start][len(indent) + 2 :]}"

    def value(self, lead: str, value: Any, indent: str, gap: int) -> None:
        """Write ``value`` behind ``lead`` (``key:`` or ``-``); nested lines start at ``indent``."""
        lines = self.lines
        if type(value) is str and "\n" in value and (block := _block(value)):
            header, body = block
            lines.append(f"{lead} {header}")
            lines.extend(f"{indent}  {line}" if line else "" for line in body)
            return
        text = _inline(value)
        if text is not None:
            lines.append(f"{lead} {text}")
            return
        lines.append(lead)
        if isinstance(value, Mapping):
            self.mapping(value, indent + "  ", gap)
        else:
            self.sequence(value, indent)
