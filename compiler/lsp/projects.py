"""The projects of an editor: the texts that are open in each, its last analysis, and the last one with a model."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import unquote, urlparse
from urllib.request import pathname2url

from ..read.document import SPEC_NAME
from ..read.root import find_root
from ..read.yaml import Node
from .analysis import Analysis, TooMuch, analyse

DELAY = 0.03
"""Seconds between an edit and the analysis: a fast typist makes one edit in that time."""

log = logging.getLogger(__name__)


def path_of(uri: str) -> str | None:
    """The absolute path of a file; None for another kind of resource."""
    parsed = urlparse(uri)
    return os.path.normpath(unquote(parsed.path)) if parsed.scheme == "file" and parsed.path else None


def uri_of(path: str) -> str:
    """The URI of a file."""
    return f"file://{pathname2url(path)}"


@dataclass(slots=True)
class OpenFile:
    """A file in the editor; an edit makes another one. ``tree`` is kept by the first request that needs it."""

    uri: str
    path: str
    text: str
    version: int
    tree: tuple[Node | None] | None = None


@dataclass(eq=False)
class OpenProject:
    """A project with files in the editor. ``good`` is the last analysis that has a model of the spec."""

    root: str
    latest: Analysis | None = None
    good: Analysis | None = None
    state: bytes | None = None
    digests: dict[str, tuple[int, int, str | None]] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    stale: bool = True
    work: asyncio.Task[None] | None = None
    freshness: asyncio.Task[None] | None = None

    def name_of(self, path: str) -> str | None:
        """The name of a file relative to the root; None outside of it."""
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        return real[len(self.root) + 1 :] if real.startswith(self.root + os.sep) else None

    def accept(self, analysis: Analysis) -> None:
        """Take the result of an analysis."""
        self.latest = analysis
        if analysis.is_good:
            if self.good is not None:
                analysis.freshness = self.good.freshness
            self.good = analysis
        self.state = analysis.state or self.state


class Projects:
    """All open files and their projects. ``publish`` is called after each analysis, ``refresh`` when more became known."""

    def __init__(self, publish: Callable[[OpenProject], None], refresh: Callable[[OpenProject], None]) -> None:
        self.files: dict[str, OpenFile] = {}
        self.by_root: dict[str, OpenProject] = {}
        self.publish, self.refresh = publish, refresh
        self.compiler = ThreadPoolExecutor(1, "compile")
        self.hasher = ThreadPoolExecutor(1, "hash")

    def open(self, file: OpenFile) -> None:
        """Take a text that was opened or edited."""
        self.files[file.uri] = file
        self.touch(self.project_of(file.path))

    def close(self, uri: str) -> None:
        """A file was closed: what is on disk counts again."""
        if (file := self.files.pop(uri, None)) is not None:
            self.touch(self.project_of(file.path))

    def project_of(self, path: str) -> OpenProject:
        """The project that a file belongs to."""
        folder = os.path.dirname(path)
        root = os.path.realpath(folder) if os.path.basename(path) == SPEC_NAME else self._root(folder)
        if root not in self.by_root:
            self.by_root[root] = OpenProject(root)
        return self.by_root[root]

    def _root(self, folder: str) -> str:
        """The folder of the nearest spec; one that is open counts even if it is not saved."""
        unsaved = {os.path.dirname(file.path) for file in self.files.values() if file.path.endswith("/" + SPEC_NAME)}
        above = folder
        while above not in unsaved and os.path.dirname(above) != above:
            above = os.path.dirname(above)
        found = find_root(folder)
        return max(found, os.path.realpath(above), key=len) if above in unsaved else found

    def files_of(self, project: OpenProject) -> Iterator[tuple[str, OpenFile]]:
        """The open files in the folder of a project, by name."""
        for file in self.files.values():
            if (name := project.name_of(file.path)) is not None:
                yield name, file

    def file_named(self, project: OpenProject, name: str) -> OpenFile | None:
        """The open file with this name; None if it is not open."""
        return next((file for other, file in self.files_of(project) if other == name), None)

    def changed_on_disk(self, paths: list[str]) -> None:
        """Files changed outside of the editor."""
        for project in self.by_root.values():
            if any(project.name_of(path) is not None for path in paths):
                self.touch(project)

    def touch(self, project: OpenProject) -> None:
        """Analyse a project soon; an analysis that runs already is followed by another one."""
        project.stale = True
        if project.work is None or project.work.done():
            project.work = asyncio.get_running_loop().create_task(self._work(project))

    async def settled(self, project: OpenProject) -> OpenProject:
        """The project, once its analysis is that of the current texts."""
        while project.work is not None and not project.work.done():
            await asyncio.shield(project.work)
        return project

    async def _work(self, project: OpenProject) -> None:
        while project.stale:
            await asyncio.sleep(DELAY)
            project.stale = False
            texts = {name: file.text for name, file in self.files_of(project)}
            versions = {name: file.version for name, file in self.files_of(project)}
            loop = asyncio.get_running_loop()
            try:
                arguments = project.root, texts, project.state, project.digests
                analysis = await loop.run_in_executor(self.compiler, analyse, *arguments)
                analysis.versions = versions
                project.accept(analysis)
            except Exception:  # a server that ends while somebody types is worse than one stale answer
                log.exception("the analysis of %s failed", project.root)
                continue
            self.publish(project)
        if project.freshness is not None:
            project.freshness.cancel()
        project.freshness = asyncio.get_running_loop().create_task(self._look(project))

    async def _look(self, project: OpenProject) -> None:
        """Find out which stages would run again; later than the diagnostics, because data are hashed for it."""
        analysis = project.good
        if analysis is None or project.latest is not analysis:
            return
        try:
            freshness = await asyncio.get_running_loop().run_in_executor(self.hasher, analysis.look)
        except TooMuch:
            analysis.freshness = None
            return
        except Exception:
            log.exception("the state of the stages of %s cannot be told", project.root)
            return
        known, analysis.freshness = analysis.freshness, freshness
        if known != freshness:
            self.refresh(project)
