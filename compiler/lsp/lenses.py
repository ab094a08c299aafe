"""Code lenses above stages: who reads them, and whether they would run again."""

from __future__ import annotations

from collections.abc import Iterator

from ..read.yaml import Node
from .analysis import Analysis
from .cursor import entries_of

MAX_REASON = 100


def lenses(analysis: Analysis, tree: Node | None) -> Iterator[tuple[Node, str]]:
    """The key of each stage with the text to show above it."""
    for key, _ in entries_of(tree, "stages"):
        stages = analysis.by_entry.get(key.text, [])
        names = {stage.name for stage in stages}
        readers = {child for name in names for child in analysis.project.dag.children(name)} - names
        if readers:
            yield key, "1 stage reads this" if len(readers) == 1 else f"{len(readers)} stages read this"
        if stages and analysis.freshness is not None:
            yield key, _freshness(analysis, names)


def _freshness(analysis: Analysis, names: set[str]) -> str:
    known = analysis.freshness or {}
    stale = [known[name] for name in sorted(names) if name in known and known[name].reasons]
    if not stale:
        return "fresh"
    reason = stale[0].reasons[0].replace("`", "")
    reason = reason if len(reason) <= MAX_REASON else f"{reason[: MAX_REASON - 3]}..."
    if len(names) == 1:
        return f"would run again: {reason}"
    return f"{len(stale)} of {len(names)} would run again: {reason}"
