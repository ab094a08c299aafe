"""Definition: where a stage, a parameter or a model is written, the code file of a stage, the producer of a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..model.source import Span
from ..read.yaml import find
from .analysis import Analysis
from .cursor import Scalar, tree_of
from .hover import paths_of
from .mentions import Mention, Noun, Subject


@dataclass(frozen=True, slots=True)
class Location:
    """A range in a file of the repository."""

    file: str
    start: int
    end: int


def definitions(analysis: Analysis, mention: Mention, scalar: Scalar) -> list[Location]:
    """The places that the subject at the cursor comes from, the most useful first."""
    return list(dict.fromkeys(_of(analysis, mention, scalar)))


def _of(analysis: Analysis, mention: Mention, scalar: Scalar) -> Iterator[Location]:
    subject = mention.subject
    match subject.noun:
        case Noun.STAGE if mention.defines:
            yield from _code_of(analysis, subject.name)
        case Noun.STAGE:
            yield from _key(analysis, "stages", subject.name)
        case Noun.MODEL:
            yield from _key(analysis, "models", subject.name)
        case Noun.PARAM:
            yield from _param(analysis, subject)
        case Noun.PATH:
            for path in paths_of(analysis, subject.name, scalar.path):
                yield from _path(analysis, path)


def _code_of(analysis: Analysis, name: str) -> Iterator[Location]:
    """The code files that a stage starts."""
    for stage in analysis.by_entry.get(name, ()):
        for command in stage.code_commands:
            for file in analysis.resolved.code.command(command.text, stage.wdir).started:
                if analysis.snapshot.kind(file) == "file":
                    yield Location(file, 0, 0)


def _path(analysis: Analysis, path: str) -> Iterator[Location]:
    """Where its producer writes it; a file that no stage makes, itself."""
    for stage in analysis.project:
        for out in stage.outs:
            if out.path == path or path.startswith(out.path + "/") or out.path.startswith(path + "/"):
                yield from _at(analysis.document.span(analysis.places.out(stage, out.path)))
    artifact = analysis.project.artifacts.get(path)
    if analysis.snapshot.kind(path) == "file" and (artifact is None or artifact.producer is None):
        yield Location(path, 0, 0)
    elif (tracked := f"{path}.dvc") and analysis.snapshot.kind(tracked) == "file":
        yield Location(tracked, 0, 0)
    for name, source in analysis.project.sources.items():
        if source.path == path:
            yield from _key(analysis, "data", name)


def _key(analysis: Analysis, *path: str) -> Iterator[Location]:
    node = analysis.document.data
    for part in path:
        if not isinstance(node, dict) or part not in node:
            return
        node = node[part]
    yield from _at(analysis.span(*path))


def _at(span: Span) -> Iterator[Location]:
    yield Location(span.source.name, span.start, span.end)


def _param(analysis: Analysis, subject: Subject) -> Iterator[Location]:
    if not subject.file:
        for name in sorted(analysis.spec_files):
            found = (m for m in analysis.mentions(name) if m.defines and m.subject == subject)
            yield from (Location(name, mention.start, mention.end) for mention in found)
        return
    text = analysis.text(subject.file)
    if text is not None:
        start, end = place_in(subject.file, text, subject.name)
        yield Location(subject.file, start, end)


def place_in(file: str, text: str, name: str) -> tuple[int, int]:
    """The range of a key of a params file; that of the nearest section where it is not there."""
    if file.endswith((".toml", ".py")):
        last = re.escape(name.rpartition(".")[2])
        match = re.search(rf"(?m)^\s*(?:self\.)?({last})\s*[:=]", text)
        return match.span(1) if match is not None else (0, 0)
    key, _ = find(tree_of(file, text), tuple(name.split(".")))
    return (key.start, key.end) if key is not None else (0, 0)
