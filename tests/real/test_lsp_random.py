"""The language server under random edits: it answers every request, keeps the last good model, and never logs an error."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import write
from editor import FILES, SPEC, Editor, position, session
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

WORDS = [
    "", "", " ", "\n", "  ", "\n  ", "${", "}", "[", "]", "{", ":", ": ", "- ", "'", '"', "\t", "é", "\U0001f377", "\u2028",
    "&a ", "*a", "<<: ", "|", ">-", "#", "!!tag ", "deps", "stages:\n", "foreach", "do:", "null", "1e400", "\r\n", "\x00", "../",
]  # fmt: skip
RESET = 25
"""Edits after which the text is good again, so that most of them fall on a spec that can be read."""
REFUSED = -32803


def edited(text: str, chance: random.Random) -> tuple[str, int]:
    """A text after one random edit, and where it was."""
    start = chance.randint(0, len(text))
    match chance.randrange(4):
        case 0:
            return text[:start] + chance.choice(WORDS) + text[start:], start
        case 1:
            return text[:start] + text[start + chance.choice((1, 1, 2, 5, 40)) :], start
        case 2:
            return text[:start] + chance.choice(WORDS) + text[start + chance.choice((1, 3)) :], start
    lines = text.splitlines(keepends=True) or [""]
    first = chance.randrange(len(lines))
    moved = lines.pop(first)
    for _ in range(chance.randrange(3)):  # removed, moved, or moved and repeated
        lines.insert(chance.randint(0, len(lines)), moved)
    return "".join(lines), sum(map(len, lines[:first]))


def requests(client: Editor, place: lsp.Position, end: lsp.Position) -> list[Callable[[], Awaitable[Any]]]:
    """What an editor asks, all of it at one place."""
    document, whole = client.document(), lsp.Range(lsp.Position(0, 0), end)
    here = lsp.Range(place, place)
    return [
        lambda: client.text_document_hover_async(lsp.HoverParams(document, place)),
        lambda: client.text_document_completion_async(lsp.CompletionParams(document, place)),
        lambda: client.text_document_definition_async(lsp.DefinitionParams(document, place)),
        lambda: client.text_document_references_async(lsp.ReferenceParams(lsp.ReferenceContext(True), document, place)),
        lambda: client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document)),
        lambda: client.text_document_folding_range_async(lsp.FoldingRangeParams(document)),
        lambda: client.text_document_code_lens_async(lsp.CodeLensParams(document)),
        lambda: client.text_document_inlay_hint_async(lsp.InlayHintParams(document, whole)),
        lambda: client.text_document_code_action_async(lsp.CodeActionParams(document, here, lsp.CodeActionContext([]))),
        lambda: client.text_document_prepare_rename_async(lsp.PrepareRenameParams(document, place)),
        lambda: client.text_document_rename_async(lsp.RenameParams(document, place, "renamed")),
    ]


async def ask(request: Callable[[], Awaitable[Any]]) -> None:
    try:
        async with asyncio.timeout(60):
            await request()
    except JsonRpcException as error:
        if error.code != REFUSED:
            raise


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=[pytest.mark.full, pytest.mark.long])])
def test_random_edits(tmp_path: Path, count: int) -> None:
    write(tmp_path, FILES)
    chance = random.Random(17)

    async def act(client: Editor) -> None:
        text = client.open()
        await client.seen()
        for number in range(count):
            text, place = edited(SPEC if number % RESET == 0 else text, chance)
            client.type(text)
            await ask(chance.choice(requests(client, position(text, place), position(text, len(text)))))
            if number % 100 == 99:  # the good text is analysed, and known to be good
                client.type(SPEC)
                assert await client.seen() == []
                assert "stage `train`" in await client.hover("  train:\n", 3)

    session(tmp_path, act)


def test_a_client_that_says_nonsense(tmp_path: Path) -> None:
    """Positions outside of the text, files that are not open, folders, other schemes: an answer, and no error."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        far = lsp.Position(10_000, 10_000)
        for request in requests(client, far, far):
            await ask(request)
        for uri in ("untitled:Untitled-1", (tmp_path / "gone.yaml").as_uri(), tmp_path.as_uri(), "file:///", "x"):
            other = lsp.TextDocumentIdentifier(uri)
            assert await client.text_document_hover_async(lsp.HoverParams(other, far)) is None
            client.text_document_did_save(lsp.DidSaveTextDocumentParams(other))
            client.text_document_did_close(lsp.DidCloseTextDocumentParams(other))
        item = lsp.TextDocumentItem("untitled:Untitled-1", "yaml", 1, SPEC)
        client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        assert await client.seen() == []
        assert "stage `train`" in await client.hover("  train:\n", 3)

    session(tmp_path, act)
