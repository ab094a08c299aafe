"""The dvc.yaml that mlopsc wrote: from each of its stages to the place in the spec to edit."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.source import Span
from ..model.target import HEADER
from ..read.yaml import Node
from .analysis import Analysis
from .cursor import entries_of

FILE = "dvc.yaml"


def is_generated(text: str) -> bool:
    """Whether a text has the header of a file that mlopsc wrote."""
    return text.partition("\n")[0] == HEADER.rstrip("\n")


def origins(analysis: Analysis, tree: Node | None) -> Iterator[tuple[Node, Node, Span]]:
    """The key and the body of each stage of dvc.yaml with the place in the spec that it comes from."""
    for key, body in entries_of(tree, "stages"):
        entry = analysis.resolved.entries.get(key.text)
        if entry is not None:
            stage = entry.judges or entry.name
            yield key, body, analysis.span(*(("stages", stage) if entry.path[0] == "stages" else entry.path[:2]))


def origin(analysis: Analysis, tree: Node | None, offset: int) -> Span | None:
    """The place in the spec to edit for what is at an offset of dvc.yaml."""
    for key, body, span in origins(analysis, tree):
        if not key.start <= offset <= max(key.end, body.end):
            continue
        inside = (
            next((k for k, v in body.items if k.start <= offset <= max(k.end, v.end)), None) if body.items else None
        )
        entry = analysis.resolved.entries[key.text]
        if inside is not None and entry.judges is None and inside.text in entry.declared.model_fields_set:
            return analysis.span(*entry.path, inside.text)
        return span
    return None
