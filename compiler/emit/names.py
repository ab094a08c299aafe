"""Names that a platform accepts, one for each name in the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def distinct(
    names: Iterable[str],
    convert: Callable[[str], str],
    limit: int | None = None,
    taken: Iterable[str] = (),
    mark: str = "_",
) -> dict[str, str]:
    """Map each name to a unique identifier: ``convert(name)``, truncated to ``limit`` characters.

    An identifier that is already used, or is among ``taken``, gets ``mark`` and a number at its end.
    """
    identifiers: dict[str, str] = {}
    used = set(taken)
    for name in names:
        base = identifier = convert(name)[:limit]
        number = 2
        while identifier in used:
            end = f"{mark}{number}"
            identifier = (base if limit is None else base[: limit - len(end)]) + end
            number += 1
        used.add(identifier)
        identifiers[name] = identifier
    return identifiers
