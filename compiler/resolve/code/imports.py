"""The imports of code files, looked up in the repository and among its requirements."""

from __future__ import annotations

import posixpath

from .distributions import STANDARD, normalized, provides
from .findings import Findings
from .graph import CodeGraph
from .languages import language_of
from .modules import files_of
from .paths import inner
from .problems import UNDECLARED
from .process import Process
from .record import Import, Record

PYTHON = frozenset(["python", "cython", "notebook", "markdown"])
"""Languages whose imports are those of Python."""


class Imports:
    """Looks up imports; the graph remembers the answers."""

    def __init__(self, graph: CodeGraph, findings: Findings) -> None:
        self.graph = graph
        self.findings = findings

    def follow(self, record: Record, path: str | None, process: Process) -> None:
        """Let the process read the files that one of its files, or code without a path, imports."""
        key = (path, tuple(process.search), process.home, process.folder)
        imported = self.graph.imported.get(key) if path is not None else None
        if imported is None:
            imported = self._imported(record, path, process)
            if path is not None:
                self.graph.imported[key] = imported
        process.waiting += [file for file in imported if file not in process.read]

    def _imported(self, record: Record, path: str | None, process: Process) -> tuple[tuple[str, str], ...]:
        """The files that a file imports, each with its language."""
        folder = posixpath.dirname(path) if path is not None else process.search[0] if process.search else ""
        if path is not None and path.endswith(".jl"):
            roots = [place for place in process.search if place != process.home]
            names = [(f"{i.module}.jl", f"{i.module}/src/{i.module}.jl") for i in record.imports]
            places = [inner(root, name) for root in roots for pair in names for name in pair]
            return tuple((place, "julia") for place in places if self.graph.is_file(place))
        files: dict[tuple[str, str], None] = {}
        for import_ in record.imports:
            for file in self._files_of(import_, folder, process) or ():
                files[file, language_of(file, "python", self.graph.text)] = None
        return tuple(files)

    def _files_of(self, import_: Import, folder: str, process: Process) -> tuple[str, ...] | None:
        search = tuple(process.search)
        key = (
            import_.level,
            import_.module,
            import_.names,
            folder if import_.level else "",
            search,
            process.home,
            process.folder,
        )
        resolved = self.graph.resolved
        if key not in resolved:
            guesses = self.graph.guesses(process.home, process.folder)
            resolved[key] = files_of(
                import_, folder, search, guesses, self.graph, lambda top: self._installed(top, process)
            )
        return resolved[key]

    def _installed(self, top: str, process: Process) -> bool:
        """Whether a requirement of another project bears the module's name."""
        facts = self.graph.facts(process.home)
        name = normalized(top)
        names = {project.name for project in facts}
        return name not in names and any(name in (project.declared or ()) for project in facts)

    def installed(self, process: Process) -> None:
        """Note the modules that code without a path imports from elsewhere."""
        folder = process.search[0] if process.search else ""
        for record in process.code:
            for import_ in record.imports:
                if import_.level or import_.module.partition(".")[0] in STANDARD:
                    continue
                if self._files_of(import_, folder, process) is None:
                    self._note(import_)

    def _note(self, import_: Import) -> None:
        names = [name for name in import_.names if name != "*"]
        for name in [f"{import_.module}.{name}" for name in names] or [import_.module]:
            self.findings.module(name, import_.optional)

    def undeclared(self, process: Process) -> None:
        """Report the imports that nothing in the repository and no requirement provides."""
        facts = self.graph.facts(process.home)
        stated = [project.declared for project in facts if project.declared is not None]
        declared = frozenset(name for names in stated for name in names)
        unsure = False
        for (path, language), record in process.read.items():
            if language not in PYTHON:
                continue
            self.findings.python = self.findings.python or language != "markdown" or bool(record.imports)
            for import_ in record.imports:
                top = import_.module.partition(".")[0]
                if import_.level or not top or top in STANDARD:
                    continue
                if self._files_of(import_, posixpath.dirname(path), process) is not None:
                    continue
                self._note(import_)
                if not stated or import_.optional or provides(top, declared):
                    continue
                if process.unsure:
                    unsure = True
                    continue
                self.findings.problem(UNDECLARED, path, import_.line, top, module=top)
        for path, line, text in process.unsure if unsure else ():
            self.findings.dynamic(text, "the folder that is put on the search path here", path, line)
