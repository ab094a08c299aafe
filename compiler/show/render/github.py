"""Workflow commands of GitHub Actions, which become annotations of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

from . import Located

_WORDS = {"error": "error", "warning": "warning", "note": "notice"}


def as_commands(located: Sequence[Located]) -> str:
    """A line for each diagnostic."""
    return "\n".join(_command(item) for item in located)


def _command(item: Located) -> str:
    diagnostic, span = item.diagnostic, item.span
    properties = {"title": diagnostic.code}
    if span is not None:
        end_line, end_column = span.source.position(span.end)
        properties |= {"file": span.source.name, "line": str(span.line), "col": str(span.column)}
        properties |= {"endLine": str(end_line), "endColumn": str(end_column)}
    text_properties = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = diagnostic.message + (f"\n{diagnostic.help}" if diagnostic.help else "")
    return f"::{_WORDS[diagnostic.severity]} {text_properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
