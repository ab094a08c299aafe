"""An editor as the language server meets one: a client of the protocol that types, moves its cursor, and applies edits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from conftest import BIN
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
    """A client that keeps the diagnostics, the texts and the versions of its files."""

    def __init__(self, root: Path) -> None:
        super().__init__("tests", "1")
        self.root = root
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: dict[str, tuple[int | None, list[lsp.Diagnostic]]] = {}
        self.arrived = asyncio.Event()
        self.errors: list[str] = []

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def take(params: lsp.PublishDiagnosticsParams) -> None:
            self.published[self.name_of(params.uri)] = params.version, list(params.diagnostics)
            self.arrived.set()

    def report_server_error(self, error: Exception, source: object) -> None:
        self.errors.append(f"{error!r}")

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def name_of(self, uri: str) -> str:
        return unquote(uri).removeprefix(self.root.as_uri() + "/")

    def document(self, name: str = "mlops.yaml") -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri(name))

    def open(self, name: str = "mlops.yaml") -> str:
        """Open a file of the disk."""
        text = (self.root / name).read_bytes().decode()
        self.texts[name], self.versions[name] = text, 1
        item = lsp.TextDocumentItem(self.uri(name), "yaml", 1, text)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return text

    def type(self, text: str, name: str = "mlops.yaml") -> None:
        """Replace the text of an open file."""
        self.texts[name] = text
        self.versions[name] += 1
        document = lsp.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))

    def save(self, name: str = "mlops.yaml") -> None:
        (self.root / name).write_bytes(self.texts[name].encode())
        self.text_document_did_save(lsp.DidSaveTextDocumentParams(self.document(name)))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for diagnostics until something holds."""
        async with asyncio.timeout(SECONDS):
            while not holds():
                self.arrived.clear()
                await self.arrived.wait()

    async def seen(self, name: str = "mlops.yaml") -> list[lsp.Diagnostic]:
        """The diagnostics of the text that the file has now."""
        await self.until(lambda: self.published.get(name, (None,))[0] == self.versions[name])
        return self.published[name][1]

    def at(
        self, word: str, shift: int = 0, name: str = "mlops.yaml"
    ) -> tuple[lsp.TextDocumentIdentifier, lsp.Position]:
        """The place of the cursor in the first ``word`` of a file, ``shift`` characters after its start."""
        return self.document(name), position(self.texts[name], self.texts[name].index(word) + shift)

    async def hover(self, word: str, shift: int = 0, name: str = "mlops.yaml") -> str:
        answer = await self.text_document_hover_async(lsp.HoverParams(*self.at(word, shift, name)))
        return answer.contents.value if answer is not None else ""  # type: ignore[union-attr]

    async def actions(self, word: str, shift: int = 0) -> dict[str, lsp.WorkspaceEdit]:
        """The edits that are offered at a word, by title."""
        document, place = self.at(word, shift)
        context = lsp.CodeActionContext(self.published.get("mlops.yaml", (None, []))[1])
        params = lsp.CodeActionParams(document, lsp.Range(place, place), context)
        answer: Any = await self.text_document_code_action_async(params)
        return {action.title: action.edit for action in answer or ()}

    def apply(self, edit: lsp.WorkspaceEdit) -> None:
        """Change and move the files as an editor does, and save them."""
        changes: Any = edit.changes or {
            change.text_document.uri: change.edits
            for change in edit.document_changes or ()
            if isinstance(change, lsp.TextDocumentEdit)
        }
        for uri, edits in changes.items():
            name = self.name_of(uri)
            text = self.texts[name] if name in self.texts else (self.root / name).read_bytes().decode()
            for one in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
                start, end = offset(text, one.range.start), offset(text, one.range.end)
                text = text[:start] + one.new_text + text[end:]
            if name in self.texts:
                self.type(text, name)
                self.save(name)
            else:
                (self.root / name).write_bytes(text.encode())
        for change in edit.document_changes or ():
            if isinstance(change, lsp.RenameFile):
                new = self.root / self.name_of(change.new_uri)
                new.parent.mkdir(parents=True, exist_ok=True)
                (self.root / self.name_of(change.old_uri)).rename(new)


def position(text: str, at: int) -> lsp.Position:
    """The position of an offset, in UTF-16."""
    before = text[:at]
    return lsp.Position(before.count("\n"), len(before.rpartition("\n")[2].encode("utf-16-le")) // 2)


def offset(text: str, place: lsp.Position) -> int:
    """The offset of a position in UTF-16."""
    lines = text.split("\n")
    before = lines[place.line].encode("utf-16-le")[: 2 * place.character].decode("utf-16-le")
    return sum(len(line) + 1 for line in lines[: place.line]) + len(before)


CAPABILITIES = lsp.ClientCapabilities(
    workspace=lsp.WorkspaceClientCapabilities(
        workspace_edit=lsp.WorkspaceEditClientCapabilities(
            document_changes=True, resource_operations=[lsp.ResourceOperationKind.Rename]
        )
    )
)


OURS = (str(BIN / "mlopsc"), "lsp")


@asynccontextmanager
async def editor(root: Path, command: Sequence[str] = OURS) -> AsyncIterator[Editor]:
    """An editor in a folder with a real server. What the server logs is an error."""
    client = Editor(root)
    await client.start_io(*command)
    server: Any = client._server
    log = asyncio.create_task(server.stderr.read())
    try:
        async with asyncio.timeout(SECONDS):
            await client.initialize_async(lsp.InitializeParams(CAPABILITIES, root_uri=root.as_uri()))
        client.initialized(lsp.InitializedParams())
        yield client
        async with asyncio.timeout(SECONDS):
            await client.shutdown_async(None)
            client.exit(None)
            await server.wait()
    except BaseException as error:
        if server.returncode is None:
            server.kill()
        error.add_note((await log).decode())
        raise
    finally:  # it waits for the server, so a failed test has to kill it first
        await client.stop()
    assert not (text := (await log).decode()), text
    assert not client.errors
    assert server.returncode == 0


def session(root: Path, act: Callable[[Editor], Awaitable[None]], command: Sequence[str] = OURS) -> None:
    """Act in an editor."""

    async def whole() -> None:
        async with editor(root, command) as client:
            await act(client)

    asyncio.run(whole())
