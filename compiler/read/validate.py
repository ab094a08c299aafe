"""The document held against the models of the language: what does not fit, in words, with its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from ...schemas.spec import Spec
from ..model.diagnostic import Diagnostic, Fix
from ..model.source import At, Path

_EXPECTED = {
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
_VALUES = frozenset(
    [
        "literal_error",
        "string_pattern_mismatch",
        "string_too_short",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "enum",
        "finite_number",
    ]
)


def validate(data: dict[str, Any]) -> tuple[Spec | None, dict[str, Any], list[Diagnostic]]:
    """The typed spec, the data it was made of, and what was wrong.

    What is wrong is cut out of the data and the rest is validated again, so that later phases can report on it;
    None only where even that does not fit.
    """
    found: list[Diagnostic] = []
    if (version := _version(data)) is not None:
        found.append(version)
        data = {**data, "mlops": 1}
    for attempt in range(3):
        try:
            return Spec.model_validate(data), _said(data), found
        except ValidationError as error:
            problems = _grouped(data, error.errors(include_url=False, include_context=True))
        if attempt == 0:  # later ones are about what was cut out
            found.extend(_diagnostic(data, path, errors) for path, errors in problems)
        data = _without(data, [path for path, _ in problems])
    return None, data, found


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """The data without the keys that are null, which say nothing; DVC takes none of them. Values of the user's own
    (`meta`, `vars`, `foreach`, `matrix`, `patches`) keep theirs."""
    said = {key: value for key, value in data.items() if value is not None}
    if "stages" in said:
        said["stages"] = {name: body and _said_of_stage(body) for name, body in said["stages"].items()}
    for key in ("artifacts", "models"):
        if key in said:
            said[key] = {name: _stated(item) for name, item in said[key].items()}
    if "plots" in said:
        said["plots"] = [_flags_stated(item) for item in said["plots"]]
    return said


def _said_of_stage(body: dict[str, Any]) -> dict[str, Any]:
    if "do" in body:
        return {**body, "do": _said_of_stage(body["do"])}
    said: dict[str, Any] = _stated(body)
    for key in ("outs", "metrics", "plots"):
        if key in said:
            said[key] = [_flags_stated(item) for item in said[key]]
    return said


def _stated(item: Any) -> Any:
    if isinstance(item, list):
        return [_stated(each) for each in item]
    return {key: value for key, value in item.items() if value is not None} if isinstance(item, dict) else item


def _flags_stated(item: Any) -> Any:
    return {path: _stated(flags) for path, flags in item.items()} if isinstance(item, dict) else item


def _version(data: dict[str, Any]) -> Diagnostic | None:
    version = data.get("mlops")
    if version == 1 and type(version) is int:
        return None
    if "mlops" not in data:
        return Diagnostic(
            "MLC105", "the version of the language is missing", At(()), help="put `mlops: 1` on the first line"
        )
    return Diagnostic(
        "MLC105", f"version `{version}` of the language is not known", At(("mlops",)), help="write `mlops: 1`"
    )


def _grouped(data: Any, errors: Iterable[Any]) -> list[tuple[Path, list[Any]]]:
    """Errors by the place they are about. Of a union's branches, the one that got furthest speaks."""
    by_path: dict[Path, list[Any]] = {}
    for error in errors:
        by_path.setdefault(_path(data, error), []).append(error)
    paths = sorted(by_path, key=len, reverse=True)
    deeper = {path[:length] for path in paths for length in range(len(path))}
    return [
        (path, group)
        for path, group in by_path.items()
        if path not in deeper or any(error["type"] == "missing" for error in group)
    ]


def _path(data: Any, error: Any) -> Path:
    """The error's place in the data: pydantic's path without the names of union branches."""
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


def _diagnostic(data: Any, path: Path, errors: list[Any]) -> Diagnostic:
    kinds = {error["type"] for error in errors}
    name = str(path[-1]) if path else "the file"
    if "extra_forbidden" in kinds:
        return _unknown(data, path)
    if "missing" in kinds:
        missing = next(str(error["loc"][-1]) for error in errors if error["type"] == "missing")
        owner = f"`{name}`" if path else name
        return Diagnostic("MLC103", f"{owner} lacks the key `{missing}`", At(path, key=True), help=f"add `{missing}:`")
    value = _get(data, path)
    if kinds & _VALUES:
        error = next(error for error in errors if error["type"] in _VALUES)
        return Diagnostic("MLC104", f"`{_short(value)}` cannot stand for `{name}`", At(path), help=_allowed(error))
    expected = sorted({_EXPECTED.get(error["type"], error["msg"].lower()) for error in errors})
    if "invalid_key" in kinds or any(error["loc"][-1] == "[key]" for error in errors):
        return Diagnostic("MLC102", f"the key `{name}` has to be text", At(path, key=True), help="put it in quotes")
    what = f"`{name}` takes {' or '.join(expected)}, not {_described(value)}"
    return Diagnostic("MLC102", what, At(path), help=_conversion(value, expected))


def _unknown(data: Any, path: Path) -> Diagnostic:
    from difflib import get_close_matches

    name = str(path[-1])
    known = _known_keys(path)
    close = get_close_matches(name, known, 1, 0.6)
    where = f"in `{path[-2]}`" if len(path) > 1 else "at the top level"
    if close:
        fix = Fix(At(path, key=True), close[0], "unsafe")
        return Diagnostic(
            "MLC101", f"unknown key `{name}` {where}", At(path, key=True), help=f"did you mean `{close[0]}`?", fix=fix
        )
    given = _get(data, path[:-1]) or ()
    known = sorted(key for key in known if key not in given)
    help_ = f"known here: {', '.join(known)}" if known else "remove it"
    return Diagnostic("MLC101", f"unknown key `{name}` {where}", At(path, key=True), help=help_)


def _known_keys(path: Path) -> list[str]:
    """The keys that the language has where ``path`` ends, by walking the models along it."""
    from ...schemas.keys import known_keys

    return known_keys(path[:-1])


def _allowed(error: Any) -> str:
    context = error.get("ctx", {})
    if "expected" in context:
        return f"it can be {context['expected']}"
    if "pattern" in context:
        return f"it has to look like `{context['pattern']}`"
    bounds = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
    limits = [f"{word} {context[key]}" for key, word in bounds.items() if key in context]
    return f"it has to be {' and '.join(limits)}" if limits else str(error["msg"]).lower()


def _described(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"`{_short(value)}`"


def _conversion(value: Any, expected: list[str]) -> str:
    if "a list" in expected and isinstance(value, str):
        return f"write it as a list: [{_short(value)}]"
    if "text" in expected and isinstance(value, bool | int | float):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    return f"write {' or '.join(expected)}"


def _short(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _get(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _without(data: Any, paths: list[Path]) -> Any:
    """A copy of the data in which the nodes at ``paths`` are gone; lists keep the order of the others."""
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
