"""Document symbols and folding: the outline of a spec, told from its tree."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol.types import DocumentSymbol, FoldingRange, FoldingRangeKind, SymbolKind

from ..model.source import Path
from ..read.yaml import Node
from .lines import Lines

MAX_DEPTH = 4
_NAMED = ("stages", "models", "experiments", "deploy", "monitor", "data", "artifacts", "environments")
_KINDS = {
    "stages": SymbolKind.Function,
    "models": SymbolKind.Class,
    "experiments": SymbolKind.Event,
    "deploy": SymbolKind.Interface,
    "monitor": SymbolKind.Event,
    "data": SymbolKind.Package,
    "artifacts": SymbolKind.File,
}


def symbols(node: Node | None, lines: Lines, path: Path = ()) -> list[DocumentSymbol]:
    """The keys of a mapping, with those below."""
    if node is None or node.kind != "mapping" or len(path) >= MAX_DEPTH:
        return []
    outline = []
    for key, value in node.items:
        if key.kind != "scalar" or key.start == key.end:
            continue
        end = max(_end(value, lines.text), key.end) if value.start >= key.end else key.end
        below = symbols(value, lines, (*path, key.text)) if value.start >= key.end else []
        outline.append(
            DocumentSymbol(
                name=key.text or "''",
                kind=_kind((*path, key.text), value),
                range=lines.range(key.start, end),
                selection_range=lines.range(key.start, key.end),
                detail=_detail(value),
                children=below,
            )
        )
    return outline


def _kind(path: Path, value: Node) -> SymbolKind:
    if len(path) == 2 and path[0] in _KINDS:
        return _KINDS[str(path[0])]
    if len(path) == 1:
        return SymbolKind.Namespace if path[0] in _NAMED else SymbolKind.Property
    return SymbolKind.Array if value.kind == "sequence" else SymbolKind.Property


def _detail(value: Node) -> str:
    text = " ".join(value.text.split()) if value.kind == "scalar" else ""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _end(node: Node, text: str) -> int:
    """The end of a node without the line break of its last line."""
    return node.start + len(text[node.start : node.end].rstrip())


def folds(node: Node | None, lines: Lines) -> list[FoldingRange]:
    """Everything that takes more than a line, and blocks of comments."""
    found = {(start, end): FoldingRange(start, end) for start, end in _folds(node, lines)}
    comments = {
        (start, end): FoldingRange(start, end, kind=FoldingRangeKind.Comment) for start, end in _comments(lines)
    }
    return list({**found, **comments}.values())


def _folds(node: Node | None, lines: Lines) -> Iterator[tuple[int, int]]:
    if node is None or node.kind == "scalar":
        return
    for item in node.items:
        key, value = item if isinstance(item, tuple) else (item, item)
        if value.start < key.start or (value.start < key.end and value is not key):
            continue  # an alias
        first = lines.position(key.start).line
        last = lines.position(max(_end(value, lines.text), key.end)).line
        if last > first:
            yield first, last
        yield from _folds(value, lines)


def _comments(lines: Lines) -> Iterator[tuple[int, int]]:
    first: int | None = None
    texts = [line.lstrip() for line in lines.text.split("\n")]
    for number, text in enumerate([*texts, ""]):
        if text.startswith("#"):
            first = number if first is None else first
        elif first is not None:
            if number - 1 > first:
                yield first, number - 1
            first = None
