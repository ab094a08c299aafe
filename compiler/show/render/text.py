"""Diagnostics as text: the line of the spec, with carets under the place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from ...model.source import Span
from . import Located, counted, plain

_COLORS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m", "gutter": "\x1b[34m"}
_RESET = "\x1b[0m"
_WINDOW = 140


def as_text(located: Sequence[Located], color: bool) -> str:
    """All diagnostics, and a line with their number."""
    if not located:
        return ""
    blocks = ["\n".join(_block(item, color)) for item in located]
    counts = counted(located)
    words = [amount(count, name) for name, count in counts.items() if count]
    codes = list(dict.fromkeys(item.diagnostic.code for item in located if item.diagnostic.severity != "note"))
    more = f"; more about {'it' if len(codes) == 1 else 'each'}: `mlopsc code {codes[0]}`" if codes else ""
    return "\n\n".join([*blocks, ", ".join(words) + more])


def amount(count: int, noun: str) -> str:
    """A number with its noun, such as `1 stage` or `2 stages`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _paint(text: str, name: str, color: bool) -> str:
    return f"{_COLORS[name]}{text}{_RESET}" if color else text


def _block(item: Located, color: bool) -> Iterator[str]:
    diagnostic, span = item.diagnostic, item.span
    head = _paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity, color)
    where = f"{plain(span.source.name)}:{span.line}:{span.column}: " if span is not None else ""
    yield f"{where}{head}: {_indented(diagnostic.message)}"
    width = 1
    if span is not None and span.source.text:
        shown = [(span, ""), *((label, text) for label, text in item.labels if label.source is span.source)]
        width = max(len(str(place.line)) for place, _ in shown)
        bar = _paint(f"{'':{width}} |", "gutter", color)
        yield bar
        last = 0
        for place, text in shown:
            if last and place.line not in (last, last + 1):
                yield _paint(f"{'':{width}} :", "gutter", color)
            if place.line != last:
                line, _ = _windowed(place)
                yield _paint(f"{place.line:{width}} |", "gutter", color) + f" {line}"
            last = place.line
            yield f"{bar} {_carets(place)}{' ' + plain(text) if text else ''}"
        for label, text in item.labels:
            if label.source is not span.source:
                yield f"{'':{width}} = {plain(label.source.name)}:{label.line}:{label.column}: {plain(text)}"
    for name, text in (("note", diagnostic.note), ("help", diagnostic.help)):
        if text:
            yield f"{'':{width}} = {name}: {_indented(text)}"


def _indented(text: str) -> str:
    """A text with its further lines indented, because names may contain line breaks."""
    return plain(text).replace("\n", "\n    ")


def _windowed(span: Span) -> tuple[str, int]:
    """The displayed line of a span, and the number of characters cut off before it."""
    line = span.source.line(span.line)
    cut = 0
    if len(line) > _WINDOW:
        cut = max(0, min(span.column - 1 - 20, len(line) - _WINDOW))
        line = line[cut : cut + _WINDOW]
    return plain(line.replace("\t", "    ")), cut


def _carets(span: Span) -> str:
    line = span.source.line(span.line)
    _, cut = _windowed(span)
    before = line[cut : span.column - 1]
    under = line[span.column - 1 : span.column - 1 + (span.end - span.start)][: _WINDOW - len(before)]
    return " " * _columns(before) + "^" * max(_columns(under), 1)


def _columns(text: str) -> int:
    """The number of terminal columns of a text, as `_windowed` shows it."""
    shown = plain(text.replace("\t", "    "))
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in shown)
