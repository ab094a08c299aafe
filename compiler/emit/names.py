"""Names that a platform takes, one for each of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def distinct(
    names: Iterable[str],
    write: Callable[[str], str],
    limit: int | None = None,
    taken: Iterable[str] = (),
    mark: str = "_",
) -> dict[str, str]:
    """Each name as ``write`` writes it, of at most ``limit`` characters, none like another nor among ``taken``.

    Where two come to the same, the later one has ``mark`` and a number behind it.
    """
    found: dict[str, str] = {}
    used = set(taken)
    for name in names:
        base = made = write(name)[:limit]
        number = 2
        while made in used:
            end = f"{mark}{number}"
            made, number = (base if limit is None else base[: limit - len(end)]) + end, number + 1
        used.add(made)
        found[name] = made
    return found
