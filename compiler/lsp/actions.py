"""Code actions: the edit that each diagnostic proposes, and what conventions fill in written out or left out."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types as lsp

from ..model.diagnostic import Fix
from ..model.snapshot import Snapshot
from ..model.source import Span
from ..read.document import SPEC_NAME
from ..show.render import Located
from .cursor import entries_of
from .diagnostics import fixes
from .edits import workspace_edit
from .request import Request
from .texts import difference
from .writing_out import can_write_out, left_out, same_pipeline, written_out

MAX_TITLE = 60
REWRITE = lsp.CodeActionKind.RefactorRewrite


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
            edit=lsp.WorkspaceEdit(changes={request.uri(span.source.name): [_edit(request, fix, span)]}),
            is_preferred=True,
        )


def rewrites(request: Request, wanted: lsp.Range) -> Iterator[lsp.CodeAction]:
    """The actions on the stage at the cursor. Their edits are computed when one is chosen (`rewritten`)."""
    analysis = request.analysis
    if analysis is None or request.name != SPEC_NAME:
        return
    for key, body in entries_of(request.tree, "stages"):
        place = request.lines.range(key.start, max(key.end, body.end))
        entry = analysis.resolved.entries.get(key.text)
        if entry is None or not _touch(place, wanted):
            continue
        data = {"uri": request.file.uri, "stage": key.text}
        if can_write_out(entry):
            title = f"Write out what conventions fill into `{key.text}`"
            yield lsp.CodeAction(title, kind=REWRITE, data={**data, "action": "write out"})
        if "cmd" in entry.declared.model_fields_set:
            title = f"Leave out what conventions fill into `{key.text}`"
            yield lsp.CodeAction(title, kind=REWRITE, data={**data, "action": "leave out"})


def rewritten(request: Request, action: str, stage: str) -> lsp.WorkspaceEdit | None:
    """The edit of a rewriting action; None if no edit leaves the pipeline unchanged."""
    analysis = request.analysis
    entry = analysis.resolved.entries.get(stage) if analysis is not None else None
    if analysis is None or entry is None:
        return None
    text = request.text(SPEC_NAME)

    def snapshot_of(new: str) -> Snapshot:
        return request.snapshot_of({SPEC_NAME: new})

    new = written_out(text, entry) if action == "write out" else left_out(text, stage, snapshot_of)
    if new is None or new == text or not same_pipeline(analysis.resolved, new, snapshot_of):
        return None
    return workspace_edit(request, {SPEC_NAME: difference(text, new)})


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
