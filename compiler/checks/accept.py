"""`accept`: problems that a project lives with, by code, or by code and place."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model.diagnostic import Diagnostic
from ..model.source import At, Path

Accepted = Sequence[str | Mapping[str, Sequence[str]]] | Mapping[str, Sequence[str]]


def accepted(
    diagnostics: Iterable[Diagnostic], accept: Accepted, data: Mapping[str, Any]
) -> Iterator[Diagnostic]:  # fmt: skip
    """The diagnostics, those that ``accept`` names as warnings. ``data`` is the plain spec."""
    items = [accept] if isinstance(accept, Mapping) else accept
    whole = {item for item in items if isinstance(item, str)}
    places: dict[str, set[str]] = {}
    for item in items:
        for code, names in item.items() if isinstance(item, Mapping) else ():
            places.setdefault(code, set()).update(names)
    for diagnostic in diagnostics:
        is_error = "error" in (diagnostic.severity, diagnostic.in_check)
        if is_error and (
            diagnostic.code in whole or not places.get(diagnostic.code, set()).isdisjoint(names_of(diagnostic, data))
        ):
            yield replace(diagnostic, severity="warning", in_check=None)
        else:
            yield diagnostic


def names_of(diagnostic: Diagnostic, data: Mapping[str, Any]) -> list[str]:
    """The names by which `accept` knows the place of a diagnostic, the most exact first.

    A missing dep has the names `STAGE.PATH`, `STAGE.deps.PATH`, `STAGE.deps` and `STAGE`.
    """
    if not isinstance(diagnostic.place, At):
        return []
    parts = _parts(diagnostic.place.path, data)
    if parts[:1] == ["stages"]:
        parts = [part for index, part in enumerate(parts[1:]) if index != 1 or part != "do"]
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    if len(parts) > 2:
        names.insert(0, f"{parts[0]}.{posixpath.normpath(parts[-1])}")
    if diagnostic.subject and parts:
        names.insert(0, f"{parts[0]}.{diagnostic.subject}")
    return list(dict.fromkeys(names))


def accept_line(diagnostics: Iterable[Diagnostic], data: Mapping[str, Any]) -> str:
    """The `accept` of a spec, as one line of YAML, that makes warnings of all errors among ``diagnostics``."""
    places: dict[str, dict[str, None]] = {}
    whole: set[str] = set()
    for diagnostic in diagnostics:
        names = names_of(diagnostic, data)
        if names:
            places.setdefault(diagnostic.code, {})[names[0]] = None
        else:
            whole.add(diagnostic.code)
    by_code = [
        f"{code}: [{', '.join(map(_word, names))}]" for code, names in sorted(places.items()) if code not in whole
    ]
    mapping = f"{{{', '.join(by_code)}}}"
    return (
        f"accept: [{', '.join([*sorted(whole), *([mapping] if by_code else [])])}]" if whole else f"accept: {mapping}"
    )


def _word(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w/-]*\.[\w./-]*", name, re.ASCII) else json.dumps(name, ensure_ascii=False)


def _parts(path: Path, data: Any) -> list[str]:
    """A path in the spec as words: the index of a list is replaced by the item's own text."""
    parts: list[str] = []
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            data = None
        if not isinstance(key, int):
            parts.append(str(key))
        elif not isinstance(data, dict | list):
            parts.append(str(data))
    return parts
