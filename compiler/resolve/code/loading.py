"""All code that one program loads, file after file."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from ..command import ROOT, Shell, SimpleCommand, Word, commands, located
from .findings import Findings
from .graph import CodeGraph
from .imports import Imports
from .languages import language_of
from .launch import Program
from .paths import exact, inner, rooted
from .problems import FOREIGN, UNREADABLE
from .process import Process
from .readers import READ
from .record import FILE, UNKNOWN, Load, Record, Spawn

MAX_FILES = 20_000
"""What one command may load; the rest is left out."""


@dataclass(frozen=True, slots=True)
class Start:
    """A file that the code runs as a program with its own imports."""

    path: str
    language: str
    program: Program


@dataclass(frozen=True, slots=True)
class Script:
    """A shell script that the code loads."""

    path: str


Step = Start | Script | SimpleCommand
"""What the code of a program runs: the walk follows it before the program is read on."""


class Loading:
    """Reads what a program loads, and yields what it runs."""

    def __init__(self, graph: CodeGraph, findings: Findings) -> None:
        self.graph = graph
        self.findings = findings
        self.imports = Imports(graph, findings)

    def steps(self, process: Process) -> Iterator[Step]:
        """Read all that a program loads. When its search path has grown, its imports are looked up again."""
        for inline in process.code:
            self._search(inline, None, process)
        for inline in process.code:
            yield from self._uses(inline, None, process)
        while True:
            grown = False
            while process.waiting and len(self.findings.files) <= MAX_FILES:
                path, language = process.waiting.pop()
                if (path, language) in process.read:
                    continue
                self.findings.files[path] = None
                if language == "shell":
                    yield Script(path)
                    continue
                record = self._record(path, language)
                if record is None:
                    continue
                process.read[path, language] = record
                grown = self._search(record, path, process) or grown
                yield from self._uses(record, path, process)
            if not grown:
                break
            for (path, _), record in list(process.read.items()):
                self.imports.follow(record, path, process)
        self.imports.installed(process)
        self.imports.undeclared(process)

    def _record(self, path: str, language: str) -> Record | None:
        if language in READ:
            record = self.graph.record(path, language)
            if record.error is not None:
                self.findings.problem(UNREADABLE, path, record.error[0], path=path, why=record.error[1])
            return record
        if language not in ("text", "r", ""):
            self.findings.problem(FOREIGN, path, 1, path=path, language=language.capitalize())
        return None

    def _search(self, record: Record, path: str | None, process: Process) -> bool:
        """Add the folders that a file puts on the path; whether there was a new one."""
        grown = False
        for place, first in record.search:
            if place == UNKNOWN:
                continue
            folder = exact(place, path, process.folder)
            folder = "" if folder == "." else folder
            if folder is not None and folder not in process.search:
                process.search.insert(0, folder) if first else process.search.append(folder)
                grown = True
        for unknown in record.unknown:
            if unknown.what == "search" and path is not None:
                process.unsure.append((path, unknown.line, unknown.text))
        return grown

    def _uses(self, record: Record, path: str | None, process: Process) -> Iterator[Step]:
        """Follow one record: its imports, the files and folders that it loads, the commands that it starts."""
        self.imports.follow(record, path, process)
        for load in record.loads:
            yield from self._load(load, path, process)
        for place in record.folders:
            folder = exact(place, path, process.folder)
            if folder is not None and folder != "." and self.graph.is_folder(folder):
                self.findings.files[folder] = None
        for unknown in record.unknown:
            if unknown.what != "search":
                self.findings.dynamic(unknown.text, unknown.what, path or self.findings.origin[0], unknown.line)
        before = self.findings.origin
        for spawn in record.spawns:
            self.findings.origin = (path, spawn.line) if path is not None else before
            yield from self._spawn(spawn, path, process)
        self.findings.origin = before

    def _load(self, load: Load, path: str | None, process: Process) -> Iterator[Step]:
        for file in self._named(load.path, path, process.folder):
            language = load.language or language_of(file, "", self.graph.text)
            if load.program:
                yield Start(file, language, Program("file", f"{ROOT}/{file}", language, process.folder, process.env))
            elif (file, language) not in process.read:
                process.waiting.append((file, language))

    def _named(self, name: str, path: str | None, folder: str | None) -> Sequence[str]:
        """The files that a path names: from the working folder, from beside the file, or from the root."""
        if name.startswith((FILE, ROOT)):
            places = [exact(name, path, folder)]
        else:
            beside = None if path is None else posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            places = [located(folder, name), beside, located(".", name)]
        for place in places:
            if place is None:
                continue
            if place.endswith("/*"):
                listed = self._listed(place[:-2])
                if listed:
                    return listed
            elif self.graph.is_file(place):
                return [place]
        return []

    def _listed(self, folder: str) -> list[str]:
        """The code files in a folder."""
        names = self.graph.snapshot.list("" if folder == "." else folder)
        return [inner(folder, name) for name in names if fnmatch(name, "*.[rR]") or name.endswith((".jl", ".py"))]

    def _spawn(self, spawn: Spawn, path: str | None, process: Process) -> Iterator[SimpleCommand]:
        folder = process.folder
        if spawn.folder is None:
            folder = None
        elif spawn.folder != ".":
            folder = exact(spawn.folder, path, process.folder)
        if spawn.words:
            words = tuple(Word(rooted(text, path), known) for text, known in spawn.words)
            yield SimpleCommand(words, folder, process.env, 0)
            return
        text = rooted(spawn.text, path)
        if text == UNKNOWN:
            self.findings.dynamic("", "the command that is run here")
            return
        yield from commands(text, Shell(folder, env=process.env, read=self.graph.text, top=self.graph.top))
