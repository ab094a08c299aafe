"""Validation: the document against the models of the language, and each mismatch as a diagnostic with its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from ...schemas.spec import Spec
from ..model.diagnostic import Code, Diagnostic
from ..model.source import Path
from .document import Document
from .mismatch import mismatches, place_of
from .yaml import find

NO_VERSION = Code("MLC105", "error", "the language version is missing", help="put `mlops: 1` on the first line")
UNKNOWN_VERSION = Code("MLC105", "error", "unknown language version `{version}`", help="write `mlops: 1`")

_MAX_ATTEMPTS = 3


def validate(document: Document) -> tuple[Spec | None, dict[str, Any], list[Diagnostic]]:
    """The typed spec, the plain data it was made from, and the problems.

    Invalid parts are removed and the rest is validated again, so that later phases can report on it. The spec is None only
    if even that fails.
    """
    data = document.data
    diagnostics: list[Diagnostic] = []
    data = as_written(document, data)
    if (problem := _version_problem(data)) is not None:
        diagnostics.append(problem)
        data = {**data, "mlops": 1}
    for attempt in range(_MAX_ATTEMPTS):
        try:
            return Spec.model_validate(data), _without_nulls(data), diagnostics
        except ValidationError as error:
            problems = _by_path(data, error.errors(include_url=False, include_context=True))
        if attempt == 0:  # later errors are consequences of the parts that were removed
            diagnostics.extend(mismatches(document, data, problems))
        data = _without(data, [path for path, _ in problems])
    return None, data, diagnostics


def as_written(document: Document, data: dict[str, Any]) -> dict[str, Any]:
    """The data with the numbers under `env` as the file writes them: `1.10` and `0755` are no other texts for a program."""
    for section in ("stages", "deploy"):
        entries = data.get(section)
        if isinstance(entries, dict):
            changed = {name: _with_written(document, entry, (section, name)) for name, entry in entries.items()}
            data = {**data, section: changed}
    return data


def _with_written(document: Document, entry: Any, at: Path) -> Any:
    """A stage or deployment with the numbers under its `env`, and under that of its `do`, as the file writes them."""
    if not isinstance(entry, dict):
        return entry
    if isinstance(entry.get("env"), dict):
        texts = {key: _written(document, (*at, "env", key), value) for key, value in entry["env"].items()}
        entry = {**entry, "env": texts}
    return {**entry, "do": _with_written(document, entry["do"], (*at, "do"))} if "do" in entry else entry


def _written(document: Document, path: Path, value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    _, node = find(document.trees.get(document.owner(path)), path)
    return node.text if node is not None and node.kind == "scalar" else value


def _version_problem(data: dict[str, Any]) -> Diagnostic | None:
    version = data.get("mlops")
    if version == 1 and type(version) is int:
        return None
    return UNKNOWN_VERSION.at("mlops", version=version) if "mlops" in data else NO_VERSION.at()


def _without_nulls(data: dict[str, Any]) -> dict[str, Any]:
    """The data without keys that are null: they mean the same as absent keys, but DVC rejects them.

    Values that belong to the user (`meta`, `vars`, `foreach`, `matrix`, `patches`) keep their nulls.
    """
    stated = {key: value for key, value in data.items() if value is not None}
    if "stages" in stated:
        stated["stages"] = {name: body and _stage_without_nulls(body) for name, body in stated["stages"].items()}
    for key in ("artifacts", "models"):
        if key in stated:
            stated[key] = {name: _stated(item) for name, item in stated[key].items()}
    if "plots" in stated:
        stated["plots"] = [_stated_flags(item) for item in stated["plots"]]
    return stated


def _stage_without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    if "do" in body:
        return {**body, "do": _stage_without_nulls(body["do"])}
    stated: dict[str, Any] = _stated(body)
    for key in ("outs", "metrics", "plots"):
        if key in stated:
            stated[key] = [_stated_flags(item) for item in stated[key]]
    return stated


def _stated(value: Any) -> Any:
    if isinstance(value, list):
        return [_stated(item) for item in value]
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def _stated_flags(item: Any) -> Any:
    return {path: _stated(flags) for path, flags in item.items()} if isinstance(item, dict) else item


def _by_path(data: Any, errors: Iterable[Any]) -> list[tuple[Path, list[Any]]]:
    """Errors grouped by place. Of the branches of a union, only the one that matched deepest is kept."""
    groups: dict[Path, list[Any]] = {}
    for error in errors:
        groups.setdefault(place_of(data, error), []).append(error)
    prefixes = {path[:length] for path in groups for length in range(len(path))}
    return [
        (path, group)
        for path, group in groups.items()
        if path not in prefixes or any(error["type"] == "missing" for error in group)
    ]


def _without(data: Any, paths: list[Path]) -> Any:
    """A copy of the data without the nodes at ``paths``."""
    if any(not path for path in paths):
        return {"mlops": 1}
    if isinstance(data, dict):
        pairs: Iterable[tuple[Any, Any]] = data.items()
    elif isinstance(data, list):
        pairs = enumerate(data)
    else:
        return data
    below: dict[Any, list[Path]] = {}
    for path in paths:
        below.setdefault(path[0], []).append(path[1:])
    kept = []
    for key, value in pairs:
        if key not in below:
            kept.append((key, value))
        elif all(below[key]):
            kept.append((key, _without(value, below[key])))
    return dict(kept) if isinstance(data, dict) else [value for _, value in kept]
