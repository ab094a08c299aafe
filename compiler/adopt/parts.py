"""Split the text of a spec into one part for each stage, so that each can be edited and reverted independently."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from ..model.source import Source
from ..read.yaml import Unreadable, compose

_ANCHOR = re.compile(r"(?<![^\s\[{,])&(?=[^\s&,\[\]{}])")
_ALIAS = re.compile(r"(?<![^\s\[{,])\*(?=\w)")


@dataclass(slots=True)
class Part:
    """The lines of a stage. ``lead`` is the text above that it needs (anchors), so that both together parse as YAML."""

    stages: tuple[str, ...]
    lead: str
    block: str
    edits: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text that an edit works on."""
        return self.lead + self.block


@dataclass(slots=True)
class Parts:
    """The text above the stages, the stages, and the text below. If stages share lines, everything is one part."""

    head: str
    stages: list[Part]
    tail: str

    def text(self, blocks: Sequence[str]) -> str:
        """The whole text, with ``blocks`` as the lines of the stages."""
        return self.head + "".join(blocks) + self.tail


def parts_of(text: str) -> Parts:
    """Split a spec; without parts if it cannot be parsed."""
    try:
        tree = compose(Source("mlops.yaml", text))
    except Unreadable:
        return Parts(text, [], "")
    items = tree.items if tree is not None and tree.kind == "mapping" else ()
    stages = next((value for key, value in items if key.text == "stages"), None)
    if stages is None or stages.kind != "mapping" or not stages.items:
        return Parts(text, [], "")
    names = [str(key.text) for key, _ in stages.items]
    starts = [text.rfind("\n", 0, key.start) + 1 for key, _ in stages.items]
    below = [key.start for key, _ in items if key.start > stages.start]
    end = text.rfind("\n", 0, min(below)) + 1 if below else len(text)
    separate = all(not text[start : key.start].strip() for start, (key, _) in zip(starts, stages.items, strict=True))
    if not separate or len({*starts, end}) <= len(starts) or sorted([*starts, end]) != [*starts, end]:
        return Parts("", [Part(tuple(names), "", text)], "")
    head = text[: starts[0]]
    blocks = [text[start:stop] for start, stop in zip(starts, [*starts[1:], end], strict=True)]
    aliases = _ALIAS.search(text) is not None
    parts, lead = [], head
    for name, block in zip(names, blocks, strict=True):
        parts.append(Part((name,), lead, block))
        if aliases and _ANCHOR.search(block):
            lead += block
    return Parts(head, parts, text[end:])


def largest(items: Sequence[int], holds: Callable[[Collection[int]], bool], kept: Collection[int] = ()) -> set[int]:
    """Find by bisection the items for which ``holds`` is true together with those in ``kept``."""
    if not items or holds({*kept, *items}):
        return set(items)
    if len(items) == 1:
        return set()
    half = len(items) // 2
    first = largest(items[:half], holds, kept)
    return first | largest(items[half:], holds, {*kept, *first})
