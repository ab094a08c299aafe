"""The language server as an editor meets it: the real `mlopsc lsp`, over standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conftest import BIN, write
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

SECONDS = 60
SPEC = """\
mlops: 1
project: wine
stages:
  prepare:
    deps: [raw.csv]
    outs: [clean.csv]
  train:
    cmd: python src/train.py --depth ${train.depth}
    deps: [src/train.py, clean.csv]
    params: [train.depth]
    outs: [model.bin]
    kind: train
models:
  wine: {path: model.bin, from: train}
accept: [MLC411]
"""
FILES = {
    "mlops.yaml": SPEC,
    "params.yaml": "train:\n  depth: 4\n",
    "raw.csv": "1\n",
    "src/prepare.py": "",
    "src/train.py": "",
}


class Editor(LanguageClient):
    """A client that keeps the last diagnostics of each file by name."""

    def __init__(self, root: Path) -> None:
        super().__init__("tests", "1")
        self.root = root
        self.version = 0
        self.diagnostics: dict[tuple[str, int | None], list[lsp.Diagnostic]] = {}
        self.arrived = asyncio.Event()

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def take(params: lsp.PublishDiagnosticsParams) -> None:
            self.diagnostics[params.uri.rpartition("/")[2], params.version] = list(params.diagnostics)
            self.arrived.set()

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str) -> None:
        self.version += 1
        item = lsp.TextDocumentItem(self.uri(name), "yaml", self.version, text)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def type(self, name: str, text: str) -> None:
        self.version += 1
        document = lsp.VersionedTextDocumentIdentifier(self.version, self.uri(name))
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))

    async def seen(self, name: str = "mlops.yaml") -> list[lsp.Diagnostic]:
        """The diagnostics of a file in its last version."""
        async with asyncio.timeout(SECONDS):
            while (name, self.version) not in self.diagnostics:
                self.arrived.clear()
                await self.arrived.wait()
        return self.diagnostics[name, self.version]

    def at(self, text: str, word: str, shift: int = 0) -> tuple[lsp.TextDocumentIdentifier, lsp.Position]:
        """The place of the cursor inside ``word``, which stands once in ``text``."""
        before = text[: text.index(word) + shift]
        line = before.count("\n")
        return lsp.TextDocumentIdentifier(self.uri("mlops.yaml")), lsp.Position(line, len(before.rpartition("\n")[2]))


@asynccontextmanager
async def editor(root: Path) -> AsyncIterator[Editor]:
    client = Editor(root)
    await client.start_io(str(BIN / "mlopsc"), "lsp")
    async with asyncio.timeout(SECONDS):
        await client.initialize_async(lsp.InitializeParams(lsp.ClientCapabilities(), root_uri=root.as_uri()))
    client.initialized(lsp.InitializedParams())
    try:
        yield client
        async with asyncio.timeout(SECONDS):
            await client.shutdown_async(None)
        client.exit(None)
    finally:
        await client.stop()


def session(root: Path, act: Callable[[Editor], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with editor(root) as client:
            await act(client)

    asyncio.run(whole())


def test_quick_fix(tmp_path: Path) -> None:
    """The fix of a diagnostic is offered, and after it there is none."""
    write(tmp_path, FILES)
    text = SPEC.replace("    kind: train", "    kinds: train")

    async def act(client: Editor) -> None:
        client.open("mlops.yaml", text)
        (diagnostic,) = [d for d in await client.seen() if d.severity == lsp.DiagnosticSeverity.Error]
        document = lsp.TextDocumentIdentifier(client.uri("mlops.yaml"))
        params = lsp.CodeActionParams(document, diagnostic.range, lsp.CodeActionContext([diagnostic]))
        actions: Any = await client.text_document_code_action_async(params)
        (edit,) = actions[0].edit.changes[client.uri("mlops.yaml")]
        assert (edit.new_text, edit.range) == ("kind", diagnostic.range)

    session(tmp_path, act)
