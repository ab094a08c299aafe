"""Diagnostics as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...model.source import Span
from . import Located, counted


def as_json(located: Sequence[Located]) -> str:
    """`{version, errors, warnings, diagnostics: [...]}`; lines and columns count from 1, ends are exclusive."""
    counts = counted(located)
    data = {
        "version": 1,
        "errors": counts["error"],
        "warnings": counts["warning"],
        "diagnostics": [_entry(item) for item in located],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def place(span: Span) -> dict[str, Any]:
    """File, line and column of both ends of a span."""
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _entry(item: Located) -> dict[str, Any]:
    diagnostic = item.diagnostic
    entry: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **(place(item.span) if item.span is not None else {}),
        "note": diagnostic.note or None,
        "help": diagnostic.help or None,
        "labels": [{**place(span), "text": text} for span, text in item.labels] or None,
        "fix": {"replacement": diagnostic.fix.replacement, "safety": diagnostic.fix.safety} if diagnostic.fix else None,
    }
    return {key: value for key, value in entry.items() if value is not None}
