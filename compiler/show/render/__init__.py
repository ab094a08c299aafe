"""Rendering of diagnostics for people and programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...model.diagnostic import Diagnostic, Report
from ...model.source import Place, Span
from ...read.document import Document

FORMATS = ("text", "json", "sarif", "github")


@dataclass(frozen=True, slots=True)
class Located:
    """A diagnostic with its places looked up."""

    diagnostic: Diagnostic
    span: Span | None
    labels: tuple[tuple[Span, str], ...]


def render(report: Report, document: Document | None, style: str, color: bool = False) -> str:
    """The report in one of `FORMATS`, sorted by place, without duplicates. Empty for an empty report."""
    located = locate(report, document)
    if style == "json":
        from .as_json import as_json

        return as_json(located)
    if style == "sarif":
        from .sarif import as_sarif

        return as_sarif(located)
    if style == "github":
        from .github import as_commands

        return as_commands(located)
    from .text import as_text

    return as_text(located, color)


def locate(report: Iterable[Diagnostic], document: Document | None) -> list[Located]:
    """The diagnostics with their places looked up, sorted and without duplicates."""
    located: dict[tuple[str, int, int, str, str], Located] = {}
    for diagnostic in report:
        span = _span(diagnostic.place, document)
        labels = tuple(
            (place, label.text) for label in diagnostic.labels if (place := _span(label.place, document)) is not None
        )
        name, start, end = (span.source.name, span.start, span.end) if span is not None else ("", 0, 0)
        located.setdefault((name, start, end, diagnostic.code, diagnostic.message), Located(diagnostic, span, labels))
    return [located[key] for key in sorted(located)]


def _span(place: Place | None, document: Document | None) -> Span | None:
    if place is None or isinstance(place, Span):
        return place
    return document.span(place) if document is not None else None


def plain(text: str) -> str:
    """A text without characters that a terminal would interpret."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)


def counted(located: Iterable[Located]) -> dict[str, int]:
    """The number of diagnostics of each severity."""
    counts = {"error": 0, "warning": 0, "note": 0}
    for item in located:
        counts[item.diagnostic.severity] += 1
    return counts
