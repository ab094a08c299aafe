"""The requests that show something, each in a few lines: find what is at the position, ask for it, translate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from .definition import definitions
from .generated import origin, origins
from .hints import hints
from .hover import about_stage, hover
from .lenses import lenses
from .references import references
from .symbols import folds, symbols

if TYPE_CHECKING:
    from .request import Request
    from .server import Server


def register(server: Server) -> None:
    """Register the requests that show something."""
    _at_the_cursor(server)
    _of_the_file(server)


def _at_the_cursor(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        request = await server.request(params.text_document.uri)
        here = request.at(params.position) if request is not None else None
        if request is None or here is None or request.analysis is None:
            return None
        scalar, mention = here
        if request.is_generated:
            return _of_generated(request, params.position)
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
        if request is None or here is None or request.analysis is None:
            return []
        if request.is_generated:
            span = origin(request.analysis, request.tree, request.lines.offset(params.position))
            return [request.span_location(span)] if span is not None else []
        if here[1] is None:
            return []
        return [request.location(place) for place in definitions(request.analysis, here[1], here[0])]

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    async def referred(params: lsp.ReferenceParams) -> list[lsp.Location]:
        request = await server.request(params.text_document.uri, current=True)
        here = request.at(params.position) if request is not None else None
        if request is None or here is None or here[1] is None or request.analysis is None:
            return []
        with_definition = params.context.include_declaration
        places = references(request.analysis, here[1], with_definition=with_definition)
        return [request.location(place) for place in places]


def _of_the_file(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outlined(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        request = await server.request(params.text_document.uri)
        return symbols(request.tree, request.lines) if request is not None and request.is_ours else []

    @server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folded(params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
        request = await server.request(params.text_document.uri)
        return folds(request.tree, request.lines) if request is not None and request.is_ours else []

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    async def above(params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        request = await server.request(params.text_document.uri)
        if request is None or request.analysis is None or not request.is_spec:
            return []
        shown = lenses(request.analysis, request.tree)
        return [lsp.CodeLens(request.lines.range(key.start, key.end), lsp.Command(text, "")) for key, text in shown]

    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    async def beside(params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        request = await server.request(params.text_document.uri)
        if request is None or request.analysis is None or not request.is_spec:
            return []
        lines = request.lines
        start, end = lines.offset(params.range.start), lines.offset(params.range.end)
        shown = hints(request.analysis, request.tree, request.file.text, start, end)
        return [lsp.InlayHint(lines.position(offset), text) for offset, text in shown]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_LINK)
    async def linked(params: lsp.DocumentLinkParams) -> list[lsp.DocumentLink]:
        request = await server.request(params.text_document.uri)
        if request is None or request.analysis is None or not request.is_generated:
            return []
        return [
            lsp.DocumentLink(
                request.lines.range(key.start, key.end),
                f"{request.uri(span.source.name)}#L{span.line}",
                f"edit {span.source.name}",
            )
            for key, _, span in origins(request.analysis, request.tree)
        ]


def _of_generated(request: Request, position: lsp.Position) -> lsp.Hover | None:
    """The place in the spec to edit, and the stage there."""
    analysis = request.analysis
    span = origin(analysis, request.tree, request.lines.offset(position)) if analysis is not None else None
    if analysis is None or span is None:
        return None
    link = f"[{span.source.name}:{span.line}]({request.uri(span.source.name)}#L{span.line})"
    about = [
        part for key, _, at in origins(analysis, request.tree) if at == span for part in about_stage(analysis, key.text)
    ]
    text = "\n\n".join([f"made from {link}: edit that", *about])
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text))
