"""A compiled spec and what requests ask of it: values computed once and kept while the text does not change."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..adopt.overlay import Overlay
from ..build import Compiled, compile_spec
from ..checks.places import Places
from ..lower.variables import NotFound, Scope, global_scope
from ..model.diagnostic import Report
from ..model.project import Project, Stage
from ..model.source import At, Span
from ..read.document import SPEC_NAME, Document
from ..read.yaml import Node
from ..resolve.code.graph import STATE
from ..resolve.entry import Resolved
from ..show.render import Located, locate
from ..show.reruns import Rerun, reruns
from .cursor import scalars, tree_of
from .mentions import Mention, Reader, params_mentions

MAX_HASHED = 1 << 30
"""Bytes that are hashed to tell which stages are stale; DVC has a database for that, an editor must not read a disk of data."""


class TooMuch(Exception):  # noqa: N818 - it names the state of the data
    """The data of the pipeline are too large to be hashed while somebody types."""


class Texts(Overlay):
    """The repository with the texts of open files. ``digests`` keeps the MD5 of files that do not change."""

    def __init__(self, root: str, texts: Mapping[str, bytes], digests: dict[str, tuple[int, int, str | None]]) -> None:
        super().__init__(root, texts)
        self.digests = digests
        self.hashed = 0

    def md5(self, path: str) -> str | None:
        try:
            status = os.stat(f"{self.root}/{path}")
        except (OSError, ValueError):
            return None
        known = self.digests.get(path)
        if known is not None and known[:2] == (status.st_mtime_ns, status.st_size):
            return known[2]
        self.hashed += status.st_size
        if self.hashed > MAX_HASHED:
            raise TooMuch
        digest = super().md5(path)
        self.digests[path] = (status.st_mtime_ns, status.st_size, digest)
        return digest


@dataclass(eq=False)
class Analysis:
    """What the compiler makes of the texts that are open. ``freshness`` follows later: None until it is known.

    ``versions`` are those of the texts: the editor may have newer ones by the time that the diagnostics are published.
    """

    snapshot: Texts
    compiled: Compiled
    located: list[Located]
    freshness: Mapping[str, Rerun] | None = None
    reads: dict[str, list[Mention]] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Texts) -> Analysis:
        """Compile the spec; the diagnostics are those that `mlopsc check` shows."""
        compiled = compile_spec(snapshot)
        shown = Report([diagnostic for diagnostic in compiled.report.for_check() if diagnostic.severity != "note"])
        compiled.report = shown
        return cls(snapshot, compiled, locate(shown, compiled.document))

    @property
    def is_good(self) -> bool:
        """Whether the text could be read, so that it has stages to speak of."""
        return self.compiled.project is not None

    @property
    def project(self) -> Project:
        """The project; only of an analysis that `is_good`."""
        assert self.compiled.project is not None
        return self.compiled.project

    @property
    def document(self) -> Document:
        """The document; only of an analysis that `is_good`."""
        assert self.compiled.document is not None
        return self.compiled.document

    @property
    def resolved(self) -> Resolved:
        """The spec with its conventions; only of an analysis that `is_good`."""
        assert self.compiled.resolved is not None
        return self.compiled.resolved

    @cached_property
    def spec_files(self) -> set[str]:
        """The spec and the files that it extends, as far as they are in the repository."""
        return {SPEC_NAME, *self.compiled.spec_files}

    @cached_property
    def params_files(self) -> list[str]:
        """The params files that the spec uses."""
        return list(self.compiled.params.names) if self.compiled.params is not None else []

    @cached_property
    def state(self) -> bytes | None:
        """What was read of the code, for the next analysis; None if that is what the last one had read."""
        state = self.compiled.resolved.code.state() if self.compiled.resolved is not None else None
        return None if state is None else state.encode()

    @cached_property
    def places(self) -> Places:
        """The places of what stages read and write."""
        return Places(self.document.data, self.snapshot.here)

    @cached_property
    def scope(self) -> Scope:
        """The variables of all templates."""
        if self.compiled.params is None:
            return Scope()
        vars_ = self.document.data.get("vars")
        return global_scope(vars_ if isinstance(vars_, list) else None, self.compiled.params.load)[0]

    @cached_property
    def by_entry(self) -> Mapping[str, list[Stage]]:
        """The stages that each entry of `stages` defines."""
        stages: defaultdict[str, list[Stage]] = defaultdict(list)
        for stage in self.project:
            stages[stage.entry].append(stage)
        return stages

    @cached_property
    def reader(self) -> Reader:
        """Finds mentions in the spec."""
        return Reader(self.document.data, self._file_of, self.is_path, self.snapshot.here)

    def _file_of(self, keys: tuple[str, ...]) -> str | None:
        for length in range(len(keys), 0, -1):
            try:
                file = self.scope.select(keys[:length])[1]
            except (NotFound, StopIteration):
                continue
            return file or ""
        return None

    def is_path(self, path: str) -> bool:
        """Whether a word is a path of the pipeline, or of a file in the repository."""
        return path in self.project.artifacts or self.snapshot.kind(path) == "file"

    def text(self, name: str) -> str | None:
        """The text of a file, open or on disk."""
        raw = self.snapshot.read(name)
        return None if raw is None else raw.decode("utf-8-sig", "replace")

    def tree(self, name: str, text: str) -> Node | None:
        """The tree of a text; that of the compiler if it is the same text."""
        for source, tree in self.compiled.document.trees.items() if self.compiled.document is not None else ():
            if source.name == name and source.text == text:
                return tree
        return tree_of(name, text)

    def mentions(self, name: str) -> list[Mention]:
        """Everything that a file of the spec, or a params file, refers to."""
        if name not in self.reads:
            text = self.text(name) or ""
            found = scalars(self.tree(name, text))
            if name in self.spec_files:
                self.reads[name] = [mention for scalar in found for mention in self.reader.read(text, scalar)]
            else:
                self.reads[name] = [mention for scalar in found for mention in params_mentions(text, scalar, name)]
        return self.reads[name]

    def span(self, *path: str | int, key: bool = True) -> Span:
        """The place of a value of the spec."""
        return self.document.span(At(path, key))

    def stage_names(self) -> Iterable[str]:
        """The names under `stages`."""
        stages = self.document.data.get("stages")
        return [str(name) for name in stages] if isinstance(stages, dict) else []

    def look(self) -> Mapping[str, Rerun]:
        """Which stages would run again, and why. Raises `TooMuch`."""
        assert self.compiled.params is not None
        return {rerun.stage: rerun for rerun in reruns(self.project, self.snapshot, self.compiled.params)}


def analyse(
    root: str, texts: Mapping[str, str], state: bytes | None, digests: dict[str, tuple[int, int, str | None]]
) -> Analysis:
    """Compile the spec at ``root`` with the texts of open files. ``state`` is what the last analysis read of the code."""
    replaced = {path: text.encode("utf-8", "replace") for path, text in texts.items()}
    if state is not None:
        replaced[STATE] = state
    return Analysis.of(Texts(root, replaced, digests))
