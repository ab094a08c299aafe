"""The edges between stages: a stage depends on the writers of what it reads, of what is inside it, and of the directories above it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from ..model.project import Artifact, Stage
from .paths import height, parents


def edges(stages: Collection[Stage]) -> dict[str, list[str]]:
    """The parents of each stage by name, in the order of its deps and params files, without duplicates."""
    writers = _Writers(stages)
    return {stage.name: list(dict.fromkeys(_parents(stage, writers))) for stage in stages}


def _parents(stage: Stage, writers: _Writers) -> Iterator[str]:
    for path in (*stage.deps, *(param.file for param in stage.params)):
        yield from writers.of(path)


class _Writers:
    """The stages that write a path. Results are cached, because many stages read the same path."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        self.writers: dict[str, str] = {}
        self.inside: defaultdict[str, list[str]] = defaultdict(list)
        self.cache: dict[str, tuple[str, ...]] = {}
        for stage in stages:
            for out in stage.outs:
                self.writers.setdefault(out.path, stage.name)
                for folder in parents(out.path):
                    self.inside[folder].append(stage.name)

    def of(self, path: str) -> tuple[str, ...]:
        """The writer of ``path``, then those of what is inside it, then those of the directories above."""
        if path not in self.cache:
            writers = [self.writers[path]] if path in self.writers else []
            writers += self.inside.get(path, ()) if (up := height(path)) is None else self._below(up)
            writers += [self.writers[folder] for folder in parents(path) if folder in self.writers]
            self.cache[path] = tuple(dict.fromkeys(writers))
        return self.cache[path]

    def _below(self, up: int) -> Iterator[str]:
        """The writers of everything in the root, or in the directory ``up`` levels above it."""
        for out, writer in self.writers.items():
            if "://" not in out and not out.startswith("/") and out.split("/").count("..") <= up:
                yield writer


def artifacts(stages: Iterable[Stage]) -> dict[str, Artifact]:
    """Every path that stages write or depend on; of several writers the first is the producer."""
    producers: dict[str, str] = {}
    consumers: defaultdict[str, list[str]] = defaultdict(list)
    for stage in stages:
        for out in stage.outs:
            producers.setdefault(out.path, stage.name)
        for dep in stage.deps:
            consumers[dep].append(stage.name)
    paths = dict.fromkeys((*producers, *consumers))
    return {path: Artifact(path, producers.get(path), tuple(consumers.get(path, ()))) for path in paths}
