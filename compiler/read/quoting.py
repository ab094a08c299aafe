"""Quotes around a value of a YAML text: the place of an unquoted value, and the same value in quotes as a fix."""

from __future__ import annotations

import re
from dataclasses import replace

from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.source import Source, Span

QUOTE_IT = "put the value in quotes: {quoted}"


def quoted(text: str) -> str:
    """A text as a quoted YAML scalar."""
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def quote_value(code: Code, source: Source, offset: int, **values: object) -> Diagnostic:
    """The diagnostic at the unquoted value that starts at ``offset``, with the same value in quotes as its fix."""
    return quote_span(code, source, value_span(source, offset), **values)


def quote_span(code: Code, source: Source, span: Span, **values: object) -> Diagnostic:
    """The diagnostic at a span, with the text of the span in quotes as its fix."""
    straight = quoted(source.text[span.start : span.end])
    return replace(code.on(span, quoted=straight, **values), fix=Fix(span, straight, "unsafe"))


def value_span(source: Source, offset: int) -> Span:
    """The rest of the line from ``offset`` without a comment; inside brackets up to the end of the item."""
    line_start = source.text.rfind("\n", 0, offset) + 1
    line_end = source.text.find("\n", offset)
    text = source.text[offset : line_end if line_end >= 0 else None]
    before = source.text[line_start:offset]
    if sum(map(before.count, "[{")) > sum(map(before.count, "]}")):
        text = text[: _item_end(text)]
    text = re.split(r"\s#", text)[0].rstrip()
    return Span(source, offset, offset + max(len(text), 1))


def _item_end(text: str) -> int:
    depth = 0
    for index, char in enumerate(text):
        if char in "[{":
            depth += 1
        elif char in "]}" and depth:
            depth -= 1
        elif char in ",]}" and not depth:
            return index
    return len(text)
