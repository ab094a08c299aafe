"""Which stages a stage depends on: those that make what it reads, something in it, or a directory that it lies in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..model.project import Artifact, Stage
from .paths import parents


def edges(stages: Iterable[Stage]) -> dict[str, list[str]]:
    """The parents of each stage by name, in the order of its deps and params files, without repetition."""
    stages = list(stages)
    makers = _Makers(stages)
    return {stage.name: list(dict.fromkeys(_parents(stage, makers))) for stage in stages}


def _parents(stage: Stage, makers: _Makers) -> Iterator[str]:
    for path in (*stage.deps, *(param.file for param in stage.params)):
        yield from makers.of(path)


class _Makers:
    """The stages that make a path. Each path is looked up once, since many stages read the same."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        self.producers: dict[str, str] = {}
        self.inside: defaultdict[str, list[str]] = defaultdict(list)
        self.known: dict[str, tuple[str, ...]] = {}
        for stage in stages:
            for out in stage.outs:
                self.producers.setdefault(out.path, stage.name)
                for folder in parents(out.path):
                    self.inside[folder].append(stage.name)

    def of(self, path: str) -> tuple[str, ...]:
        """The maker of ``path`` first, then those of what lies in it, then those of the directories above."""
        if path not in self.known:
            makers = [self.producers[path]] if path in self.producers else []
            makers += self.inside.get(path, ())
            makers += [self.producers[folder] for folder in parents(path) if folder in self.producers]
            self.known[path] = tuple(dict.fromkeys(makers))
        return self.known[path]


def artifacts(stages: Iterable[Stage]) -> dict[str, Artifact]:
    """Every path that stages write or depend on; of several writers the first counts."""
    producers: dict[str, str] = {}
    consumers: defaultdict[str, list[str]] = defaultdict(list)
    for stage in stages:
        for out in stage.outs:
            producers.setdefault(out.path, stage.name)
        for dep in stage.deps:
            consumers[dep].append(stage.name)
    paths = dict.fromkeys((*producers, *consumers))
    return {path: Artifact(path, producers.get(path), tuple(consumers.get(path, ()))) for path in paths}
