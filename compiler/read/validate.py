"""Validation: the document against the models of the language, and each mismatch as a diagnostic with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from ...schemas.common import FORMS
from ...schemas.spec import Spec
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.source import At, Path
from .document import Document

UNKNOWN_KEY = Code("MLC101", "error", "unknown key `{key}` {where}", help="remove it")
UNKNOWN_KEY_SIMILAR = replace(UNKNOWN_KEY, help="did you mean `{similar}`?")
UNKNOWN_KEY_OF = replace(UNKNOWN_KEY, help="remove it, or use one of: {keys}")
WRONG_TYPE = Code("MLC102", "error", "`{key}` takes {expected}, not {given}", help="write {expected}")
WRONG_TYPE_LIST = replace(WRONG_TYPE, help="write a list: [{text}]")
WRONG_TYPE_TEXT = replace(WRONG_TYPE, help='put it in quotes: "{text}"')
KEY_NOT_TEXT = Code("MLC102", "error", "the key `{key}` must be text", help="put it in quotes")
MISSING_KEY = Code("MLC103", "error", "{owner} lacks the key `{key}`", help="add `{key}:`")
BAD_VALUE = Code("MLC104", "error", "`{key}` needs {allowed}, not `{value}`", help="write {allowed}")
NO_VERSION = Code("MLC105", "error", "the language version is missing", help="put `mlops: 1` on the first line")
UNKNOWN_VERSION = Code("MLC105", "error", "unknown language version `{version}`", help="write `mlops: 1`")

_TYPES = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "none_required": "nothing",
}

_LIMITS = {"gt": "greater than", "ge": "of at least", "lt": "less than", "le": "of at most"}
_VALUE_ERRORS = frozenset(
    [
        "literal_error",
        "string_pattern_mismatch",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "enum",
        "finite_number",
    ]
)
_MAX_ATTEMPTS = 3
_MAX_SHOWN = 40


def validate(document: Document) -> tuple[Spec | None, dict[str, Any], list[Diagnostic]]:
    """The typed spec, the plain data it was made from, and the problems.

    Invalid parts are removed and the rest is validated again, so that later phases can report on it. The spec is None only
    if even that fails.
    """
    data = document.data
    diagnostics: list[Diagnostic] = []
    if (problem := _version_problem(data)) is not None:
        diagnostics.append(problem)
        data = {**data, "mlops": 1}
    for attempt in range(_MAX_ATTEMPTS):
        try:
            return Spec.model_validate(data), _without_nulls(data), diagnostics
        except ValidationError as error:
            problems = _by_path(data, error.errors(include_url=False, include_context=True))
        if attempt == 0:  # later errors are consequences of the parts that were removed
            diagnostics.extend(_diagnostic(document, data, path, errors) for path, errors in problems)
        data = _without(data, [path for path, _ in problems])
    return None, data, diagnostics


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
        groups.setdefault(_path(data, error), []).append(error)
    prefixes = {path[:length] for path in groups for length in range(len(path))}
    return [
        (path, group)
        for path, group in groups.items()
        if path not in prefixes or any(error["type"] == "missing" for error in group)
    ]


def _path(data: Any, error: Any) -> Path:
    """The place of an error in the data: pydantic's path without the names of union branches."""
    path: list[Any] = []
    node = data
    for part in error["loc"]:
        if isinstance(node, dict) and isinstance(part, str) and part not in node:  # pydantic writes `None` for null
            part = next(iter([key for key in node if not isinstance(key, str) and str(key) == part]), part)
        if (isinstance(node, dict) and part in node) or (
            isinstance(node, list) and isinstance(part, int) and part < len(node)
        ):
            node = node[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _diagnostic(document: Document, data: Any, path: Path, errors: list[Any]) -> Diagnostic:
    kinds = {error["type"] for error in errors}
    key = str(path[-1]) if path else "the file"
    if "extra_forbidden" in kinds:
        return _unknown_key(data, path)
    if "missing" in kinds:
        missing = next(str(error["loc"][-1]) for error in errors if error["type"] == "missing")
        return MISSING_KEY.at_key(*path, owner=f"`{key}`" if path else key, key=missing)
    value = _get(data, path)
    if kinds & _VALUE_ERRORS:
        error = next(error for error in errors if error["type"] in _VALUE_ERRORS)
        return BAD_VALUE.at(*path, key=key, value=_short(value), allowed=_allowed(error))
    if "invalid_key" in kinds or any(error["loc"][-1] == "[key]" for error in errors):
        return KEY_NOT_TEXT.at_key(*path, key=key)
    expected = sorted({_TYPES.get(error["type"], error["msg"].lower()) for error in errors})
    return _wrong_type(document, path, value, expected)


def _unknown_key(data: Any, path: Path) -> Diagnostic:
    from difflib import get_close_matches

    from ...schemas.docs import known_keys

    key = str(path[-1])
    where = f"in `{path[-2]}`" if len(path) > 1 else "at the top level"
    known = known_keys(path[:-1])
    if similar := get_close_matches(key, known, 1, 0.6):
        diagnostic = UNKNOWN_KEY_SIMILAR.at_key(*path, key=key, where=where, similar=similar[0])
        return replace(diagnostic, fix=Fix(At(path, key=True), similar[0], "unsafe"))
    stated = _get(data, path[:-1]) or ()
    if unused := sorted(name for name in known if name not in stated):
        return UNKNOWN_KEY_OF.at_key(*path, key=key, where=where, keys=", ".join(unused))
    return UNKNOWN_KEY.at_key(*path, key=key, where=where)


def _allowed(error: Mapping[str, Any]) -> str:
    """The values that a key accepts, in words."""
    context = error.get("ctx", {})
    if "pattern" in context:
        return FORMS[context["pattern"]]
    if "expected" in context:
        return str(context["expected"]).replace("'", "`")
    limits = [f"{words} {context[limit]}" for limit, words in _LIMITS.items() if limit in context]
    return f"a number {' and '.join(limits)}" if limits else "a finite number"


def _wrong_type(document: Document, path: Path, value: Any, expected: list[str]) -> Diagnostic:
    code, text = WRONG_TYPE, _short(value)
    if "a list" in expected and isinstance(value, str):
        code = WRONG_TYPE_LIST
    elif "text" in expected and isinstance(value, bool | int | float):
        code, text = WRONG_TYPE_TEXT, document.text(path)  # as written: 3.10 and not 3.1
    key = str(path[-1]) if path else "the file"
    return code.at(*path, key=key, expected=" or ".join(expected), given=_described(value, text), text=text)


def _described(value: Any, text: str) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"`{text}`"


def _short(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def _get(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


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
