"""What does not match the language, as diagnostics: what is wrong at each place, and a value that the language accepts there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from ...schemas.common import FORMS
from ...schemas.spec import Spec
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.source import At, Path, Source, Span
from .document import Document
from .quoting import quoted
from .shapes import example_at, proposals
from .unknown_keys import unknown_key
from .yaml import load

WRONG_TYPE = Code("MLC102", "error", "`{key}` takes {expected}, not {given}", help="write {expected}")
WRONG_TYPE_PROPOSED = replace(WRONG_TYPE, help="write {proposal}")
WRONG_TYPE_LIST = replace(WRONG_TYPE, help="write a list: {proposal}")
WRONG_TYPE_TEXT = replace(WRONG_TYPE, help="put it in quotes: {proposal}")
WRONG_TYPE_SUCH_AS = replace(WRONG_TYPE, help="write a value such as {example}")
WRONG_TYPE_KEYS = replace(WRONG_TYPE, help="write a mapping with keys such as {keys}")
KEY_NOT_TEXT = Code("MLC102", "error", "the key `{key}` must be text", help='put it in quotes: "{key}"')
MISSING_KEY = Code("MLC103", "error", "{owner} lacks the key `{key}`", help="add `{key}:`")
MISSING_KEY_SUCH_AS = replace(MISSING_KEY, help="add it, such as `{key}: {example}`")
FOREACH_WITHOUT_DO = Code(
    "MLC103",
    "error",
    "`{stage}` has `foreach` but no `do`",
    help="add the stage for each item, such as `do: {{cmd: python train.py ${{item}}}}`",
)
FOREACH_BESIDE_KEYS = replace(FOREACH_WITHOUT_DO, help="add `do:` and move {keys} under it")
DO_WITHOUT_FOREACH = Code(
    "MLC103",
    "error",
    "`{stage}` has `do` but no `foreach`",
    help="add the items, such as `foreach: [a, b]`, or write the keys of `do` directly under `{stage}`",
)
BAD_VALUE = Code("MLC104", "error", "`{key}` needs {allowed}, not `{value}`", help="write {allowed}")
BAD_VALUE_PROPOSED = replace(BAD_VALUE, help="write {proposal}")

MISSING_EXAMPLES = {
    "path": "models/wine.bin",
    "url": "https://example.com/wine.csv",
    "model": "wine",
    "run": "make rollout",
    "set": "{depth: [4, 8]}",
    "name": "wine",
    "type": "url",
}
"""A value for each key that some mapping requires."""
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
_MAX_SHOWN = 40
_MAX_PROPOSED = 120


def mismatches(document: Document, data: Any, problems: list[tuple[Path, list[Any]]]) -> Iterator[Diagnostic]:
    """One diagnostic for each problem; a `foreach` without `do` is one, whatever stands beside it."""
    halves = {path for path, errors in problems if _is_half_foreach(path, errors)}
    for path, errors in problems:
        if path in halves:
            yield _half_foreach(data, path)
        elif path[:2] not in halves:
            yield _mismatch(document, data, path, errors)


def place_of(data: Any, error: Any) -> Path:
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


def _is_half_foreach(path: Path, errors: list[Any]) -> bool:
    missing = {error["loc"][-1] for error in errors if error["type"] == "missing"}
    return len(path) == 2 and path[0] == "stages" and not missing.isdisjoint(("foreach", "do"))


def _half_foreach(data: Any, path: Path) -> Diagnostic:
    body = _get(data, path)
    if "do" in body:
        return DO_WITHOUT_FOREACH.at_key(*path, "do", stage=path[-1])
    if keys := [f"`{key}`" for key in body if key != "foreach"]:
        return FOREACH_BESIDE_KEYS.at_key(*path, "foreach", stage=path[-1], keys=_joined(keys, "and"))
    return FOREACH_WITHOUT_DO.at_key(*path, "foreach", stage=path[-1])


def _joined(words: list[str], last: str) -> str:
    """Words as in a sentence: `a`, `b` and `c`."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _mismatch(document: Document, data: Any, path: Path, errors: list[Any]) -> Diagnostic:
    kinds = {error["type"] for error in errors}
    key = _named(path)
    if "extra_forbidden" in kinds:
        return unknown_key(data, path)
    if "missing" in kinds:
        missing = next(str(error["loc"][-1]) for error in errors if error["type"] == "missing")
        example = MISSING_EXAMPLES.get(missing)
        code = MISSING_KEY if example is None else MISSING_KEY_SUCH_AS
        return code.at_key(*path, owner=f"`{key}`" if path else key, key=missing, example=example)
    if "invalid_key" in kinds or any(error["loc"][-1] == "[key]" for error in errors):
        return _bad_key(document, path, errors)
    value = _get(data, path)
    proposal = _proposal(document, data, path, value, errors)
    if kinds & _VALUE_ERRORS:
        error = next(error for error in errors if error["type"] in _VALUE_ERRORS)
        bad = BAD_VALUE if proposal is None else BAD_VALUE_PROPOSED
        diagnostic = bad.at(*path, key=key, value=_short(value), allowed=_allowed(error), proposal=proposal)
    else:
        diagnostic = _wrong_type(document, path, value, errors, proposal)
    return diagnostic if proposal is None else replace(diagnostic, fix=_fix(document, path, proposal))


def _named(path: Path) -> str:
    """A key as messages name it; an item of a list by its list."""
    if not path:
        return "the file"
    return f"{_named(path[:-1])}[{path[-1]}]" if isinstance(path[-1], int) else str(path[-1])


def _bad_key(document: Document, path: Path, errors: list[Any]) -> Diagnostic:
    if (error := next((error for error in errors if error["type"] in _VALUE_ERRORS), None)) is not None:
        return BAD_VALUE.at_key(
            *path, key=f"a key of {_named(path[:-1])}", value=_short(path[-1]), allowed=_allowed(error)
        )
    span = document.span(At(path, key=True))
    written = span.source.text[span.start : span.end]
    return replace(KEY_NOT_TEXT.at_key(*path, key=written), fix=Fix(At(path, key=True), f'"{written}"', "unsafe"))


def _proposal(document: Document, data: Any, path: Path, value: Any, errors: list[Any]) -> str | None:
    """The first of the values that may have been meant that the language accepts at this place."""
    if not path:
        return None
    candidates = [*_literals(value, errors), *proposals(path, value, document.text(path))]
    short = (text for text in dict.fromkeys(candidates) if len(text) <= _MAX_PROPOSED and "\n" not in text)
    return next((text for text in short if _accepts(data, path, text)), None)


def _fix(document: Document, path: Path, proposal: str) -> Fix:
    """The proposal in place of the value; on the line of the key, if the value starts below it."""
    key, value = document.span(At(path, key=True)), document.span(At(path))
    colon = value.source.text.find(":", key.end, value.start)
    if isinstance(path[-1], int) or colon < 0 or "\n" not in value.source.text[colon : value.start]:
        return Fix(At(path), proposal, "unsafe")
    return Fix(Span(value.source, colon + 1, value.end), f" {proposal}", "unsafe")


def _literals(value: Any, errors: list[Any]) -> list[str]:
    """The allowed words that are similar to the value."""
    from difflib import get_close_matches

    expected = [str(error["ctx"]["expected"]) for error in errors if "expected" in error.get("ctx", {})]
    words = [word.strip("' ") for text in expected for word in text.replace(" or ", ",").split(",")]
    return words if len(words) == 1 else get_close_matches(str(value).lower(), words, 1, 0.6)


def _accepts(data: Any, path: Path, text: str) -> bool:
    """Whether the language takes the value ``text`` at ``path``."""
    value, problems = load(Source("", text))
    if problems:
        return False
    changed = {"mlops": 1, path[0]: data[path[0]]}
    if len(path) > 1 and isinstance(data[path[0]], dict):
        changed[path[0]] = {path[1]: data[path[0]][path[1]]}
    changed = _replaced(changed, path, value)
    try:
        Spec.model_validate(changed)
    except ValidationError as error:
        return all(place_of(changed, item)[: len(path)] != path for item in error.errors(include_url=False))
    return True


def _replaced(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    if isinstance(node, list):
        return [_replaced(item, path[1:], value) if index == path[0] else item for index, item in enumerate(node)]
    return {key: _replaced(item, path[1:], value) if key == path[0] else item for key, item in node.items()}


def _allowed(error: Mapping[str, Any]) -> str:
    """The values that a key accepts, in words."""
    context = error.get("ctx", {})
    if "pattern" in context:
        return FORMS[context["pattern"]]
    if "expected" in context:
        return str(context["expected"]).replace("'", "`")
    limits = [f"{words} {context[limit]}" for limit, words in _LIMITS.items() if limit in context]
    return f"a number {' and '.join(limits)}" if limits else "a finite number"


def _wrong_type(
    document: Document, path: Path, value: Any, errors: list[Any], proposal: str | None
) -> Diagnostic:  # fmt: skip
    from ...schemas.docs import known_keys

    expected = _expected(errors)
    given = _described(value, document.text(path) if isinstance(value, bool | int | float) else _short(value))
    values = {"key": _named(path), "expected": _joined(expected, "or"), "given": given, "proposal": proposal}
    if proposal is None and (example := example_at(path)) is not None:
        return WRONG_TYPE_SUCH_AS.at(*path, **values, example=example)
    if proposal is None:
        keys = [f"`{key}`" for key in known_keys(path)[:3]] if "a mapping" in expected else []
        return (WRONG_TYPE_KEYS if keys else WRONG_TYPE).at(*path, **values, keys=", ".join(keys))
    if proposal == quoted(document.text(path)):
        return WRONG_TYPE_TEXT.at(*path, **values)
    return (WRONG_TYPE_LIST if proposal.startswith("[") else WRONG_TYPE_PROPOSED).at(*path, **values)


def _expected(errors: list[Any]) -> list[str]:
    """The types that a key takes, in words."""
    types = {_TYPES.get(error["type"], error["msg"].lower()) for error in errors}
    return sorted(types - {"a whole number"} if "a number" in types else types)


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
