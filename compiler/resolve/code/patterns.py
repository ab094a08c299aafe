"""Languages whose files name the files that they load in one plain way each, read by a pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .expressions import Lines
from .record import FILE, Load, Record

MAX_LOADS = 2_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a language loads files: the pattern with the name in it, and the endings that the name may lack.

    ``beside``: names count from the file; else from the working folder or the file.
    """

    regex: str
    endings: tuple[str, ...] = ("",)
    beside: bool = True


_JAVASCRIPT = r"""(?:\bfrom|\bimport|\brequire\s{0,9}\(|\bimport\s{0,9}\()\s{0,9}["'](\.{1,2}/[^"'\n]+)["']"""

PATTERNS: dict[str, Pattern] = {
    "javascript": Pattern(
        _JAVASCRIPT,
        ("", ".js", ".ts", ".mjs", ".cjs", ".tsx", ".jsx", ".json", "/index.js", "/index.ts"),
    ),
    "ruby": Pattern(r"\brequire_relative\s{0,9}\(?\s{0,9}[\"']([^\"'\n#]+)[\"']", ("", ".rb")),
    "perl": Pattern(r"\b(?:require|do)\s{1,9}[\"']([^\"'\n$]+)[\"']", beside=False),
    "c": Pattern(r"(?m)^[ \t]{0,40}#[ \t]{0,9}include[ \t]{0,9}\"([^\"\n]+)\""),
    "stata": Pattern(
        r"(?m)^[ \t]{0,40}(?:qui(?:etly)?[ \t]{1,9}|cap(?:ture)?[ \t]{1,9}|noi(?:sily)?[ \t]{1,9}){0,3}(?:do|run|include)"
        r"[ \t]{1,9}\"?([\w./-]+)\"?",
        ("", ".do"), beside=False,
    ),
    "php": Pattern(r"\b(?:require|include)(?:_once)?\s{0,9}\(?\s{0,9}(?:__DIR__\s{0,9}\.\s{0,9})?[\"']/?([^\"'\n$]+)[\"']"),
}  # fmt: skip
_NAMES = r"[A-Za-z]\w{0,62}"
_RUN = r"\brun\s{0,9}\(?\s{0,9}['\"]([^'\"\n]+)['\"]"


def read_pattern(language: str, text: str) -> Record:
    """The record of a file of a language in `PATTERNS`."""
    pattern = PATTERNS[language]
    record, lines = Record(), Lines(text)
    for match in re.finditer(pattern.regex, text):
        name = match.group(1)
        base = f"{FILE}/../{name}" if pattern.beside else name
        record.loads += [Load(base + ending, lines.at(match.start())) for ending in pattern.endings]
        if len(record.loads) >= MAX_LOADS:
            break
    return record


def read_matlab(text: str) -> Record:
    """The record of MATLAB code: each name in it may be a file of that name in the same folder or the working one."""
    record, lines = Record(), Lines(text)
    text = re.sub(r"%[^\n]*", "", text)
    names = dict.fromkeys(re.findall(_NAMES, text)[: 20 * MAX_LOADS])
    record.loads = [Load(f"{name}.m", 1) for name in list(names)[:MAX_LOADS]]
    record.loads += [Load(match.group(1), lines.at(match.start())) for match in re.finditer(_RUN, text)]
    for match in re.finditer(r"\baddpath\s{0,9}\(?\s{0,9}['\"]([^'\"\n]+)['\"]", text):
        record.search.append((match.group(1), True))
        record.loads += [Load(f"{match.group(1)}/{name}.m", 1) for name in list(names)[:MAX_LOADS]]
    return record
