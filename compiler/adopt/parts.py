"""A spec's text in parts, one for each stage, so that an edit of one is made and undone without the others."""

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
    """The lines of a stage. With ``lead``, the text above that it needs, they are a spec by themselves for an edit."""

    stages: tuple[str, ...]
    lead: str
    block: str
    done: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What an edit is made on."""
        return self.lead + self.block


@dataclass(slots=True)
class Parts:
    """The text: what is above the stages, the stages, and what is below. All of it is one part where stages share lines."""

    head: str
    stages: list[Part]
    tail: str

    def text(self, blocks: Sequence[str]) -> str:
        """The whole text with these lines for the stages."""
        return self.head + "".join(blocks) + self.tail


def parts_of(text: str) -> Parts:
    """The parts of a spec that can be read."""
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
    own_lines = all(not text[start : key.start].strip() for start, (key, _) in zip(starts, stages.items, strict=True))
    if not own_lines or len({*starts, end}) <= len(starts) or sorted([*starts, end]) != [*starts, end]:
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


def most(items: Sequence[int], holds: Callable[[Collection[int]], bool], given: Collection[int] = ()) -> set[int]:
    """The items that can be had together, beside those ``given``: all, or what halving leaves. ``holds`` is asked."""
    if not items or holds({*given, *items}):
        return set(items)
    if len(items) == 1:
        return set()
    half = len(items) // 2
    first = most(items[:half], holds, given)
    return first | most(items[half:], holds, {*given, *first})
