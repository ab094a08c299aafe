"""The code of a stage as its deps: what its commands start and load, with templates kept where they name the scripts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .code.graph import CodeGraph
from .code.problems import Loaded
from .code.templates import filled, in_every, templated_words

Scopes = Sequence[Mapping[str, Any]]
"""The variables of each stage that an entry makes."""


def code_deps(
    graph: CodeGraph, lines: Iterable[str], code_file: str | None, wdir: str, scopes: Scopes, stated: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The code that the stages of an entry run and do not state, as paths from the root, each with the reason in words."""
    starts: dict[str, None] = dict.fromkeys([code_file] if code_file else ())
    loaded: dict[str, None] = {}
    for line in lines:
        for text in dict.fromkeys(filled(line, scope) for scope in scopes) if "${" in line else (line,):
            command = graph.command(text, wdir)
            starts |= dict.fromkeys(command.started)
            loaded |= dict.fromkeys(command.files)
        _keep_templates(line, wdir, scopes, starts)
    for path in starts:
        if "${" not in path and path not in loaded:
            loaded |= dict.fromkeys(graph.code_file(path, wdir).files)
    covered = {path for start in starts if "${" in start for path in in_every(start, scopes)}
    covered |= {posixpath.normpath(posixpath.join(wdir, filled(path, scope))) for path in stated for scope in scopes}
    for path in dict.fromkeys((*starts, *sorted(loaded))):
        if path in covered or _is_stated(path, wdir, stated):
            continue
        yield path, "the stage's code" if path in starts else f"`{next(iter(starts), path)}` imports it"


def loaded_code(
    graph: CodeGraph, lines: Iterable[str], code_file: str | None, wdir: str, scopes: Scopes
) -> list[Loaded]:
    """What the commands of an entry load, for each stage that it makes."""
    texts = (text for line in lines for text in ([filled(line, s) for s in scopes] if "${" in line else (line,)))
    loaded = [graph.command(text, wdir) for text in dict.fromkeys(texts)]
    if code_file is not None and not any(code_file in part.files for part in loaded):
        loaded.append(graph.code_file(code_file, wdir))
    return loaded


def _is_stated(path: str, wdir: str, stated: Sequence[str]) -> bool:
    return any(posixpath.normpath(posixpath.join(wdir, other)) == path for other in stated)


def _keep_templates(line: str, wdir: str, scopes: Scopes, starts: dict[str, None]) -> None:
    """Let a word such as `src/${item}.py` stand for the scripts that it names, stage by stage."""
    for word in templated_words(line):
        path = posixpath.normpath(posixpath.join(wdir, word))
        named = [posixpath.normpath(posixpath.join(wdir, text)) for text in in_every(word, scopes)]
        if all(name in starts for name in named):
            for name in named:
                starts.pop(name, None)
            starts[path] = None
