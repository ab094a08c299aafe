"""Which value of a parameter file a key means: the rules of dpath, by which DVC looks parameters up.

Source: dpath 2.2, `dpath/segments.py`; DVC 3.67, `read_param_file` in `dvc/dependency/param.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

_PATTERN = re.compile(r"[*?\[]|\A\s*[-+]?[\d_]+\s*\Z|\A(?:True|False)\Z")
"""A part of a key that can match another text than itself: a glob, the index of a list, a key that is no text."""


def matches(data: Any, key: str) -> list[Any]:
    """The values that a dotted key matches, each part of it a glob; `**` stands for any number of parts."""
    if key == "":
        return [data]
    parts = key.lstrip(".").split(".")
    if _PATTERN.search(key) is None and not any(map(_PATTERN.search, parts)):
        return _plain(data, parts)
    found = list(_matches(data, parts))
    return found[1:] if parts == ["**"] else found  # the whole file has no key


def _plain(node: Any, parts: Sequence[str]) -> list[Any]:
    for part in parts:
        if not isinstance(node, dict) or part not in node:
            return []
        node = node[part]
    return [node]


def _matches(node: Any, parts: Sequence[str]) -> Iterator[Any]:
    if not parts:
        yield node
        return
    part, *rest = parts
    if part == "**":
        yield from _matches(node, rest)
        for _, value in _children(node):
            yield from _matches(value, parts)
    elif _PATTERN.search(part) is None:
        if isinstance(node, dict) and part in node:
            yield from _matches(node[part], rest)
    else:
        for name, value in _children(node):
            if _is_named(name, part, node):
                yield from _matches(value, rest)


def _children(node: Any) -> Iterator[tuple[Any, Any]]:
    """The items of a node that a glob can name; no key that is neither text nor a whole number matches any."""
    if isinstance(node, dict):
        yield from ((name, value) for name, value in node.items() if isinstance(name, str | int))
    elif isinstance(node, list | tuple | set | frozenset):
        yield from enumerate(node)


def _is_named(name: Any, part: str, node: Any) -> bool:
    """Whether a part of a key matches a key of a mapping or an index of a list, which may count from its end."""
    if isinstance(name, int):
        try:
            index = int(part)
        except ValueError:
            return fnmatchcase(str(name), part)
        return index == name or (not isinstance(node, dict) and index == name - len(node))
    return fnmatchcase(name, part)
