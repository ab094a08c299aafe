"""Where in the spec a dep, an out or a parameter of a stage is written; the stage itself where nothing is.

Looked up only for a diagnostic, so that a clean project pays nothing for it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.project import OutKind, Stage
from ..model.source import At, Path
from ..read.params import DEFAULT

_KEYS: dict[OutKind, str] = {"out": "outs", "metric": "metrics", "plot": "plots"}


@dataclass(frozen=True, slots=True)
class Places:
    """The plain spec, asked for the places of what a stage reads and writes."""

    data: Mapping[str, Any]

    def states(self, path: Path) -> bool:
        """Whether the spec itself says something at a path of mappings."""
        node: Any = self.data
        for part in path:
            if not isinstance(node, dict) or node.get(part) is None:
                return False
            node = node[part]
        return True

    def key(self, stage: Stage, key: str) -> At:
        """A key of a stage; where conventions filled it, the stage."""
        path, body = self._body(stage)
        return At((*path, key), key=True) if key in body else stage.at

    def value(self, stage: Stage, key: str) -> At:
        """The value of a key of a stage; where conventions filled it, the stage."""
        path, body = self._body(stage)
        return At((*path, key)) if key in body else stage.at

    def stated(self, stage: Stage, key: str) -> list[Any]:
        """The list that the spec gives for a key of a stage, as written; empty where there is none."""
        value = self._body(stage)[1].get(key)
        return value if isinstance(value, list) else []

    def dep(self, stage: Stage, path: str) -> At:
        """The item of `deps` that is ``path``."""
        return self._item(stage, "deps", path, stage.deps)

    def out(self, stage: Stage, path: str, last: bool = False) -> At:
        """The item of `outs`, `metrics` or `plots` that is ``path``; the last such item where it is there twice."""
        kinds = [out.kind for out in stage.outs if out.path == path]
        if not kinds:
            return stage.at
        kind = kinds[-1 if last else 0]
        return self._item(stage, _KEYS[kind], path, [out.path for out in stage.outs if out.kind == kind], last)

    def param(self, stage: Stage, file: str, key: str | None) -> At:
        """The item of `params` that is ``key`` of ``file``; the last one where it is there twice."""
        path, _ = self._body(stage)
        for index, item in enumerate(self.stated(stage, "params")):
            here = (*path, "params", index)
            if isinstance(item, str) and item == key and file == _rooted(stage.wdir, DEFAULT):
                return At(here)
            for name, keys in item.items() if isinstance(item, dict) else ():
                if not isinstance(name, str) or _rooted(stage.wdir, name) != file:
                    continue
                if isinstance(keys, list) and key in keys:
                    return At((*here, name, keys.index(key)))
                if not keys and key is None:
                    return At((*here, name), key=True)
        return self.key(stage, "params")

    def _body(self, stage: Stage) -> tuple[Path, Mapping[str, Any]]:
        stages = self.data.get("stages")
        body = stages.get(stage.entry) if isinstance(stages, dict) else None
        path: Path = ("stages", stage.entry)
        if isinstance(body, dict) and isinstance(body.get("do"), dict):
            return (*path, "do"), body["do"]
        return path, body if isinstance(body, dict) else {}

    def _item(self, stage: Stage, key: str, wanted: str, resolved: Sequence[str], last: bool = False) -> At:
        """By what is written; where that holds templates, by the position, counted from the end as code comes first."""
        path, _ = self._body(stage)
        items = list(_flat((*path, key), self.stated(stage, key)))
        for at, text in reversed(items) if last else items:
            if _rooted(stage.wdir, text) == wanted:
                return at
        first = len(resolved) - len(items)
        for index, (at, text) in enumerate(items):
            if "${" in text and first >= 0 and resolved[first + index] == wanted:
                return at
        return self.key(stage, key)


def _flat(path: Path, items: list[Any]) -> Iterator[tuple[At, str]]:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from ((At((*path, index, name), key=True), str(name)) for name in item)
        else:
            yield At((*path, index)), str(item)


def _rooted(wdir: str, path: str) -> str:
    """A path as it is written, from the root of the repository."""
    return path if "://" in path or path.startswith("/") else posixpath.normpath(posixpath.join(wdir, path))
