"""Completion: keys by place, stage names, parameters inside `${`, paths, targets, codes, and values of a fixed list."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lsprotocol.types import CompletionItemKind

from ...schemas.docs import Key, keys_at, shapes_at, values_at
from ..codes import titles
from ..installed import installed
from ..lower.paths import rooted
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..read.params import DEFAULT
from .analysis import Analysis
from .cursor import Gap
from .hover import describe
from .mentions import PATH_KEYS, plain_path

MAX_ITEMS = 500
MAX_DEPTH = 8
_OPEN_TEMPLATE = re.compile(r"\$\{([^{}\s]*)\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+=-]*\Z")
_HIDDEN = (".git", ".dvc", ".venv", "__pycache__", "node_modules", ".mlops")
_TARGET_KEYS = {"orchestrator": ("github", "gitlab"), "ci": ()}
"""Targets that are not proposed for a component of the stack."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One item: ``text`` replaces the last ``length`` characters before the cursor."""

    label: str
    text: str
    kind: CompletionItemKind
    length: int
    detail: str = ""
    documentation: str = ""


def complete(analysis: Analysis | None, gap: Gap, snapshot: Snapshot) -> list[Proposal]:
    """What can stand at the cursor. Without a model of the spec, only what the language itself says."""
    if (template := _OPEN_TEMPLATE.search(gap.typed)) is not None:
        return list(_parameters(analysis, template[1], gap)) if analysis is not None else []
    proposals = list(_keys(gap)) if gap.role == "key" or gap.own_line else []
    if gap.role == "key":
        proposals += _named_keys(analysis, gap) if analysis is not None else ()
    else:
        proposals += _values(analysis, gap, snapshot)
    unique = {(proposal.label, proposal.text): proposal for proposal in proposals}
    return list(unique.values())[:MAX_ITEMS]


def _keys(gap: Gap) -> Iterator[Proposal]:
    """The keys of the mapping that the cursor is in, but those that it has."""
    forms = {"foreach", "do"} if gap.path[:1] == ("stages",) and len(gap.path) == 2 else set()
    for key in keys_at(gap.path):
        if key.name in gap.siblings or (key.name in forms and gap.siblings - forms):
            continue
        if gap.siblings & forms and key.name not in forms:
            continue
        kind = CompletionItemKind.Property
        yield Proposal(key.name, _key_text(key), kind, len(gap.typed), key.takes, describe(key))


def _key_text(key: Key) -> str:
    """The key with what follows it: a list is most often short enough for its line."""
    return f"{key.name}: " if key.shape == "scalar" else f"{key.name}:" if key.shape == "mapping" else f"{key.name}: ["


def _named_keys(analysis: Analysis, gap: Gap) -> Iterator[Proposal]:
    """Keys that are names: parameters of an experiment, codes of `accept`, emitted files, metrics of gates, stages by name."""
    match plain_path(gap.path):
        case ("experiments", _, "set"):
            yield from _parameters(analysis, gap.typed, gap, DEFAULT)
        case ("accept",) | ("accept", int()):
            yield from (_code(code, title, gap, ": ") for code, title in titles().items() if code.startswith("MLC4"))
        case ("patches",):
            files = [file for file in analysis.compiled.files if file.data is not None]
            yield from (_plain(file.path, gap, CompletionItemKind.File, after=":") for file in files)
        case ("stages", _, "params", int()):
            yield from (_plain(name, gap, CompletionItemKind.File, after=": ") for name in analysis.params_files)
        case ("stages",):
            names = (name for folder in ("src", "scripts") for name in analysis.snapshot.list(folder))
            stems = dict.fromkeys(
                posixpath.splitext(name)[0] for name in names if name.endswith((".py", ".R", ".jl", ".sh"))
            )
            new = (stem for stem in stems if stem not in gap.siblings and not stem.startswith("_"))
            yield from (_plain(stem, gap, CompletionItemKind.Module, "code without a stage", ":") for stem in new)


def _values(analysis: Analysis | None, gap: Gap, snapshot: Snapshot) -> Iterator[Proposal]:
    path = plain_path(gap.path)
    if gap.own_line and "scalar" not in shapes_at(gap.path) and not _is_item(gap):
        if "list" in shapes_at(gap.path):
            yield Proposal("- ", "- ", CompletionItemKind.Operator, len(gap.typed), "an item of the list")
        return
    match path:
        case ("stack", "orchestrator" | "ci" as component, *_):
            yield from _targets(component, gap)
        case ("accept",) | ("accept", int()):
            yield from (_code(code, title, gap) for code, title in titles().items() if code.startswith("MLC4"))
        case ("models", _, "from") | ("experiments", _, "targets", *_):
            yield from _stages(analysis, gap)
        case ("accept", *_):
            yield from _stages(analysis, gap)
        case ("deploy", _, "model") if analysis is not None:
            models = analysis.project.models
            yield from (_plain(name, gap, CompletionItemKind.Class, model.path) for name, model in models.items())
        case ("stages" | "monitor", _, "params", int(), str() as file, *_) if analysis is not None:
            yield from _parameters(analysis, gap.typed, gap, rooted(analysis.reader.wdir(gap.path), file))
        case ("stages" | "monitor", _, "params", *_) if analysis is not None:
            file = rooted(analysis.reader.wdir(gap.path), DEFAULT)
            yield from _parameters(analysis, gap.typed, gap, file)
            yield from _files(snapshot, gap, analysis.reader.wdir(gap.path), (".yaml", ".json", ".toml", ".py"))
        case ("vars" | "params" | "extends", *_):
            yield from _files(snapshot, gap, ".", (".yaml", ".yml", ".json", ".toml", ".py"))
        case _:
            yield from (_plain(value, gap, CompletionItemKind.EnumMember) for value in values_at(gap.path))
            if takes_path(path):
                yield from _paths(analysis, gap, snapshot)


def _is_item(gap: Gap) -> bool:
    return bool(gap.path) and isinstance(gap.path[-1], int)


def takes_path(path: Path) -> bool:
    """Whether the value at a place is a path."""
    match path:
        case ("stages" | "monitor", _, key, *_) if key in (*PATH_KEYS, "cmd", "script", "wdir", "report", "args"):
            return True
        case ("models" | "artifacts" | "data", _, "path" | "schema") | ("metrics" | "plots", *_) | ("deploy", _, "run"):
            return True
    return False


def _stages(analysis: Analysis | None, gap: Gap) -> Iterator[Proposal]:
    for name in analysis.stage_names() if analysis is not None else ():
        yield _plain(name, gap, CompletionItemKind.Class, "stage")


def _targets(component: str, gap: Gap) -> Iterator[Proposal]:
    known = values_at(("stack", component))
    others = [name for name in installed() if name not in known and name not in _TARGET_KEYS[component]]
    for name in (*known, *(others if component == "orchestrator" else ())):
        yield _plain(name, gap, CompletionItemKind.EnumMember, "target")


def _code(code: str, title: str, gap: Gap, after: str = "") -> Proposal:
    return Proposal(code, code + after, CompletionItemKind.Constant, len(gap.typed), title)


def _plain(label: str, gap: Gap, kind: CompletionItemKind, detail: str = "", after: str = "") -> Proposal:
    text = label if gap.quoted or _PLAIN.match(label) else "'" + label.replace("'", "''") + "'"
    return Proposal(label, text + after, kind, len(gap.typed), detail)


def _parameters(analysis: Analysis | None, typed: str, gap: Gap, file: str | None = None) -> Iterator[Proposal]:
    """Parameters with their values: those of ``file``, or all variables of templates."""
    if analysis is None or analysis.compiled.params is None:
        return
    values = analysis.scope.values if file is None else analysis.compiled.params.load(file)
    for name, value in _flat(values):
        shown = "section" if isinstance(value, dict) else str(value)
        origin = file or analysis.scope.files.get(tuple(name.split(".")[:1]), "") or "vars"
        yield Proposal(name, name, CompletionItemKind.Variable, len(typed), f"{shown} ({origin})")
    if file is None:
        entry = (
            analysis.resolved.entries.get(str(gap.path[1]))
            if gap.path[:1] == ("stages",) and len(gap.path) > 1
            else None
        )
        if entry is not None and (entry.foreach is not None or entry.declared.matrix is not None):
            axes = [f"item.{axis}" for axis in entry.declared.matrix or ()] or ["item"]
            yield from (Proposal(axis, axis, CompletionItemKind.Variable, len(typed), "of each stage") for axis in axes)


def _flat(value: Any, above: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, item in value.items() if isinstance(value, dict) and depth < MAX_DEPTH else ():
        if isinstance(name, str):
            yield above + name, item
            yield from _flat(item, f"{above}{name}.", depth + 1)


def _paths(analysis: Analysis | None, gap: Gap, snapshot: Snapshot) -> Iterator[Proposal]:
    """Paths of the pipeline, then those of the folder that is being typed."""
    is_command = plain_path(gap.path)[2:3] and plain_path(gap.path)[2] in ("cmd", "script", "args")
    word = gap.typed.rpartition(" ")[2] if is_command or gap.path[0] == "deploy" else gap.typed
    wdir = analysis.reader.wdir(gap.path) if analysis is not None else "."
    if analysis is not None and wdir == ".":
        for path, artifact in analysis.project.artifacts.items():
            if path.startswith(word) and "://" not in path:
                detail = (
                    f"made by {artifact.producer}"
                    if artifact.producer
                    else f"read by {', '.join(artifact.consumers[:3])}"
                )
                yield Proposal(path, _path_text(path, gap), CompletionItemKind.File, len(word), detail)
    yield from _files(snapshot, gap, wdir, (), word)


def _files(
    snapshot: Snapshot, gap: Gap, wdir: str, endings: tuple[str, ...], word: str | None = None
) -> Iterator[Proposal]:
    """The files and folders in the folder that is being typed; only files with one of ``endings``, if there are any."""
    word = gap.typed if word is None else word
    folder = word.rpartition("/")[0]
    base = posixpath.normpath(posixpath.join(wdir, folder))
    for name in snapshot.list("" if base == "." else base):
        path = f"{folder}/{name}" if folder else name
        if name in _HIDDEN or not path.startswith(word):
            continue
        is_folder = snapshot.kind(posixpath.join(base, name)) == "dir"
        if not is_folder and endings and not name.endswith(endings):
            continue
        kind = CompletionItemKind.Folder if is_folder else CompletionItemKind.File
        yield Proposal(path + ("/" if is_folder else ""), _path_text(path, gap), kind, len(word))


def _path_text(path: str, gap: Gap) -> str:
    return path if gap.quoted or _PLAIN.match(path) else "'" + path.replace("'", "''") + "'"
