"""The spec as one document: mlops.yaml, and under it what it extends, merged by key."""

from __future__ import annotations

from .diagnostic import Diagnostic
from .read import Document, at, decode, load
from .snapshot import Snapshot, packaged
from .span import Path, Place, Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SPEC_NAME = "mlops.yaml"


def read_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> tuple[Document | None, list[Diagnostic]]:
    """The merged document, or None when there is nothing to go on with."""
    raw = snapshot.read(name)
    if raw is None:
        return None, [_missing(snapshot, name)]
    source, problems = decode(name, raw)
    data, found = load(source) if not problems else (None, [])
    problems += found
    if data is None and not problems:
        problems.append(_empty(source))
    elif data is not None and not isinstance(data, dict):
        problems.append(_not_a_mapping(source))
    if not isinstance(data, dict):
        return None, problems
    document = Document(data, source)
    if "extends" in data:
        owners: dict[Path, Source] = {}
        document.data = _extended(document, owners, snapshot, (source.name,), problems)
        document.owners = owners
    return document, problems


def _missing(snapshot: Snapshot, name: str) -> Diagnostic:
    near = next((other for other in ("mlops.yml", "dvc.yaml") if snapshot.kind(other) == "file"), None)
    help_ = {
        "mlops.yml": f"rename `mlops.yml` to `{name}`",
        "dvc.yaml": "run `mlopsc import`: it takes dvc.yaml over as it is",
    }.get(near or "", f"write a `{name}` in the root of the repository, starting with `mlops: 1`")
    return Diagnostic("MLC008", f"there is no `{name}` here", help=help_)


def _empty(source: Source) -> Diagnostic:
    return Diagnostic("MLC005", "the file is empty", Span(source, 0, 0), help="start it with `mlops: 1`")


def _not_a_mapping(source: Source) -> Diagnostic:
    what = "the file has to be a mapping of keys to values"
    return Diagnostic("MLC005", what, Span(source, 0, 1), help="start it with `mlops: 1`")


def _extended(
    document: Document, owners: dict[Path, Source], snapshot: Snapshot, chain: tuple[str, ...], found: list[Diagnostic]
) -> dict[str, Any]:
    """``document`` laid over what it extends; ``owners`` learns which subtrees came from below."""
    data = dict(document.data)
    named = data.pop("extends", None)
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    merged: dict[str, Any] = {}
    for index, name in enumerate(names):
        place = document.span(at("extends", index) if isinstance(named, list) else at("extends"))
        base = _base(name, place, snapshot, chain, found)
        if base is None:
            continue
        below: dict[Path, Source] = {}
        lower = _extended(base, below, snapshot, (*chain, base.main.name), found)
        below = {(): base.main, **below}
        _merge(merged, lower, (), owners, below)
    _merge(merged, data, (), owners, {(): document.main})
    return merged


def _base(
    name: Any, place: Place, snapshot: Snapshot, chain: tuple[str, ...], found: list[Diagnostic]
) -> Document | None:
    if not isinstance(name, str):
        found.append(Diagnostic("MLC009", "`extends` takes names of files", place, help="write a path"))
        return None
    if name in chain:
        circle = " -> ".join((*chain, name))
        found.append(Diagnostic("MLC009", f"`extends` runs in a circle: {circle}", place, help="remove one of them"))
        return None
    package, colon, file = name.partition(":")
    raw = packaged(package, file) if colon else snapshot.read(name)
    if raw is None:
        help_ = f"install the package `{package}`" if colon else "the path counts from the root of the repository"
        found.append(Diagnostic("MLC009", f"`{name}` cannot be read", place, help=help_))
        return None
    source, problems = decode(name, raw)
    data, more = load(source) if not problems else (None, [])
    found.extend(problems + more)
    if not isinstance(data, dict):
        if not problems + more:
            found.append(_not_a_mapping(source))
        return None
    return Document(data, source)


def _merge(
    into: dict[str, Any], over: dict[str, Any], path: Path, owners: dict[Path, Source], given: dict[Path, Source]
) -> None:
    """Lay ``over`` on ``into``: mappings merge by key, all else is replaced as a whole."""
    for key, value in over.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            into[key] = dict(into[key])
            _merge(into[key], value, here, owners, given)
            continue
        for known in [p for p in owners if p[: len(here)] == here]:
            del owners[known]
        owners[here] = _owner(given, here)
        for known, source in given.items():
            if len(known) > len(here) and known[: len(here)] == here:
                owners[known] = source
        into[key] = value


def _owner(given: dict[Path, Source], path: Path) -> Source:
    return next(given[path[:length]] for length in range(len(path), -1, -1) if path[:length] in given)
