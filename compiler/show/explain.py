"""Every value of a stage with where it came from: a line of the spec, a convention, an import, a parameter file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..model.project import Project, Ref
from ..model.source import At, Path
from ..read.document import Document
from ..resolve.commands import as_list
from ..resolve.conventions import paths_of
from ..resolve.resolver import Entry, Resolved

_LISTS = ("deps", "params", "outs", "metrics", "plots")
_OWN = ("kind", "env", "image", "resources", "timeout", "retries", "gates", "infer")
_SCALARS = ("desc", "wdir", "matrix", "vars", "frozen", "always_changed", "meta")


@dataclass(frozen=True, slots=True)
class Row:
    """One value: of which stage, under which key, and where it came from."""

    stage: str
    key: str
    value: str
    origin: str


def unknown_stage(resolved: Resolved, project: Project, name: str) -> str | None:
    """What to say where there is no such stage."""
    if name in resolved.entries or name in project.stages:
        return None
    from difflib import get_close_matches

    close = get_close_matches(name, [*resolved.entries, *project.stages], 1)
    hint = f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(resolved.entries) or 'none'}"
    return f"there is no stage `{name}`; {hint}"


def explain(resolved: Resolved, project: Project, document: Document, stage: str | None) -> list[Row]:
    """The rows of one stage (an entry, or one of the stages it makes), or of all."""
    rows: list[Row] = []
    for entry in resolved.entries.values():
        made = [each for each in project if each.entry == entry.name]
        if stage is not None and stage != entry.name:
            made = [each for each in made if each.name == stage]
            if not made:
                continue
        name = stage or entry.name
        rows += [Row(name, key, value, origin) for key, value, origin in _of_entry(entry, document)]
        refs: dict[str, Ref] = {}
        for each in made:
            for command in each.commands:
                refs |= {part.name: part for part in command.parts if isinstance(part, Ref)}
        rows += [Row(name, f"${{{ref.name}}}", ref.value, ref.file) for ref in refs.values()]
    return rows


def touched(project: Project, path: str) -> list[Row]:
    """The stages that run again when a file, or something in a folder, changes: those that depend on it, and all downstream."""
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
    return list(rows.values())


def _of_entry(entry: Entry, document: Document) -> Iterator[tuple[str, str, str]]:
    if (kind := entry.filled.get(("kind",))) is not None:
        yield "kind", entry.kind, _words(kind.why)
    for key in _OWN:
        value = getattr(entry.own, key)
        if value is not None and value != {}:
            yield key, _shown(value), _line(document, (*entry.at, key))
    if entry.foreach is not None:
        yield "foreach", _shown(entry.foreach), _line(document, (*entry.at[:-1], "foreach"))
    if "cmd" in entry.body:
        origin = entry.filled.get(("cmd",))
        said = _line(document, (*entry.at, "cmd")) if origin is None else _words(origin.why)
        for line in as_list(entry.body["cmd"]):
            yield "cmd", line, said
    for key in _SCALARS:
        if key in entry.body:
            yield key, _shown(entry.body[key]), _line(document, (*entry.at, key))
    for key in _LISTS:
        yield from _of_list(entry, key, document)


def _of_list(entry: Entry, key: str, document: Document) -> Iterator[tuple[str, str, str]]:
    whole = entry.filled.get((key,))
    stated = -1
    for item in entry.body.get(key) or ():
        name = paths_of([item])[0] if not isinstance(item, str) and item else str(item)
        origin = entry.filled.get((key, name), whole)
        if origin is None:
            stated += 1
            yield key, _item(item), _line(document, (*entry.at, key, stated))
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
    for stage in dict.fromkeys(row.stage for row in rows):
        own = [row for row in rows if row.stage == stage]
        width = min(max(len(row.value) for row in own), 48)
        lines = [plain(stage)]
        last = ""
        for row in own:
            key = row.key if row.key != last else ""
            last = row.key
            lines.append(f"  {plain(key):8} {plain(row.value):{width}}  {plain(row.origin)}".rstrip())
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def as_json(rows: list[Row]) -> str:
    """The rows for programs."""
    import json

    return json.dumps({"version": 1, "values": [asdict(row) for row in rows]}, indent=2, ensure_ascii=False) + "\n"
