"""Hover: the meaning of a key, what conventions filled into a stage, the value of a parameter, who makes and reads a path."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

from ...schemas.docs import Key, key_at
from ..codes import page
from ..emit.yaml import dump
from ..installed import find
from ..lower.interpolate import to_text
from ..model.project import Artifact, Stage
from ..model.source import At, Path
from ..read.params import lookup
from ..show.explain import explain
from .analysis import Analysis
from .cursor import Scalar
from .mentions import Mention, Noun, Subject

MAX_ROWS = 40
_LINK = re.compile(r"\[(\w+)\]\(#\w+\)")
"""A link to a model, as docs/language.md has it."""
MAX_NAMES = 8
UNDEFINED: Final = object()


def hover(analysis: Analysis, mention: Mention | None, scalar: Scalar, *, is_spec: bool = True) -> str | None:
    """The text, in Markdown, for the scalar at the cursor and what it mentions; None if there is nothing to say.

    The keys of a file that is no part of the spec have no meaning in the language.
    """
    parts = [] if mention is None else list(_about(analysis, mention.subject, scalar))
    if not is_spec:
        return "\n\n".join(parts) or None
    if (scalar.role == "key" and (key := key_at(scalar.path)) is not None) or (
        not parts and (key := _key_above(scalar.path)) is not None
    ):
        parts.append(describe(key))
    return "\n\n".join(parts) or None


def describe(key: Key) -> str:
    """The meaning of a key and what it takes."""
    required = ", required" if key.required else ""
    takes = _LINK.sub(r"\1", key.takes)
    words = f"**{key.name}**: {takes}{required}\n\n{key.meaning}"
    return words if key.example is None else f"{words}\n\n```yaml\n{dump({key.name: key.example})}```"


def _key_above(path: Path) -> Key | None:
    """The nearest key that a value belongs to."""
    for length in range(len(path), 0, -1):
        if isinstance(path[length - 1], str) and (key := key_at(path[:length])) is not None:
            return key
    return None


def _about(analysis: Analysis, subject: Subject, scalar: Scalar) -> Iterator[str]:
    match subject.noun:
        case Noun.STAGE:
            yield from about_stage(analysis, subject.name)
        case Noun.PATH:
            yield from _about_path(analysis, subject.name, scalar)
        case Noun.PARAM:
            yield _about_param(analysis, subject)
        case Noun.MODEL:
            yield from _about_model(analysis, subject.name)
        case Noun.TARGET:
            yield from _about_target(subject.name)
        case Noun.CODE:
            yield from filter(None, [page(subject.name)])


def about_stage(analysis: Analysis, name: str) -> Iterator[str]:
    """A stage: what it does, whether it is fresh, and each value with its origin."""
    entry = analysis.resolved.entries.get(name)
    if entry is None:
        return
    stages = analysis.by_entry.get(name, [])
    count = f", {len(stages)} stages" if len(stages) != 1 else ""
    desc = f": {entry.body['desc']}" if entry.body.get("desc") else ""
    yield f"**stage `{name}`** ({entry.kind}{count}){desc}"
    if stages:
        yield _freshness(analysis, stages)
        above = _names(parent for stage in stages for parent in analysis.project.dag.parents(stage.name))
        below = _names(child for stage in stages for child in analysis.project.dag.children(stage.name))
        yield f"reads the results of {above or 'no stage'}; read by {below or 'no stage'}"
    rows = [row for row in explain(analysis.resolved, analysis.project, analysis.document, name) if row.key != "desc"]
    table = [f"| `{row.key}` | {_cell(row.value)} | {row.origin} |" for row in rows[:MAX_ROWS]]
    if len(rows) > MAX_ROWS:
        table.append(f"| | {len(rows) - MAX_ROWS} more: `mlopsc explain {name}` | |")
    if table:
        yield "\n".join(["| key | value | from |", "|---|---|---|", *table])


def _cell(text: str) -> str:
    """A value as code in the cell of a table."""
    line = " ".join(text.split()).replace("|", "\\|").replace("`", "'")
    return f"`{line}`" if line else ""


def _names(names: Any) -> str:
    unique = list(dict.fromkeys(names))
    shown = ", ".join(f"`{name}`" for name in unique[:MAX_NAMES])
    return shown + (f" and {len(unique) - MAX_NAMES} more" if len(unique) > MAX_NAMES else "")


def _freshness(analysis: Analysis, stages: list[Stage]) -> str:
    if analysis.freshness is None:
        return "freshness: not known yet"
    stale = [rerun for stage in stages if (rerun := analysis.freshness.get(stage.name)) is not None and rerun.reasons]
    if not stale:
        return "fresh: nothing to run"
    if len(stages) > 1:
        return f"stale: {len(stale)} of {len(stages)} stages would run again; {stale[0].stage}: {stale[0].reasons[0]}"
    return f"stale, would run again: {'; '.join(stale[0].reasons)}"


def paths_of(analysis: Analysis, name: str, path: Path) -> list[str]:
    """The paths that a scalar of the spec stands for: itself, or for one with templates those of the expanded stages."""
    if "${" not in name:
        return [name]
    places, entry = analysis.places, str(path[1]) if len(path) > 1 and path[0] == "stages" else ""
    found: dict[str, None] = {}
    for stage in analysis.by_entry.get(entry, ()):
        outs = (out.path for out in stage.outs)
        found |= dict.fromkeys(dep for dep in stage.deps if _same(places.dep(stage, dep), path))
        found |= dict.fromkeys(out for out in outs if _same(places.out(stage, out), path))
    return list(found)


def _same(place: At, path: Path) -> bool:
    return tuple(map(str, place.path)) == tuple(map(str, path))


def _about_path(analysis: Analysis, name: str, scalar: Scalar) -> Iterator[str]:
    paths = paths_of(analysis, name, scalar.path)
    if "${" in name and paths:
        shown = _names(paths)
        yield f"**path `{name}`**: {shown}"
    for path in paths[:MAX_NAMES] if paths else [name]:
        yield f"**path `{path}`**" if "${" not in name else f"`{path}`"
        yield "; ".join(_facts(analysis, path))
        if "${" in name:
            break


def _facts(analysis: Analysis, path: str) -> Iterator[str]:
    project = analysis.project
    artifact = project.artifacts.get(path, Artifact(path, None))
    producer = artifact.producer or next(
        (stage.name for stage in project for out in stage.outs if path.startswith(out.path + "/")), None
    )
    if producer is not None:
        stage = project.stages[producer]
        yield f"made by `{producer}` ({_line(analysis, stage.entry)})"
    elif (by := data_source(analysis, path)) is not None:
        yield f"fetched from {by}"
    readers = [stage.name for stage in project if any(_covers(dep, path) for dep in stage.deps)]
    yield f"read by {_names(readers)}" if readers else "read by no stage"
    kind = analysis.snapshot.kind(path)
    yield {"file": "a file", "dir": "a folder", None: "not on this disk"}.get(kind, "not a regular file") + (
        " of the repository" if kind and producer is None else ""
    )
    if producer is not None:
        yield _freshness(analysis, [project.stages[producer]])


def _covers(dep: str, path: str) -> bool:
    return dep == path or dep.startswith(path + "/") or path.startswith(dep + "/")


def data_source(analysis: Analysis, path: str) -> str | None:
    """The URL that a path of `data` is fetched from."""
    return next((source.url for source in analysis.project.sources.values() if source.path == path), None)


def _line(analysis: Analysis, entry: str) -> str:
    span = analysis.span("stages", entry)
    return f"{span.source.name}:{span.line}"


def value_of(analysis: Analysis, subject: Subject) -> Any:
    """The value of a parameter; `UNDEFINED` if its file does not have it."""
    if not subject.file:
        return _variable(analysis, subject.name)
    params = analysis.compiled.params
    return lookup(params.load(subject.file) if params is not None else None, subject.name, UNDEFINED)


def shown(value: Any) -> str:
    """A value as a command gets it."""
    return to_text(value) if not isinstance(value, dict | list) else _short(value)


def _about_param(analysis: Analysis, subject: Subject) -> str:
    value = value_of(analysis, subject)
    where = subject.file or "vars"
    if value is UNDEFINED:
        return f"**parameter `{subject.name}`**: not in {where}"
    users = _names(
        stage.name
        for stage in analysis.project
        if any(param.file == subject.file and tracks(param.key, subject.name) for param in stage.params)
    )
    tracked = f"\n\ntracked by {users}" if users else ""
    return f"**parameter `{subject.name}`** = `{shown(value)}` ({where}){tracked}"


def tracks(key: str | None, name: str) -> bool:
    """Whether a tracked key covers a parameter, or is one of its parts."""
    return key is None or key == name or name.startswith(key + ".") or key.startswith(name + ".")


def _variable(analysis: Analysis, name: str) -> Any:
    value: Any = analysis.scope.values
    for part in name.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return UNDEFINED
    return value


def _short(value: Any) -> str:
    import json

    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _about_model(analysis: Analysis, name: str) -> Iterator[str]:
    model = analysis.project.models.get(name)
    if model is not None:
        path = posixpath.normpath(model.path)
        yield f"**model `{name}`**: `{path}`"
        yield "; ".join(_facts(analysis, path))


def _about_target(name: str) -> Iterator[str]:
    targets, _ = find([(name, ())])
    for target in targets:
        yield f"**target `{name}`**: {' '.join((type(target).__doc__ or '').split())}"
