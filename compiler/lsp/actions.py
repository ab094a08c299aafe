"""Quick fixes: the edit that each diagnostic proposes."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types as lsp

from ..model.diagnostic import Fix
from ..model.source import Span
from ..show.render import Located
from .diagnostics import fixes
from .request import Request

MAX_TITLE = 60


def quick_fixes(request: Request, wanted: lsp.Range, diagnostics: list[lsp.Diagnostic]) -> Iterator[lsp.CodeAction]:
    """The fixes of the diagnostics that touch a range of the file."""
    latest = request.project.latest
    if latest is None:
        return
    for located, fix, span in fixes(latest):
        if located.span is None or located.span.source.name != request.name:
            continue
        place = request.places.range(located.span)
        if not _touch(place, wanted):
            continue
        yield lsp.CodeAction(
            title=_title(located, fix, span),
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[d for d in diagnostics if d.code == located.diagnostic.code and d.range == place] or None,
            edit=lsp.WorkspaceEdit(changes={request.places.uri(span.source.name): [_edit(request, fix, span)]}),
            is_preferred=True,
        )


def _edit(request: Request, fix: Fix, span: Span) -> lsp.TextEdit:
    return lsp.TextEdit(request.places.range(span), fix.replacement)


def _title(located: Located, fix: Fix, span: Span) -> str:
    before, after = span.source.text[span.start : span.end], fix.replacement
    code = located.diagnostic.code
    if not before.strip():
        return f"{code}: insert {_short(after)}"
    return (
        f"{code}: replace {_short(before)} by {_short(after)}" if after.strip() else f"{code}: remove {_short(before)}"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line}`" if len(line) <= MAX_TITLE else f"`{line[: MAX_TITLE - 3]}...`"


def _touch(one: lsp.Range, other: lsp.Range) -> bool:
    first, last = (one.start.line, one.start.character), (one.end.line, one.end.character)
    return first <= (other.end.line, other.end.character) and (other.start.line, other.start.character) <= last
