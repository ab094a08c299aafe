"""The spec as one document: mlops.yaml merged over the files it `extends`, with the place of each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import TOO_LARGE, Snapshot, packaged
from ..model.source import At, Path, Place, Source, Span
from .lookalikes import check as check_lookalikes
from .yaml import Node, Unreadable, compose, decode, find, value_of

SPEC_NAME = "mlops.yaml"

EMPTY = Code("MLC005", "error", "the file is empty", help="start it with `mlops: 1`")
NOT_A_MAPPING = Code("MLC005", "error", "the file must be a mapping of keys to values", help="start it with `mlops: 1`")
NO_SPEC = Code(
    "MLC008",
    "error",
    "`{name}` not found",
    help="run `mlopsc init` to make it from the code of this repository, `mlopsc import` to make it from dvc.yaml, or `mlopsc new NAME` for a new repository",
)
SPEC_TOO_LARGE = replace(
    NO_SPEC, message="`{name}` cannot be read: {problem}", help="split it, and name the parts under `extends`"
)
SPEC_UNDER_OTHER_NAME = replace(NO_SPEC, help="rename `mlops.yml` to `{name}`")
SPEC_NOT_IMPORTED = replace(NO_SPEC, help="run `mlopsc import` to create it from dvc.yaml")
EXTENDS_NOT_A_NAME = Code("MLC009", "error", "`extends` takes the names of files", help="write a path")
EXTENDS_CYCLE = Code("MLC009", "error", "`extends` is circular: {cycle}", help="remove one of these `extends`")
UNREADABLE_BASE = Code(
    "MLC009", "error", "`{name}` cannot be read", help="write the path relative to the root of the repository"
)
UNREADABLE_PACKAGE = replace(UNREADABLE_BASE, help="install the package `{package}`, which must contain `{file}`")


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A spec as read: its plain value, and the source and node tree of each part.

    ``main`` is mlops.yaml; ``owners`` maps the path of a subtree to the source that defines it, if that is another
    file. ``trees`` holds the node tree of each source.
    """

    data: dict[str, Any]
    main: Source
    owners: Mapping[Path, Source] = field(default_factory=dict)
    trees: Mapping[Source, Node | None] = field(default_factory=dict)

    @property
    def sources(self) -> list[Source]:
        """All sources, the spec itself first."""
        return list(dict.fromkeys((self.main, *self.owners.values())))

    def owner(self, path: Path) -> Source:
        """The source that defines the value at ``path``."""
        for length in range(len(path), -1, -1):
            if (source := self.owners.get(path[:length])) is not None:
                return source
        return self.main

    def span(self, place: Place) -> Span:
        """The place in the text; for a value that is not in the text, the nearest enclosing node."""
        if isinstance(place, Span):
            return place
        source = self.owner(place.path)
        key, value = find(self.trees.get(source), place.path)
        chosen = key if key is not None and (place.key or value is None) else value
        return Span(source, chosen.start, chosen.end) if chosen is not None else Span(source, 0, 0)

    def text(self, path: Path) -> str:
        """The value at ``path`` as it is written in the file."""
        span = self.span(At(path))
        return span.source.text[span.start : span.end]


def read_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> tuple[Document | None, list[Diagnostic]]:
    """The merged document, or None if it cannot be read."""
    raw = snapshot.read(name)
    if raw is None:
        return None, [_missing(snapshot, name)]
    document, diagnostics = read_document(name, raw)
    if document is None or "extends" not in document.data:
        return document, diagnostics
    merged, problems = _Extends(snapshot).merge(document)
    return merged, diagnostics + problems


def read_document(name: str, raw: bytes) -> tuple[Document | None, list[Diagnostic]]:
    """One file as a document, `extends` not yet followed; None if it is not a mapping."""
    source, diagnostics = decode(name, raw)
    if diagnostics:
        return None, diagnostics
    try:
        tree = compose(source)
    except Unreadable as unreadable:
        return None, [unreadable.diagnostic]
    lookalikes = list(check_lookalikes(tree, source))
    if misread := [diagnostic for diagnostic in lookalikes if diagnostic.severity == "error"]:
        return None, misread
    data, diagnostics = value_of(tree, source)
    diagnostics = lookalikes + diagnostics
    if isinstance(data, dict):
        return Document(data, source, trees={source: tree}), diagnostics
    if not diagnostics:
        diagnostics = [EMPTY.on(Span(source, 0, 0)) if data is None else NOT_A_MAPPING.on(Span(source, 0, 1))]
    return None, diagnostics


def _missing(snapshot: Snapshot, name: str) -> Diagnostic:
    if snapshot.kind(name) == "file":
        return SPEC_TOO_LARGE.on(None, name=name, problem=TOO_LARGE)
    if snapshot.kind("mlops.yml") == "file":
        return SPEC_UNDER_OTHER_NAME.on(None, name=name)
    if snapshot.kind("dvc.yaml") == "file":
        return SPEC_NOT_IMPORTED.on(None, name=name)
    return NO_SPEC.on(None, name=name)


@dataclass(slots=True)
class _Layers:
    """The data merged so far, and the source of each subtree."""

    data: dict[str, Any] = field(default_factory=dict)
    owners: dict[Path, Source] = field(default_factory=dict)
    trees: dict[Source, Node | None] = field(default_factory=dict)


class _Extends:
    """Follow `extends`; a base that several documents extend is read and merged once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.diagnostics: list[Diagnostic] = []
        self.merged: dict[str, _Layers | None] = {}

    def merge(self, document: Document) -> tuple[Document, list[Diagnostic]]:
        """``document`` merged over everything it extends."""
        layers = self._layers(document, (document.main.name,))
        return Document(layers.data, document.main, layers.owners, layers.trees), self.diagnostics

    def _layers(self, document: Document, chain: tuple[str, ...]) -> _Layers:
        layers = _Layers()
        for name, place in _extended_names(document):
            if (base := self._base(name, place, chain)) is not None:
                _lay(layers, base.data, (), base.owners)
                layers.trees |= base.trees
        data = {key: value for key, value in document.data.items() if key != "extends"}
        _lay(layers, data, (), {(): document.main})
        layers.trees |= document.trees
        layers.owners.setdefault((), document.main)
        return layers

    def _base(self, name: Any, place: Place, chain: tuple[str, ...]) -> _Layers | None:
        if not isinstance(name, str):
            self.diagnostics.append(EXTENDS_NOT_A_NAME.on(place))
            return None
        if name in chain:
            self.diagnostics.append(EXTENDS_CYCLE.on(place, cycle=" -> ".join((*chain, name))))
            return None
        if name not in self.merged:
            document = self._read(name, place)
            self.merged[name] = None if document is None else self._layers(document, (*chain, name))
        return self.merged[name]

    def _read(self, name: str, place: Place) -> Document | None:
        package, colon, file = name.partition(":")
        raw = packaged(package, file) if colon else self.snapshot.read(name)
        if raw is None:
            code = UNREADABLE_PACKAGE if colon else UNREADABLE_BASE
            self.diagnostics.append(code.on(place, name=name, package=package, file=file))
            return None
        document, diagnostics = read_document(name, raw)
        self.diagnostics += diagnostics
        return document


def _extended_names(document: Document) -> list[tuple[Any, Place]]:
    """The names under `extends`, each with its place."""
    named = document.data.get("extends")
    if isinstance(named, list):
        return [(name, document.span(At(("extends", index)))) for index, name in enumerate(named)]
    return [] if named is None else [(named, document.span(At(("extends",))))]


def _lay(layers: _Layers, over: dict[str, Any], path: Path, owners: Mapping[Path, Source]) -> None:
    """Merge ``over`` into the data at ``path``: mappings merge by key, everything else is replaced.

    ``owners`` is the source of each subtree of ``over``.
    """
    into: dict[str, Any] = layers.data
    for part in path:
        into = into[part]  # type: ignore[index]  # a path through mappings
    for key, value in over.items():
        key_path = (*path, key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            into[key] = dict(into[key])
            _lay(layers, value, key_path, owners)
            continue
        for replaced in [owned for owned in layers.owners if owned[: len(key_path)] == key_path]:
            del layers.owners[replaced]
        layers.owners[key_path] = _owner(owners, key_path)
        for owned, source in owners.items():
            if len(owned) > len(key_path) and owned[: len(key_path)] == key_path:
                layers.owners[owned] = source
        into[key] = value


def _owner(owners: Mapping[Path, Source], path: Path) -> Source:
    return next(owners[path[:length]] for length in range(len(path), -1, -1) if path[:length] in owners)
