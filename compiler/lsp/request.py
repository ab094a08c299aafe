"""What every request needs: the file, the model, and the way from positions to what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from lsprotocol.types import Location, Position, Range

from ..model.snapshot import Snapshot
from ..model.source import Span
from ..read.yaml import Node
from . import definition
from .analysis import Analysis, Texts
from .cursor import Scalar, scalar_around, scalar_at, tree_of
from .diagnostics import Places
from .generated import FILE, is_generated
from .lines import Lines
from .mentions import Mention, params_mentions
from .projects import OpenFile, OpenProject, Projects


@dataclass(eq=False)
class Request:
    """An open file of a project. ``analysis`` is the last one with a model of the spec; None if there never was one."""

    file: OpenFile
    name: str
    analysis: Analysis | None
    snapshot: Snapshot
    places: Places
    projects: Projects
    project: OpenProject
    can_move: bool = False
    """Whether the client moves files as part of an edit."""

    @property
    def is_spec(self) -> bool:
        """Whether the file is the spec, or a file that it extends."""
        return self.name == "mlops.yaml" or (self.analysis is not None and self.name in self.analysis.spec_files)

    @property
    def is_params(self) -> bool:
        """Whether the file is a params file of the spec."""
        return self.analysis is not None and self.name in self.analysis.params_files

    @property
    def is_generated(self) -> bool:
        """Whether the file is the dvc.yaml that mlopsc wrote."""
        return self.name == FILE and is_generated(self.file.text)

    @property
    def is_ours(self) -> bool:
        """Whether the server knows more about the file than any YAML server does."""
        return self.is_spec or self.is_params

    @cached_property
    def lines(self) -> Lines:
        """The lines of the file."""
        return Lines(self.file.text, self.places.encoding)

    @cached_property
    def tree(self) -> Node | None:
        """The tree of the file as it is now; None if it cannot be read."""
        if self.file.tree is None:
            analysis, text = self.analysis, self.file.text
            self.file.tree = (analysis.tree(self.name, text) if analysis is not None else tree_of(self.name, text),)
        return self.file.tree[0]

    def at(self, position: Position) -> tuple[Scalar, Mention | None] | None:
        """The scalar at a position and what it mentions there."""
        offset = self.lines.offset(position)
        if self.tree is not None or not self.file.text.strip():
            scalar = scalar_at(self.tree, offset)
        else:
            scalar = scalar_around(self.name, self.file.text, offset)
        if scalar is None:
            return None
        found = [mention for mention in self.mentions(scalar) if mention.start <= offset <= mention.end]
        return scalar, min(found, key=lambda mention: mention.end - mention.start, default=None)

    def mentions(self, scalar: Scalar) -> list[Mention]:
        """The mentions in a scalar of the file."""
        if self.analysis is None:
            return []
        if self.is_spec:
            return list(self.analysis.reader.read(self.file.text, scalar))
        return list(params_mentions(self.file.text, scalar, self.name)) if self.is_params else []

    def location(self, place: definition.Location) -> Location:
        """A place in a file of the repository in the terms of the protocol."""
        if self.analysis is None or (place.start, place.end) == (0, 0):
            return Location(self.uri(place.file), Range(Position(0, 0), Position(0, 0)))
        lines = Lines(self.analysis.text(place.file) or "", self.places.encoding)
        return Location(self.uri(place.file), lines.range(place.start, place.end))

    def span_location(self, span: Span) -> Location:
        """A place in the spec in the terms of the protocol."""
        return Location(self.uri(span.source.name), self.places.range(span))

    def text(self, name: str) -> str:
        """The text of a file of the project, in the editor or on the disk."""
        file = self.projects.file_named(self.project, name)
        if file is not None or self.analysis is None:
            return file.text if file is not None else ""
        return self.analysis.text(name) or ""

    def uri(self, name: str) -> str:
        """The URI of a file of the project, as the client knows it."""
        file = self.projects.file_named(self.project, name)
        return file.uri if file is not None else self.places.uri(name)

    def version(self, name: str) -> int | None:
        """The version of a file that is open."""
        file = self.projects.file_named(self.project, name)
        return file.version if file is not None else None

    def snapshot_of(self, texts: Mapping[str, str]) -> Snapshot:
        """The repository with other texts of some files."""
        assert self.analysis is not None
        replaced = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
        snapshot = self.analysis.snapshot
        return Texts(snapshot.root, {**snapshot.replaced, **replaced}, dict(snapshot.digests))
