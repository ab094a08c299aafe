"""The places of deps, outs and parameters in the spec; the stage itself for what the conventions filled in.

Places are looked up for diagnostics only, so a valid project pays nothing for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..lower.paths import rooted
from ..model.project import OutKind, Stage
from ..model.source import At, Path
from ..read.params import DEFAULT
from ..resolve.code.graph import CodeGraph

_KEYS: dict[OutKind, str] = {"out": "outs", "metric": "metrics", "plot": "plots"}


@dataclass(frozen=True, slots=True)
class Places:
    """The places of what stages read and write, looked up in the plain spec."""

    data: Mapping[str, Any]
    here: str = ""
    graph: CodeGraph | None = None
    """The code as far as it has been read."""

    def states(self, path: Path) -> bool:
        """Whether the spec itself has a value at a path of mappings."""
        node: Any = self.data
        for part in path:
            if not isinstance(node, dict) or node.get(part) is None:
                return False
            node = node[part]
        return True

    def key(self, stage: Stage, key: str) -> At:
        """A key of a stage; the stage if the conventions filled it in."""
        path, body = self._body(stage)
        return At((*path, key), key=True) if key in body else stage.at

    def value(self, stage: Stage, key: str) -> At:
        """The value of a key of a stage; the stage if the conventions filled it in."""
        path, body = self._body(stage)
        return At((*path, key)) if key in body else stage.at

    def stated(self, stage: Stage, key: str) -> list[Any]:
        """The list in the spec for a key of a stage, as written; empty if there is none."""
        value = self._body(stage)[1].get(key)
        return value if isinstance(value, list) else []

    def dep(self, stage: Stage, path: str) -> At:
        """The item of `deps` that is ``path``."""
        return self._item(stage, "deps", path, stage.deps)

    def out(self, stage: Stage, path: str, last: bool = False) -> At:
        """The item of `outs`, `metrics` or `plots` that is ``path``; with ``last`` the last of several."""
        kinds = [out.kind for out in stage.outs if out.path == path]
        if not kinds:
            return stage.at
        kind = kinds[-1 if last else 0]
        return self._item(stage, _KEYS[kind], path, [out.path for out in stage.outs if out.kind == kind], last)

    def param(self, stage: Stage, file: str, key: str | None) -> At:
        """The item of `params` that is ``key`` of ``file``."""
        path, _ = self._body(stage)
        for index, item in enumerate(self.stated(stage, "params")):
            item_path = (*path, "params", index)
            if isinstance(item, str) and item == key and file == rooted(stage.wdir, DEFAULT, self.here):
                return At(item_path)
            for name, keys in item.items() if isinstance(item, dict) else ():
                if not isinstance(name, str) or rooted(stage.wdir, name, self.here) != file:
                    continue
                if isinstance(keys, list) and key in keys:
                    return At((*item_path, name, keys.index(key)))
                if not keys and key is None:
                    return At((*item_path, name), key=True)
        return self.key(stage, "params")

    def _body(self, stage: Stage) -> tuple[Path, Mapping[str, Any]]:
        stages = self.data.get("stages")
        body = stages.get(stage.entry) if isinstance(stages, dict) else None
        path: Path = ("stages", stage.entry)
        if isinstance(body, dict) and isinstance(body.get("do"), dict):
            return (*path, "do"), body["do"]
        return path, body if isinstance(body, dict) else {}

    def _item(self, stage: Stage, key: str, target: str, resolved: Sequence[str], last: bool = False) -> At:
        """The item with this text; for one with templates, the item at its position, counted from the end because the
        conventions put code first."""
        path, _ = self._body(stage)
        items = list(_flat((*path, key), self.stated(stage, key)))
        for at, text in reversed(items) if last else items:
            if rooted(stage.wdir, text, self.here) == target:
                return at
        first = len(resolved) - len(items)
        for index, (at, text) in enumerate(items):
            if "${" in text and first >= 0 and resolved[first + index] == target:
                return at
        return self.key(stage, key)


def _flat(path: Path, items: list[Any]) -> Iterator[tuple[At, str]]:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from ((At((*path, index, name), key=True), str(name)) for name in item)
        else:
            yield At((*path, index)), str(item)
