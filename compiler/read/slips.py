"""Common mistakes in YAML, named: what the parser stumbled over, where the mistake is, and the text to write instead.

libyaml reports where it could not go on, which is often a line below the mistake and never says what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.source import Source, Span
from .lookalikes import CURLY, CURLY_QUOTES, NO_BREAK_SPACE, ODD, odd_space
from .quoting import QUOTE_IT, quote_span, quote_value, quoted, value_span

TAB = Code(
    "MLC001",
    "error",
    "invalid YAML: a tab in the indentation",
    help="indent with spaces: replace each tab by two spaces",
)
SPECIAL_START = Code("MLC001", "error", "invalid YAML: an unquoted value cannot start with `{start}`", help=QUOTE_IT)
COLON_IN_VALUE = Code("MLC001", "error", "invalid YAML: an unquoted value cannot contain `: `", help=QUOTE_IT)
TEXT_AFTER_QUOTE = Code("MLC001", "error", "invalid YAML: text after the closing quote", help="write {quoted}")
TEXT_AFTER_BRACKET = Code(
    "MLC001", "error", "invalid YAML: text after the closing bracket; an unquoted value cannot start with `{start}`",
    help=QUOTE_IT,
)  # fmt: skip
TEMPLATE_IN_BRACKETS = Code("MLC001", "error", "invalid YAML: a template inside brackets needs quotes", help=QUOTE_IT)
ESCAPE = Code(
    "MLC001", "error", "invalid YAML: double quotes allow no `{escape}`", help="use single quotes: {quoted}"
)  # fmt: skip
NO_SPACE_AFTER_COLON = Code(
    "MLC001", "error", "invalid YAML: no space after the colon of `{key}`", help="write `{written}`"
)
NO_SPACE_AFTER_DASH = Code("MLC001", "error", "invalid YAML: no space after the dash", help="write `{written}`")
NO_COLON = Code("MLC001", "error", "invalid YAML: no colon after the key `{key}`", help="write `{written}`")
NO_COMMA = Code("MLC001", "error", "invalid YAML: no comma between two items", help="put a comma before this item")
UNCLOSED_QUOTE = Code(
    "MLC001",
    "error",
    "invalid YAML: this quote is not closed",
    help="write the closing `{quote}` at the end of the text",
)
UNCLOSED_BRACKET = Code(
    "MLC001", "error", "invalid YAML: this `{bracket}` is not closed", help="write `{closing}` after the last item"
)
INDENTED_MORE = Code(
    "MLC001",
    "error",
    "invalid YAML: this line is indented more than the one above, which already has a value",
    help="indent it by {indent} spaces, as the keys around it",
)
INDENTED_LESS = Code(
    "MLC001",
    "error",
    "invalid YAML: the indentation of this line matches no line above",
    help="indent it by {indent} spaces",
)
CONFLICT = Code(
    "MLC001", "error", "invalid YAML: an unresolved merge conflict", help="keep one side and remove the marker lines"
)
_ODD = "[" + "".join(ODD) + "]"
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: .*)?$", re.MULTILINE)
_KEY = r"[A-Za-z_][\w.-]*"
_GLUED = re.compile(rf"(\s*(?:- )?)({_KEY}):([^\s:/\\].*)")
_NO_COLON = re.compile(rf"(\s*)({_KEY})(?:\s+(\S.*))?$")
_GLUED_DASH = re.compile(r"(\s*)-([^\s-].*)")
_SPECIAL = "@`%&*!|>?-,#"


def name(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic | None:
    """The mistake behind an error of the parser, or None if it is none of the known ones."""
    return next(_Slip(source, error).candidates(), None)


class _Slip:
    """An error of the parser, and the lines around it."""

    def __init__(self, source: Source, error: yaml.MarkedYAMLError) -> None:
        self.source = source
        self.problem = str(error.problem or "")
        self.context = str(error.context or "")
        self.offset = self._offset(error.problem_mark or error.context_mark)
        self.start = self._offset(error.context_mark or error.problem_mark)
        self.line = source.position(self.offset)[0]

    def _offset(self, mark: Any) -> int:
        return min(mark.index, len(self.source.text)) if mark else 0

    def candidates(self) -> Iterator[Diagnostic]:
        """What it can be, the most certain first."""
        yield from self._conflict()
        yield from self._tab()
        yield from self._unclosed_quote()
        yield from self._special_start()
        yield from self._escape()
        yield from self._odd_space()
        yield from self._curly()
        yield from self._glued()
        yield from self._brackets()
        yield from self._after_quote()
        yield from self._colon_in_value()
        yield from self._indentation()

    def _span(self, number: int, column: int, length: int) -> Span:
        start = self._line_start(number) + column
        return Span(self.source, start, start + length)

    def _line_start(self, number: int) -> int:
        low = 0
        for _ in range(number - 1):
            low = self.source.text.find("\n", low) + 1
        return low

    def _lines_before(self) -> Iterator[tuple[int, str]]:
        """The line of the error and the nearest one above that is neither empty nor a comment."""
        count = 0
        for number in range(self.line, 0, -1):
            text = self.source.line(number)
            if text.strip() and not text.lstrip().startswith("#"):
                yield number, text
                count += 1
            if count == 2:
                return

    def _conflict(self) -> Iterator[Diagnostic]:
        if (marker := _CONFLICT.search(self.source.text)) is not None:
            yield CONFLICT.on(Span(self.source, marker.start(), marker.end()))

    def _tab(self) -> Iterator[Diagnostic]:
        for number, text in self._lines_before():
            indent = text[: len(text) - len(text.lstrip())]
            if "\t" in indent:
                yield TAB.on(self._span(number, indent.index("\t"), 1))

    def _special_start(self) -> Iterator[Diagnostic]:
        text = self.source.text
        if self.problem.startswith("did not find expected") and self._flow_value() is not None:
            return
        if self.context in ("while scanning an alias", "while scanning an anchor", "while scanning a block scalar"):
            yield quote_value(SPECIAL_START, self.source, self.start, start=self._start_of(self.start))
        elif text[self.offset : self.offset + 1] in set(_SPECIAL):
            starts = ("cannot start", "not allowed", "node content", "directive", "tag")
            if any(word in self.problem for word in starts) and not self._is_line_start(self.offset):
                yield quote_value(SPECIAL_START, self.source, self.offset, start=self._start_of(self.offset))

    def _start_of(self, offset: int) -> str:
        found = re.match(r"[<>=!]=|.", self.source.text[offset : offset + 2])
        return found[0] if found else ""

    def _is_line_start(self, offset: int) -> bool:
        return not self.source.text[self.source.text.rfind("\n", 0, offset) + 1 : offset].strip()

    def _escape(self) -> Iterator[Diagnostic]:
        if "escape" not in self.problem:
            return
        end = self.source.text.find('"', self.offset)
        if end < 0 or "\n" in self.source.text[self.start : end]:
            return
        span = Span(self.source, self.start, end + 1)
        escape = self.source.text[self.source.text.rfind("\\", 0, self.offset + 1) :][:2]
        straight = "'" + self.source.text[self.start + 1 : end].replace("'", "''") + "'"
        yield replace(ESCAPE.on(span, escape=escape, quoted=straight), fix=Fix(span, straight, "unsafe"))

    def _odd_space(self) -> Iterator[Diagnostic]:
        for number, text in self._lines_before():
            if (odd := re.search(rf"^ *({_ODD})|:({_ODD})", text)) is not None:
                offset = self._line_start(number) + odd.start(1 if odd[1] else 2)
                yield odd_space(NO_BREAK_SPACE, self.source, offset)

    def _curly(self) -> Iterator[Diagnostic]:
        for number, text in self._lines_before():
            for opening in re.finditer(r"(?<=[:\-\[{,] )[“„‘‚«]|(?<=[\[{,])[“„‘‚«]", text):
                closing = re.search(f"[{CURLY[opening[0]]}]", text[opening.end() :])
                if closing is not None:
                    end = opening.end() + closing.end()
                    span = self._span(number, opening.start(), end - opening.start())
                    straight = quoted(text[opening.end() : end - 1])
                    diagnostic = CURLY_QUOTES.on(span, opening=opening[0], quoted=straight)
                    yield replace(diagnostic, severity="error", fix=Fix(span, straight, "unsafe"))

    def _glued(self) -> Iterator[Diagnostic]:
        if "expected ':'" not in self.problem and "mapping values" not in self.problem:
            return
        number = self.source.position(self.start)[0] if "expected ':'" in self.problem else self.line
        above = [(line, text) for line, text in self._lines_before() if line != self.line or number == self.line]
        lines = [(number, self.source.line(number)), *above]
        for line, text in lines:
            if (glued := _GLUED.fullmatch(text)) is not None and ": " not in glued[3]:
                span = self._span(line, glued.start(2), len(text) - glued.start(2))
                written = f"{glued[2]}: {glued[3]}"
                diagnostic = NO_SPACE_AFTER_COLON.on(span, key=glued[2], written=written)
                yield replace(diagnostic, fix=Fix(span, written, "unsafe"))
            elif (dash := _GLUED_DASH.fullmatch(text)) is not None:
                span = self._span(line, dash.start(2) - 1, len(text) - dash.start(2) + 1)
                written = f"- {dash[2]}"
                yield replace(NO_SPACE_AFTER_DASH.on(span, written=written), fix=Fix(span, written, "unsafe"))
            elif "expected ':'" in self.problem and (bare := _NO_COLON.fullmatch(text)) is not None:
                span = self._span(line, bare.start(2), len(text) - bare.start(2))
                written = f"{bare[2]}: {bare[3]}" if bare[3] else f"{bare[2]}:"
                yield replace(NO_COLON.on(span, key=bare[2], written=written), fix=Fix(span, written, "unsafe"))
        if "expected ':'" not in self.problem and len(lines) > 1:
            line, text = lines[-1]
            deeper = _indent(self.source.line(self.line)) > _indent(text)
            if line < self.line and not deeper and (bare := _NO_COLON.fullmatch(text)) is not None:
                span = self._span(line, bare.start(2), len(text) - bare.start(2))
                written = f"{bare[2]}: {bare[3]}" if bare[3] else f"{bare[2]}:"
                yield replace(NO_COLON.on(span, key=bare[2], written=written), fix=Fix(span, written, "unsafe"))

    def _brackets(self) -> Iterator[Diagnostic]:
        text = self.source.text
        if "expected ','" not in self.problem:
            if self.problem.startswith("did not find expected") and (start := self._flow_value()) is not None:
                yield quote_value(TEXT_AFTER_BRACKET, self.source, start, start=text[start])
            return
        if text[self.offset : self.offset + 1] == "{" and text[self.offset - 1 : self.offset] == "$":
            yield quote_value(TEMPLATE_IN_BRACKETS, self.source, self._item_start())
        bracket = text[self.start]
        closing = "]" if bracket == "[" else "}"
        end_of_line = text.find("\n", self.offset)
        same_line = self.source.position(self.start)[0] == self.line
        if same_line and closing in text[self.offset : end_of_line if end_of_line >= 0 else None]:
            span = Span(self.source, self.offset, self.offset + 1)
            yield replace(NO_COMMA.on(span), fix=Fix(Span(self.source, self.offset, self.offset), ", ", "unsafe"))
        else:
            span = Span(self.source, self.start, self.start + 1)
            yield UNCLOSED_BRACKET.on(span, bracket=bracket, closing=closing)

    def _item_start(self) -> int:
        start = max(self.source.text.rfind(char, 0, self.offset) for char in "[{,") + 1
        return start + len(self.source.text[start:]) - len(self.source.text[start:].lstrip(" "))

    def _flow_value(self) -> int | None:
        """The start of the value on this line, if it is a bracket that closes before the error."""
        line = self.source.line(self.line)
        found = re.match(rf"\s*(?:- )?(?:{_KEY}: +)?([\[{{])", line)
        if found is None:
            return None
        start = self._line_start(self.line) + found.start(1)
        between = self.source.text[start : self.offset]
        return start if set("]}") & set(between) else None

    def _last_quoted(self) -> tuple[int, int] | None:
        """The place of the last quoted scalar before the error."""
        last: tuple[int, int] | None = None
        event: Any
        try:
            for event in yaml.parse(self.source.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                kind = type(event)
                if kind is yaml.ScalarEvent and event.style in ("'", '"'):
                    last = event.start_mark.index, event.end_mark.index
        except yaml.YAMLError:
            pass
        return last if last is None or last[1] <= self.offset else None

    def _unclosed_quote(self) -> Iterator[Diagnostic]:
        start: int | None = None
        if self.context == "while scanning a quoted scalar" and "end of stream" in self.problem:
            start = self.start
        elif (last := self._last_quoted()) is not None and "\n" in self.source.text[last[0] : last[1]]:
            if self.source.position(last[1])[0] == self.line:
                start = last[0]
        if start is not None:
            quote = self.source.text[start]
            yield UNCLOSED_QUOTE.on(Span(self.source, start, start + 1), quote=quote)

    def _after_quote(self) -> Iterator[Diagnostic]:
        last = self._last_quoted()
        if last is not None and "\n" not in self.source.text[last[0] : self.offset]:
            yield quote_span(TEXT_AFTER_QUOTE, self.source, value_span(self.source, last[0]))

    def _colon_in_value(self) -> Iterator[Diagnostic]:
        if "mapping values" not in self.problem:
            return
        line = self.source.line(self.line)
        found = re.match(rf"\s*(?:- )?{_KEY}: +(?=\S)", line)
        column = self.source.position(self.offset)[1] - 1
        if found is not None and found.end() <= column:
            yield quote_value(COLON_IN_VALUE, self.source, self._line_start(self.line) + found.end())

    def _indentation(self) -> Iterator[Diagnostic]:
        lines = list(self._lines_before())
        if len(lines) < 2 or ":" not in lines[0][1]:
            return
        (number, text), (_, above) = lines
        place = self._span(number, 0, max(_indent(text), 1))
        if "mapping values" in self.problem and _indent(text) > _indent(above):
            diagnostic = INDENTED_MORE.on(place, indent=_indent(above))
        elif self.problem == "did not find expected key" and _indent(text) < _indent(above):
            diagnostic = INDENTED_LESS.on(place, indent=_indent(above))
        else:
            return
        yield replace(
            diagnostic,
            fix=Fix(Span(self.source, place.start, place.start + _indent(text)), " " * _indent(above), "unsafe"),
        )


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
