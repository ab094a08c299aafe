"""The requests that the server answers, each in a few lines: find what is at the position, ask for it, translate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from . import actions
from .completion import Proposal, complete
from .cursor import gap_at
from .definition import definitions
from .hover import hover
from .symbols import folds, symbols

if TYPE_CHECKING:
    from .request import Request
    from .server import Server


def register(server: Server) -> None:
    """Register all requests."""
    _reading(server)
    _editing(server)


def _reading(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        request = await server.request(params.text_document.uri)
        here = request.at(params.position) if request is not None else None
        if request is None or here is None or request.analysis is None:
            return None
        scalar, mention = here
        if not (request.is_spec or request.is_params):
            return None
        text = hover(request.analysis, mention, scalar, is_spec=request.is_spec)
        if text is None:
            return None
        start, end = (mention.start, mention.end) if mention is not None else (scalar.start, scalar.end)
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), request.lines.range(start, end))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def defined(params: lsp.DefinitionParams) -> list[lsp.Location]:
        request = await server.request(params.text_document.uri)
        here = request.at(params.position) if request is not None else None
        if request is None or here is None or here[1] is None or request.analysis is None:
            return []
        return [request.location(place) for place in definitions(request.analysis, here[1], here[0])]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outlined(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        request = await server.request(params.text_document.uri)
        return symbols(request.tree, request.lines) if request is not None and request.is_ours else []

    @server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folded(params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
        request = await server.request(params.text_document.uri)
        return folds(request.tree, request.lines) if request is not None and request.is_ours else []


def _editing(server: Server) -> None:
    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["{", ".", "/", ":", " ", "-", "[", ","])
    )
    async def completed(params: lsp.CompletionParams) -> lsp.CompletionList:
        request = await server.request(params.text_document.uri)
        if request is None or not request.is_spec:
            return lsp.CompletionList(False, [])
        offset = request.lines.offset(params.position)
        gap = gap_at(request.name, request.file.text, offset)
        proposals = complete(request.analysis, gap, request.snapshot) if gap is not None else []
        return lsp.CompletionList(False, [_item(request, offset, *numbered) for numbered in enumerate(proposals)])

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
    async def acted(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        request = await server.request(params.text_document.uri, current=True)
        if request is None:
            return []
        return list(actions.quick_fixes(request, params.range, list(params.context.diagnostics)))


def _item(request: Request, offset: int, number: int, proposal: Proposal) -> lsp.CompletionItem:
    edit = lsp.TextEdit(request.lines.range(max(offset - proposal.length, 0), offset), proposal.text)
    documentation = (
        lsp.MarkupContent(lsp.MarkupKind.Markdown, proposal.documentation) if proposal.documentation else None
    )
    return lsp.CompletionItem(
        label=proposal.label,
        kind=proposal.kind,
        detail=proposal.detail or None,
        documentation=documentation,
        sort_text=f"{number:04}",
        filter_text=proposal.text,
        text_edit=edit,
    )
