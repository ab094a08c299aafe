"""Edits of the workspace in the terms of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lsprotocol import types as lsp

from .lines import Lines
from .request import Request
from .texts import Replacement


def workspace_edit(
    request: Request, files: Mapping[str, Iterable[Replacement]], move: tuple[str, str] | None = None
) -> lsp.WorkspaceEdit:
    """The replacements in files of the project, and the file or folder that moves, if the client can do that."""
    changes = {name: edits for name, items in files.items() if (edits := _text_edits(request, name, items))}
    if move is None or not request.can_move:
        return lsp.WorkspaceEdit(changes={request.uri(name): edits for name, edits in changes.items()})
    documents: list[lsp.TextDocumentEdit | lsp.CreateFile | lsp.RenameFile | lsp.DeleteFile] = []
    for name, edits in changes.items():
        document = lsp.OptionalVersionedTextDocumentIdentifier(request.uri(name), request.version(name))
        documents.append(lsp.TextDocumentEdit(document, list(edits)))
    before, after = (request.uri(path) for path in move)
    return lsp.WorkspaceEdit(document_changes=[*documents, lsp.RenameFile(before, after)])


def _text_edits(request: Request, name: str, replacements: Iterable[Replacement]) -> list[lsp.TextEdit]:
    lines = Lines(request.text(name), request.places.encoding)
    return [lsp.TextEdit(lines.range(one.start, one.end), one.text) for one in replacements]
