"""Every value of a stage with its origin: a line of the spec, a convention, an import, a parameter file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from ...schemas.stage import Stage
from ..checks.code import CodeDeps
from ..model import project as model
from ..model.environment import Environment
from ..model.project import Project, Ref
from ..model.source import At, Path
from ..read.document import Document
from ..resolve.commands import as_list
from ..resolve.conventions import paths_of
from ..resolve.entry import Entry, Resolved
from ..resolve.filling import KEY_ORDER

_LISTS = ("deps", "params", "outs", "metrics", "plots")
_MLOPSC_KEYS = [key for key in Stage.model_fields if key not in {*KEY_ORDER, "args", "script", "environment"}]
"""The keys of a stage beside those of DVC. `args` and `script` are shown as part of `cmd`, `environment` with its definition."""
_SCALARS = ("desc", "wdir", "matrix", "vars", "frozen", "always_changed", "meta")

_MAX_WIDTH = 48


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a stage: its key and its origin."""

    stage: str
    key: str
    value: str
    origin: str


def unknown_stage(resolved: Resolved, project: Project, name: str) -> str | None:
    """The message for a stage that does not exist; None if it exists."""
    if name in resolved.entries or name in project.stages:
        return None
    from difflib import get_close_matches

    similar = get_close_matches(name, [*resolved.entries, *project.stages], 1)
    hint = f"did you mean `{similar[0]}`?" if similar else f"the stages are: {', '.join(resolved.entries) or 'none'}"
    return f"the stage `{name}` does not exist; {hint}"


def explain(resolved: Resolved, project: Project, document: Document, stage: str | None) -> list[Row]:
    """The rows of one stage (an entry, or one of the stages it defines), or of all entries."""
    if stage is None:
        stages: defaultdict[str, list[model.Stage]] = defaultdict(list)
        for defined in project:
            stages[defined.entry].append(defined)
        return [row for name, entry in resolved.entries.items() for row in _rows(name, entry, stages[name], document)]
    if (entry := resolved.entries.get(stage)) is not None:
        return list(_rows(stage, entry, [defined for defined in project if defined.entry == stage], document))
    defined = project.stages[stage]
    return list(_rows(stage, resolved.entries[defined.entry], [defined], document))


def _rows(name: str, entry: Entry, stages: Sequence[model.Stage], document: Document) -> Iterator[Row]:
    """The values of an entry, and the parameters in the commands of its stages."""
    for key, value, origin in _values(entry, document):
        yield Row(name, key, value, origin)
    refs = {
        part.name: part
        for stage in stages
        for command in stage.commands
        for part in command.parts
        if isinstance(part, Ref)
    }
    for ref in refs.values():
        yield Row(name, f"${{{ref.name}}}", ref.value, ref.file)


def touched(project: Project, path: str, code: CodeDeps) -> list[Row]:
    """The stages that run again when a file, or something in a folder, changes: those that depend on it, and all downstream.

    Stages that load the file without depending on it (MLC414) are listed too, since their results become stale.
    """
    rows: dict[str, Row] = {}
    for stage in project:
        near = next((dep for dep in stage.deps if dep == path or path.startswith(dep.rstrip("/") + "/")), None)
        near = near or next((dep for dep in stage.deps if dep.startswith(path.rstrip("/") + "/")), None)
        above = next((name for name in project.dag.parents(stage.name) if name in rows), None)
        if near is not None:
            rows[stage.name] = Row(
                stage.name, "runs again", path, "it depends on it" if near == path else f"it reads {near}"
            )
        elif above is not None:
            rows[stage.name] = Row(stage.name, "runs again", path, f"it is downstream of {above}")
    stale = [
        Row(stage.name, "goes stale", path, "it loads it and does not depend on it (MLC414)")
        for stage in project
        if stage.name not in rows
        and any(file == path or file.startswith(f"{path}/") for file in code.undeclared(stage))
    ]
    return [*rows.values(), *stale]


def _values(entry: Entry, document: Document) -> Iterator[tuple[str, str, str]]:
    if (kind := entry.origins.get(("kind",))) is not None:
        yield "kind", entry.kind, _words(kind.why)
    if entry.environment is not None and entry.environment.name:
        place = (*entry.path, "environment") if entry.declared.environment is not None else ("environment",)
        yield "environment", _where(entry.environment), _line(document, place)
    for key in _MLOPSC_KEYS:
        value = getattr(entry.declared, key)
        if value is not None and value != {}:
            yield key, _shown(value), _line(document, (*entry.path, key))
    if entry.foreach is not None:
        yield "foreach", _shown(entry.foreach), _line(document, (*entry.path[:-1], "foreach"))
    if "cmd" in entry.body:
        origin = entry.origins.get(("cmd",))
        words = _line(document, (*entry.path, "cmd")) if origin is None else _words(origin.why)
        for line in as_list(entry.body["cmd"]):
            yield "cmd", line, words
    for key in _SCALARS:
        if key in entry.body:
            origin = entry.origins.get((key,))
            words = _line(document, (*entry.path, key)) if origin is None else _words(origin.why)
            yield key, _shown(entry.body[key]), words
    for key in _LISTS:
        yield from _items(entry, key, document)


def _where(environment: Environment) -> str:
    """An environment and what it is made of: `gpu (uv envs/gpu, locked by envs/gpu/uv.lock)`."""
    runtime = f" by {environment.runtime}" if environment.runtime is not None else ""
    lock = f", locked by {environment.lock}" if environment.lock not in (None, environment.value) else ""
    return f"{environment.name} ({environment.kind} {environment.value}{runtime}{lock})"


def _items(entry: Entry, key: str, document: Document) -> Iterator[tuple[str, str, str]]:
    origin_of_list = entry.origins.get((key,))
    stated = -1
    for item in entry.body.get(key) or ():
        name = paths_of([item])[0] if not isinstance(item, str) and item else str(item)
        origin = entry.origins.get((key, name), origin_of_list)
        if origin is None:
            stated += 1
            yield key, _item(item), _line(document, (*entry.path, key, stated))
        else:
            yield key, _item(item), _words(origin.why)


def _words(why: str) -> str:
    return f"by convention: {why}" if not why.endswith("imports it") else why


def _line(document: Document, path: Path) -> str:
    span = document.span(At(path))
    return f"{span.source.name}:{span.line}:{span.column}"


def _item(item: Any) -> str:
    if isinstance(item, str):
        return item
    return ", ".join(f"{path} ({_shown(flags)})" if flags else str(path) for path, flags in item.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)


def as_text(rows: list[Row]) -> str:
    """The rows for a terminal, a paragraph for each stage."""
    from .render import plain

    blocks = []
    for stage, group in groupby(rows, key=lambda row: row.stage):
        stage_rows = list(group)
        width = min(max(len(row.value) for row in stage_rows), _MAX_WIDTH)
        lines = [plain(stage)]
        last = ""
        for row in stage_rows:
            key = row.key if row.key != last else ""
            last = row.key
            lines.append(f"  {plain(key):8} {plain(row.value):{width}}  {plain(row.origin)}".rstrip())
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def as_json(rows: list[Row]) -> str:
    """The rows for programs."""
    import json

    return json.dumps({"version": 1, "values": [asdict(row) for row in rows]}, indent=2, ensure_ascii=False) + "\n"
