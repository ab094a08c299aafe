"""`patches`: what a team adds to the data of an emitted file, merged so that nothing is lost unnoticed.

Mappings merge as in RFC 7396: by key, and null removes a key. A list of mappings merges by their `name`, `Name` or `id`.
Any other value replaces what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.source import Path

REPLACED = Code(
    "MLC507",
    "warning",
    "this patch replaces a {kind} of `{path}`, which loses {lost}",
    help="repeat here what you want to keep{merging}",
)
NO_SUCH_ITEM = Code(
    "MLC508", "error", "the list of `{path}` has no item `{name}`", help="write one of its names: {names}"
)
NO_SUCH_ITEM_SIMILAR = replace(NO_SUCH_ITEM, help="did you mean `{similar}`?")

IDENTITIES = ("name", "Name", "id")
"""The keys that name an item of a list; the first that all items of a patch have counts."""
PLACES = ("before", "after")
"""Where a patch puts an item: before or after another one, which it names."""
REMOVE = "remove"
MAX_LOST = 3
MAX_TEXT = 40


def patched(file: str, target: Any, patch: Any) -> tuple[Any, list[Diagnostic]]:
    """``target``, the data of an emitted file, with a patch merged into it."""
    merge = _Merge(file)
    return merge.value(target, patch, ("patches", file)), merge.diagnostics


class _Merge:
    """The merge of one patch, and what it finds."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.diagnostics: list[Diagnostic] = []

    def value(self, target: Any, patch: Any, at: Path) -> Any:
        """A value of the file with the patch at ``at``."""
        if isinstance(patch, Mapping):
            return self._mapping(target, patch, at)
        if isinstance(target, list) and isinstance(patch, list) and (identity := _identity(target, patch)):
            return self._named(target, patch, identity, at)
        self._replaced(target, patch, at)
        return patch

    def _mapping(self, target: Any, patch: Mapping[str, Any], at: Path) -> dict[str, Any]:
        if not isinstance(target, dict):
            self._replaced(target, patch, at)
        merged = dict(target) if isinstance(target, dict) else {}
        for key, value in patch.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = self.value(merged.get(key), value, (*at, key))
        return merged

    def _named(self, target: list[Any], patch: list[Any], identity: str, at: Path) -> list[Any]:
        """The items of the target in their order, each merged with the item of the patch that has its name."""
        merged = list(target)
        for index, item in enumerate(patch):
            here = (*at, index)
            position = _position(merged, identity, item[identity])
            if item.get(REMOVE) is True:
                if position is None:
                    self._missing(merged, identity, item[identity], (*here, identity))
                else:
                    del merged[position]
                continue
            before = {} if position is None else merged.pop(position)
            content = {key: value for key, value in item.items() if key not in (*PLACES, REMOVE)}
            end = len(merged) if position is None else position
            merged.insert(self._index(merged, item, identity, end, here), self.value(before, content, here))
        return merged

    def _index(self, items: list[Any], item: Mapping[str, Any], identity: str, otherwise: int, at: Path) -> int:
        """Where an item of a patch is put among the others: where it says, or at ``otherwise``."""
        place = next((place for place in PLACES if isinstance(item.get(place), str)), None)
        if place is None:
            return otherwise
        neighbour = _position(items, identity, item[place])
        if neighbour is None:
            self._missing(items, identity, item[place], (*at, place))
            return otherwise
        return neighbour + (place == "after")

    def _missing(self, items: list[Any], identity: str, name: Any, at: Path) -> None:
        names = [str(item[identity]) for item in items if isinstance(item, dict) and identity in item]
        path = _path(at[2:-2])
        if similar := get_close_matches(str(name), names, 1):
            self.diagnostics.append(NO_SUCH_ITEM_SIMILAR.at(*at, path=path, name=name, similar=similar[0]))
        else:
            listed = ", ".join(f"`{other}`" for other in names)
            self.diagnostics.append(NO_SUCH_ITEM.at(*at, path=path, name=name, names=listed))

    def _replaced(self, target: Any, patch: Any, at: Path) -> None:
        """Report what of a list or mapping is lost because the patch takes its place."""
        if not isinstance(target, list | dict):
            return
        kept = patch if isinstance(patch, list) else []
        lost = [item for item in target if item not in kept]
        if not lost:
            return
        shown = ", ".join(f"`{_text(item)}`" for item in lost[:MAX_LOST])
        if len(lost) > MAX_LOST:
            shown += f" and {len(lost) - MAX_LOST} more"
        named = any(isinstance(item, dict) and _identity([item], [item]) for item in lost)
        self.diagnostics.append(
            REPLACED.at_key(
                *at,
                kind="list" if isinstance(target, list) else "mapping",
                path=_path(at[2:]),
                lost=shown,
                merging=", or give each item of this list the `name` of the item to change" if named else "",
            )
        )


def _identity(target: list[Any], patch: list[Any]) -> str | None:
    """The key by which two lists of mappings merge: all items of the patch have it, and one of the target."""
    for key in IDENTITIES:
        if patch and all(isinstance(item, Mapping) and isinstance(item.get(key), str) for item in patch):
            if any(isinstance(item, Mapping) and key in item for item in target):
                return key
    return None


def _position(items: list[Any], identity: str, name: Any) -> int | None:
    names = (item.get(identity) if isinstance(item, Mapping) else None for item in items)
    return next((index for index, other in enumerate(names) if other == name), None)


def _path(at: Path) -> str:
    return ".".join(map(str, at))


def _text(item: Any) -> str:
    """An item of a list as its name, or as the first of its text."""
    if isinstance(item, Mapping):
        key, value = next(((key, item[key]) for key in (*IDENTITIES, *item) if key in item), ("", ""))
        item = value if key in IDENTITIES else f"{key}: {value}"
    text = " ".join(str(item).split())
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
