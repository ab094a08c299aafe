"""Edits of dvc.lock after a rename, so that DVC finds each stage as it ran."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..emit.yaml import scalar
from ..lower.paths import rooted
from ..model.project import Stage
from ..read.yaml import Node
from .cursor import tree_of
from .texts import Replacement, relative

LOCK = "dvc.lock"
ParamKey = Callable[[str, str], str]
"""The new key of a parameter in a file."""


@dataclass(frozen=True, slots=True)
class Lock:
    """How the records of dvc.lock change: ``stages`` pairs each stage that it may record with what the stage is now."""

    stages: Mapping[str, tuple[Stage, Stage]]
    path: Callable[[str], str]
    param: ParamKey
    here: str = ""

    def edits(self, text: str) -> Iterator[Replacement]:
        """The replacements in the text of dvc.lock."""
        tree = tree_of(LOCK, text)
        for key, body in _items(_value(tree, "stages")):
            if (pair := self.stages.get(key.text)) is not None:
                yield from _renamed(key, pair[1].name)
                yield from self._stage(body, *pair)

    def _stage(self, body: Node, before: Stage, now: Stage) -> Iterator[Replacement]:
        for key, value in _items(body):
            if key.text == "cmd":
                yield from _command(value, before.cmd, now.cmd)
            elif key.text in ("deps", "outs"):
                for item in value.items if value.kind == "sequence" else ():
                    yield from self._path(_value(item, "path"), before.wdir)
            elif key.text == "params":
                for file, params in _items(value):
                    name = rooted(before.wdir, file.text, self.here)
                    yield from self._path(file, before.wdir)
                    yield from self._params(params, name, "", "")

    def _path(self, node: Node | None, wdir: str) -> Iterator[Replacement]:
        if node is not None and node.kind == "scalar":
            path = rooted(wdir, node.text, self.here)
            if (new := self.path(path)) != path:
                yield from _renamed(node, relative(new, wdir))

    def _params(self, node: Node, file: str, before: str, now: str) -> Iterator[Replacement]:
        """The keys of recorded params below a section, which was ``before`` and is ``now``."""
        for key, value in _items(node):
            name = before + key.text
            new = self.param(file, name)
            yield from _renamed(key, new.removeprefix(now))
            yield from self._params(value, file, f"{name}.", f"{new}.")


def _command(node: Node, before: str | tuple[str, ...], now: str | tuple[str, ...]) -> Iterator[Replacement]:
    """A command that is recorded as it was before; one that the stage did not have is left alone."""
    if isinstance(before, str) and isinstance(now, str):
        if node.kind == "scalar" and node.text == before != now:
            yield Replacement(node.start, node.end, scalar(now))
    elif node.kind == "sequence" and not isinstance(before, str) and not isinstance(now, str):
        if tuple(item.text for item in node.items) == before and len(before) == len(now):
            pairs = zip(node.items, before, now, strict=True)
            yield from (Replacement(item.start, item.end, scalar(new)) for item, old, new in pairs if old != new)


def _renamed(node: Node, new: str) -> Iterator[Replacement]:
    if node.text != new:
        yield Replacement(node.start, node.end, scalar(new))


def _items(node: Node | None) -> Iterator[tuple[Node, Node]]:
    if node is not None and node.kind == "mapping":
        yield from node.items


def _value(node: Node | None, key: str) -> Node | None:
    return next((value for name, value in _items(node) if name.text == key), None)
