"""The server: it registers what it answers, keeps the texts of the editor, and publishes diagnostics."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from ... import __version__
from ..model.snapshot import Disk
from ..read.document import SPEC_NAME
from . import answers, editing
from .diagnostics import Places, by_uri, changed, generated
from .editing import is_refusal
from .projects import OpenFile, OpenProject, Projects, path_of, uri_of
from .request import Request

if TYPE_CHECKING:
    from pygls.server import ServerErrors

WATCHED = "**/*.{yaml,yml,json,toml,py,R,r,jl,sh,ipynb,lock,dvc,txt}"

log = logging.getLogger(__name__)


class Server(LanguageServer):
    """The language server of mlopsc."""

    def __init__(self) -> None:
        super().__init__("mlopsc", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.projects = Projects(self.publish, self.refresh)

    @property
    def encoding(self) -> lsp.PositionEncodingKind | str:
        """What columns are counted in, as agreed with the client."""
        return self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16

    def places(self, project: OpenProject) -> Places:
        """The places of a project in the terms of the protocol."""
        return Places(project.root, self.encoding)

    def publish(self, project: OpenProject) -> None:
        """Send the diagnostics of a project."""
        if project.latest is None:
            return
        diagnostics = by_uri(project.latest, self.places(project)) if self._is_project(project) else {}
        for name, file in self.projects.files_of(project):
            if self.projects.project_of(file.path) is not project:  # it lies in the folder of another one
                continue
            uri = uri_of(os.path.join(project.root, name))
            diagnostics.setdefault(uri, [])
            if (information := generated(file.text)) is not None:
                diagnostics[uri].append(information)
        for uri, items in changed(diagnostics, project.published):
            self.send(project, uri, items)
        project.published = {uri for uri, items in diagnostics.items() if items}

    def send(self, project: OpenProject, uri: str, items: list[lsp.Diagnostic]) -> None:
        """Send the diagnostics of a file, under the URI that the client knows it by."""
        name = project.name_of(path_of(uri) or "")
        file = self.projects.file_named(project, name) if name is not None else None
        analysed = project.latest.versions if project.latest is not None else {}
        version = analysed.get(name) if name is not None else None
        shown = file.uri if file is not None else uri
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(shown, items, version))

    def _is_project(self, project: OpenProject) -> bool:
        """Whether there is a spec, on disk or in the editor, so that another YAML file is not told to have one."""
        opened = self.projects.file_named(project, SPEC_NAME) is not None
        return opened or os.path.isfile(os.path.join(project.root, SPEC_NAME))

    def refresh(self, project: OpenProject) -> None:
        """Ask the client to ask again for lenses, because the freshness of stages became known."""
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    async def request(self, uri: str, *, current: bool = False) -> Request | None:
        """What a request needs: the open file and its project. It waits for an analysis if there is none, or if the
        answer has to be about the ``current`` text."""
        file = self.projects.files.get(uri)
        if file is None:
            return None
        project = self.projects.project_of(file.path)
        if current or project.good is None:
            await self.projects.settled(project)
        name = project.name_of(file.path)
        if name is None:
            return None
        return Request(
            file, name, project.good, Disk(project.root), self.places(project), self.projects, project, self.can_move
        )

    @property
    def can_move(self) -> bool:
        """Whether the client moves files as part of an edit."""
        workspace = self.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace is not None else None
        operations = edit.resource_operations or () if edit is not None and edit.document_changes else ()
        return lsp.ResourceOperationKind.Rename in operations

    @property
    def resolves_actions(self) -> bool:
        """Whether the client asks for the edit of an action when it is chosen."""
        document = self.client_capabilities.text_document
        action = document.code_action if document is not None else None
        support = action.resolve_support if action is not None else None
        return support is not None and "edit" in support.properties

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        """A request that was refused has its answer; anything else is shown by the client."""
        if not is_refusal(error):
            super().report_server_error(error, source)


def create() -> Server:
    """A server that answers everything it can."""
    server = Server()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        take(document.uri, document.text, document.version)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def edited(params: lsp.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        take(document.uri, server.workspace.get_text_document(document.uri).source, document.version)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.projects.close(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        if (path := path_of(params.text_document.uri)) is not None:
            server.projects.changed_on_disk([path])

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def changed_files(params: lsp.DidChangeWatchedFilesParams) -> None:
        server.projects.changed_on_disk(
            [path for change in params.changes if (path := path_of(change.uri)) is not None]
        )

    @server.feature(lsp.INITIALIZED)
    async def initialized(_: lsp.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is not None and watching.dynamic_registration:
            options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(WATCHED)])
            registration = lsp.Registration("watch", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            await server.client_register_capability_async(lsp.RegistrationParams([registration]))

    def take(uri: str, text: str, version: int) -> None:
        if (path := path_of(uri)) is not None:
            server.projects.open(OpenFile(uri, path, text, version))

    answers.register(server)
    editing.register(server)
    return server


def serve(**streams: Any) -> None:
    """Answer on standard input and output until the client ends the session."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("pygls.protocol.json_rpc").addFilter(
        lambda record: not is_refusal((record.exc_info or (None,) * 3)[1])
    )
    create().start_io(**streams)
