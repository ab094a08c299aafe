"""The requests that lead to an edit: completion, code actions, rename."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from . import actions
from .completion import Proposal, complete
from .cursor import gap_at
from .edits import workspace_edit
from .mentions import Mention
from .renaming import Refused, check, rename

if TYPE_CHECKING:
    from .request import Request
    from .server import Server

REFUSED = lsp.LSPErrorCodes.RequestFailed
TRIGGERS = ["{", ".", "/", ":", " ", "-", "[", ","]
T = TypeVar("T")
KINDS = [lsp.CodeActionKind.QuickFix, actions.REWRITE]


def is_refusal(error: BaseException | None) -> bool:
    """Whether an error is the answer to a request that cannot be carried out."""
    return isinstance(error, JsonRpcException) and error.code == REFUSED


def register(server: Server) -> None:
    """Register the requests that lead to an edit."""
    _completion(server)
    _actions(server)
    _rename(server)


def _completion(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=TRIGGERS))
    async def completed(params: lsp.CompletionParams) -> lsp.CompletionList:
        request = await server.request(params.text_document.uri)
        if request is None or not request.is_spec:
            return lsp.CompletionList(False, [])
        offset = request.lines.offset(params.position)
        gap = gap_at(request.name, request.file.text, offset)
        proposals = complete(request.analysis, gap, request.snapshot) if gap is not None else []
        return lsp.CompletionList(False, [_item(request, offset, *numbered) for numbered in enumerate(proposals)])


def _actions(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(KINDS, resolve_provider=True))
    async def acted(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        request = await server.request(params.text_document.uri, current=True)
        if request is None:
            return []
        found = list(actions.quick_fixes(request, params.range, list(params.context.diagnostics)))
        rewrites = list(actions.rewrites(request, params.range))
        if not server.resolves_actions:
            rewrites = [full for action in rewrites if (full := await with_edit(request, action)).edit is not None]
        return [*found, *rewrites]

    @server.feature(lsp.CODE_ACTION_RESOLVE)
    async def chosen(action: lsp.CodeAction) -> lsp.CodeAction:
        data = action.data if isinstance(action.data, dict) else {}
        request = await server.request(str(data.get("uri")), current=True)
        return action if request is None else await with_edit(request, action)

    async def with_edit(request: Request, action: lsp.CodeAction) -> lsp.CodeAction:
        data = action.data if isinstance(action.data, dict) else {}
        if {"action", "stage"} <= data.keys():
            action.edit = await _computed(
                server, lambda: actions.rewritten(request, str(data["action"]), str(data["stage"]))
            )
        return action


def _rename(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepared(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        request = await server.request(params.text_document.uri, current=True)
        mention = _renamable(request, params.position)
        if request is None or mention is None:
            return None
        place = request.lines.range(mention.start, mention.end)
        return lsp.PrepareRenamePlaceholder(place, request.file.text[mention.start : mention.end])

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    async def renamed(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        request = await server.request(params.text_document.uri, current=True)
        mention = _renamable(request, params.position)
        analysis = request.analysis if request is not None else None
        if request is None or mention is None or analysis is None:
            return None
        try:
            result = await _computed(server, lambda: rename(analysis, mention, params.new_name, request.snapshot_of))
        except Refused as refused:
            raise JsonRpcException(str(refused), REFUSED) from None
        return workspace_edit(request, result.files, result.move)


def _renamable(request: Request | None, position: lsp.Position) -> Mention | None:
    """What is at the cursor, if it can be renamed. Raises the refusal for the client."""
    here = request.at(position) if request is not None else None
    if request is None or request.analysis is None or here is None or here[1] is None:
        return None
    if request.project.latest is not request.analysis:
        raise JsonRpcException("the spec cannot be read: fix its errors first", REFUSED)
    try:
        check(request.analysis, here[1])
    except Refused as refused:
        raise JsonRpcException(str(refused), REFUSED) from None
    return here[1]


async def _computed(server: Server, compute: Callable[[], T]) -> T:
    """A result that takes compiling, beside the loop that answers other requests."""
    return await asyncio.get_running_loop().run_in_executor(server.projects.compiler, compute)


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
