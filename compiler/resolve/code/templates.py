"""Command lines with templates in them, as the stages that they make will run them: enough of DVC's templating to find their code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

_TEMPLATE = re.compile(r"(?<!\\)\$\{([^${}]+)\}")
_STEP = re.compile(r"[^.\[\]]+")
MAX_ITEMS = 500
"""How many stages of one entry are looked at."""


def variables(params: Mapping[str, Any], vars_: Any, load: Callable[[str], Any]) -> dict[str, Any]:
    """What templates see: params.yaml and `vars`."""
    values: dict[str, Any] = dict(params)
    for item in vars_ if isinstance(vars_, list) else ():
        if isinstance(item, str):
            item = load(item.partition(":")[0])
        if isinstance(item, Mapping):
            _merge(values, item)
    return values


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), Mapping):
            into[key] = dict(into[key])
            _merge(into[key], value)
        else:
            into[key] = value


def items(foreach: Any, matrix: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The variables of each stage that an entry makes, `item` and `key` among them."""
    if foreach is not None:
        foreach = _whole(foreach, values)
        if isinstance(foreach, Mapping):
            return [{**values, "key": key, "item": item} for key, item in islice(foreach.items(), MAX_ITEMS)]
        if isinstance(foreach, list):
            return [{**values, "item": item} for item in foreach[:MAX_ITEMS]]
        return [dict(values)]
    if isinstance(matrix, Mapping):
        axes = [_whole(axis, values) for axis in matrix.values()]
        if all(isinstance(axis, list) for axis in axes):
            return [
                {**values, "item": dict(zip(matrix, chosen, strict=True))}
                for chosen in islice(product(*axes), MAX_ITEMS)
            ]
    return [dict(values)]


def _whole(value: Any, values: Mapping[str, Any]) -> Any:
    """A value that is one template, looked up."""
    if isinstance(value, str) and (match := _TEMPLATE.fullmatch(value.strip())):
        return _lookup(match.group(1), values)
    return value


def _lookup(path: str, values: Mapping[str, Any]) -> Any:
    node: Any = values
    for part in _STEP.findall(path):
        part = part.strip()
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node


def filled(text: str, values: Mapping[str, Any]) -> str:
    """A text with its templates replaced; what is no single value stays as it is."""

    def value(match: re.Match[str]) -> str:
        node = _lookup(match.group(1), values)
        if isinstance(node, bool):
            return str(node).lower()
        if isinstance(node, Mapping) and node:  # a mapping becomes options, of which none is code
            return " ".join(f"--{key} {item}" for key, item in node.items() if not isinstance(item, Mapping | list))
        return str(node) if isinstance(node, str | int | float) else match.group()

    return _TEMPLATE.sub(value, text)


def templated_words(line: str) -> Iterator[str]:
    """The words of a line that hold a template, without quotes."""
    if "${" in line:
        for word in re.findall(r"(?:[^\s'\"{}]|\{[^{}]*\})+", line):
            if _TEMPLATE.search(word):
                yield word


def in_every(word: str, scopes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a word is in each stage."""
    return [filled(word, scope) for scope in scopes]
