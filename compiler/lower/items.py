"""`foreach` and `matrix`: the stages that one entry of `stages` defines, as DVC expands them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.source import Path
from .interpolate import TEMPLATE, to_text
from .template import Unresolved, is_template, resolve
from .variables import Scope

KEY_IS_TEMPLATE = Code(
    "MLC205",
    "error",
    "DVC does not accept a key that is only the template `{template}`",
    help="write the key itself, or add text to the template",
)
FOREACH_TYPE = Code(
    "MLC205",
    "error",
    "`foreach` takes a list or a mapping, not `{value}`",
    help="write a list, or a template whose value is a list",
)
AXIS_TYPE = Code(
    "MLC205", "error", "the axis `{axis}` of the matrix takes a list, not `{value}`", help="write a list: [{value}]"
)
SAME_NAME = Code(
    "MLC206",
    "error",
    "two stages of `{entry}` have the name `{stage}`",
    help="choose values that differ when they are joined by `-`",
)
NO_STAGES = Code("MLC207", "warning", "`{entry}` defines no stages", help="add a value, or remove the stage")
TOO_MANY_STAGES = Code(
    "MLC211", "error", "`{entry}` defines {count:,} stages, more than the limit of {limit:,}", help="shorten its lists"
)

MAX_STAGES = 100_000
"""Maximum number of stages of one entry."""

Items = list[tuple[str, dict[str, Any]]]
"""The stages of a `foreach` or `matrix`: the suffix of the name, and the variables `item` and `key`."""


def foreach_items(entry: str, foreach: Any, scope: Scope, at: Path) -> tuple[Items, list[Diagnostic]]:
    """The stages of a `foreach`: one for each item of a list or mapping."""
    try:
        items = _iterable(foreach, scope, at)
    except Unresolved as error:
        return [], [error.diagnostic]
    if isinstance(items, Mapping):
        return _distinct(
            entry, [(to_text(key), {"item": item, "key": to_text(key)}) for key, item in items.items()], at
        )
    if not isinstance(items, list):
        return [], [FOREACH_TYPE.at(*at, value=items)]
    nested = any(isinstance(item, Mapping | list) for item in items)
    keys = [str(index) if nested else _key_text(foreach, index, item) for index, item in enumerate(items)]
    return _distinct(entry, [(key, {"item": item}) for key, item in zip(keys, items, strict=True)], at)


def matrix_items(entry: str, matrix: Any, scope: Scope, at: Path) -> tuple[Items, list[Diagnostic]]:
    """The stages of a `matrix`: one for each combination of values."""
    try:
        axes = _iterable(matrix, scope, at)
        written = {resolve(axis, scope, None, at): values for axis, values in matrix.items()}
    except Unresolved as error:
        return [], [error.diagnostic]
    for axis, values in axes.items():
        if not isinstance(values, list | Mapping):
            return [], [AXIS_TYPE.at(*at, axis, axis=axis, value=values)]
    if (count := prod(len(values) for values in axes.values())) > MAX_STAGES:
        return [], [TOO_MANY_STAGES.at_key(*at, entry=entry, count=count, limit=MAX_STAGES)]
    items: Items = []
    for combination in product(*(list(enumerate(values)) for values in axes.values())):
        key = "-".join(
            f"{axis}{index}" if isinstance(value, Mapping | list) else _key_text(written[axis], index, value)
            for axis, (index, value) in zip(axes, combination, strict=True)
        )
        item = {axis: value for axis, (_, value) in zip(axes, combination, strict=True)}
        items.append((key, {"item": item, "key": key}))
    return _distinct(entry, items, at)


def _key_text(written: Any, index: int, value: Any) -> str:
    """A value as part of a stage name. DVC formats the value of a template as Python does: `True`, not `true`."""
    from_template = isinstance(written, str) or is_template(written[index])
    return str(value) if from_template else to_text(value)


def _distinct(entry: str, items: Items, at: Path) -> tuple[Items, list[Diagnostic]]:
    """The items, unless two have the same key: DVC would silently keep the last of those."""
    keys: set[str] = set()
    for key, _ in items:
        if key in keys:
            return [], [SAME_NAME.at_key(*at, entry=entry, stage=f"{entry}@{key}")]
        keys.add(key)
    if not items:
        return [], [NO_STAGES.at_key(*at, entry=entry)]
    if len(items) > MAX_STAGES:
        return [], [TOO_MANY_STAGES.at_key(*at, entry=entry, count=len(items), limit=MAX_STAGES)]
    return items, []


def _iterable(value: Any, scope: Scope, at: Path) -> Any:
    """The value of `foreach` or `matrix`. DVC 3.67 fails on a key that is only a template."""
    if (template := _bare_key(value)) is not None:
        raise Unresolved(KEY_IS_TEMPLATE.at(*at, template=template))
    return resolve(value, scope, None, at)


def _bare_key(value: Any) -> str | None:
    if isinstance(value, Mapping):
        for key in value:
            if isinstance(key, str) and TEMPLATE.fullmatch(key):
                return key
        value = list(value.values())
    return next(filter(None, map(_bare_key, value)), None) if isinstance(value, list) else None
