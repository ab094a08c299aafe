"""The spec as one document: mlops.yaml merged over the files it `extends`, and where each value was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.diagnostic import Diagnostic
from ..model.snapshot import Snapshot, packaged
from ..model.source import At, Path, Place, Source, Span
from .yaml import Node, Unreadable, compose, decode, find, value_of

SPEC_NAME = "mlops.yaml"


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A spec as it was read: its plain value, and the source and node tree behind each part of it.

    ``main`` is mlops.yaml itself; ``owners`` maps the paths of subtrees to the source that gave them, where that is
    another one. ``trees`` has the node tree of each source.
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
        """The source that the value at ``path`` was written in."""
        for length in range(len(path), -1, -1):
            if (source := self.owners.get(path[:length])) is not None:
                return source
        return self.main

    def span(self, place: Place) -> Span:
        """Where a place is in the text; where it is not written, the nearest node that encloses it."""
        if isinstance(place, Span):
            return place
        source = self.owner(place.path)
        key, value = find(self.trees.get(source), place.path)
        chosen = key if key is not None and (place.key or value is None) else value
        return Span(source, chosen.start, chosen.end) if chosen is not None else Span(source, 0, 0)


def read_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> tuple[Document | None, list[Diagnostic]]:
    """The merged document, or None if there is nothing to go on with."""
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
    data, diagnostics = value_of(tree, source)
    if isinstance(data, dict):
        return Document(data, source, trees={source: tree}), diagnostics
    if not diagnostics:
        diagnostics = [_empty(source) if data is None else _not_a_mapping(source)]
    return None, diagnostics


def _missing(snapshot: Snapshot, name: str) -> Diagnostic:
    near = next((other for other in ("mlops.yml", "dvc.yaml") if snapshot.kind(other) == "file"), None)
    help_ = {
        "mlops.yml": f"rename `mlops.yml` to `{name}`",
        "dvc.yaml": "run `mlopsc import`: it takes dvc.yaml over as it is",
    }.get(near or "", f"write a `{name}` in the root of the repository, starting with `mlops: 1`")
    return Diagnostic("MLC008", f"there is no `{name}` here", help=help_)


def _empty(source: Source) -> Diagnostic:
    return Diagnostic("MLC005", "the file is empty", Span(source, 0, 0), help="start it with `mlops: 1`")


def _not_a_mapping(source: Source) -> Diagnostic:
    what = "the file has to be a mapping of keys to values"
    return Diagnostic("MLC005", what, Span(source, 0, 1), help="start it with `mlops: 1`")


@dataclass(slots=True)
class _Layers:
    """Data merged so far, and which source gave each subtree."""

    data: dict[str, Any] = field(default_factory=dict)
    owners: dict[Path, Source] = field(default_factory=dict)
    trees: dict[Source, Node | None] = field(default_factory=dict)


class _Extends:
    """Follows `extends`. A base that several documents extend is read and merged once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.diagnostics: list[Diagnostic] = []
        self.merged: dict[str, _Layers | None] = {}

    def merge(self, document: Document) -> tuple[Document, list[Diagnostic]]:
        """``document`` over everything that it extends."""
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
            self._report("`extends` takes names of files", place, "write a path")
            return None
        if name in chain:
            self._report(f"`extends` runs in a circle: {' -> '.join((*chain, name))}", place, "remove one of them")
            return None
        if name not in self.merged:
            document = self._read(name, place)
            self.merged[name] = None if document is None else self._layers(document, (*chain, name))
        return self.merged[name]

    def _read(self, name: str, place: Place) -> Document | None:
        package, colon, file = name.partition(":")
        raw = packaged(package, file) if colon else self.snapshot.read(name)
        if raw is None:
            help_ = f"install the package `{package}`" if colon else "the path counts from the root of the repository"
            self._report(f"`{name}` cannot be read", place, help_)
            return None
        document, diagnostics = read_document(name, raw)
        self.diagnostics += diagnostics
        return document

    def _report(self, message: str, place: Place, help_: str) -> None:
        self.diagnostics.append(Diagnostic("MLC009", message, place, help=help_))


def _extended_names(document: Document) -> list[tuple[Any, Place]]:
    """What a document extends, each name with its place."""
    named = document.data.get("extends")
    if isinstance(named, list):
        return [(name, document.span(At(("extends", index)))) for index, name in enumerate(named)]
    return [] if named is None else [(named, document.span(At(("extends",))))]


def _lay(layers: _Layers, over: dict[str, Any], path: Path, given: Mapping[Path, Source]) -> None:
    """Lay ``over`` on the data at ``path``: mappings merge by key, everything else is replaced as a whole.

    ``given`` says which source each subtree of ``over`` comes from.
    """
    into: dict[str, Any] = layers.data
    for part in path:
        into = into[part]  # type: ignore[index]  # a path through mappings
    for key, value in over.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            into[key] = dict(into[key])
            _lay(layers, value, here, given)
            continue
        for known in [known for known in layers.owners if known[: len(here)] == here]:
            del layers.owners[known]
        layers.owners[here] = _giver(given, here)
        for known, source in given.items():
            if len(known) > len(here) and known[: len(here)] == here:
                layers.owners[known] = source
        into[key] = value


def _giver(given: Mapping[Path, Source], path: Path) -> Source:
    return next(given[path[:length]] for length in range(len(path), -1, -1) if path[:length] in given)
