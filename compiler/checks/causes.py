"""One cause is one diagnostic: what several places share is reported once, and what follows from another problem not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..model.diagnostic import Code, Diagnostic, Label
from ..model.source import At, Path
from ..read.params import DEFAULT, ParamFiles

SEVERAL_UNDEFINED = Code(
    "MLC202",
    "error",
    "{templates} are not defined: there is no `{file}`",
    help="create `{file}` with the keys {keys}, or define them under `vars`",
)

MAX_LABELS = 4

_CONSEQUENCES = frozenset(["MLC301", "MLC305", "MLC319", "MLC411", "MLC413", "MLC414", "MLC418"])
"""What may be missing only because an invalid part of the spec was left out."""


def grouped(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The diagnostics, those with the same cause (or message) and help as one, with a label at each further place."""
    groups: dict[tuple[str, str, str, str], list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        key = diagnostic.code, diagnostic.cause or diagnostic.message, diagnostic.help, diagnostic.severity
        groups.setdefault(key, []).append(diagnostic)
    for first, *others in groups.values():
        yield together(first, others)


def together(first: Diagnostic, others: Sequence[Diagnostic]) -> Diagnostic:
    """One diagnostic for several of the same cause."""
    places = [other.place for other in others if other.place is not None and other.place != first.place]
    if not places:
        return first
    labels = tuple(Label(place, "also here") for place in dict.fromkeys(places[:MAX_LABELS]))
    more = f"and {len(places) - MAX_LABELS:,} more like it" if len(places) > MAX_LABELS else ""
    return replace(first, labels=(*first.labels, *labels), note="; ".join(filter(None, [first.note, more])))


def without_consequences(diagnostics: Iterable[Diagnostic], invalid: Sequence[Path]) -> Iterator[Diagnostic]:
    """The diagnostics but those that only say that something is missing which was left out at one of the ``invalid`` paths."""
    entries = {path[:2] for path in invalid if path[:1] == ("stages",) and len(path) > 2}
    outs_are_missing = any(path[:1] in (("stages",), ("data",)) and not _only(path, _NO_OUTS) for path in invalid)
    for diagnostic in diagnostics:
        path = diagnostic.place.path if isinstance(diagnostic.place, At) else ()
        if diagnostic.code not in _CONSEQUENCES:
            yield diagnostic
        elif diagnostic.code in ("MLC411", "MLC418"):
            if not outs_are_missing or diagnostic.fix is not None:
                yield diagnostic
        elif path[:2] not in entries:
            yield diagnostic


def undefined_once(diagnostics: Sequence[Diagnostic], params: ParamFiles) -> Iterator[Diagnostic]:
    """The diagnostics of the templates: undefined variables are not reported where the file that may define them is."""
    undefined = [diagnostic for diagnostic in diagnostics if diagnostic.code == "MLC202" and diagnostic.subject]
    is_reported = bool(params.diagnostics) or any(diagnostic.code == "MLC204" for diagnostic in diagnostics)
    is_missing = params.load(DEFAULT) is None and len({diagnostic.subject for diagnostic in undefined}) > 1
    left_out = undefined if is_reported or is_missing else []
    yield from (diagnostic for diagnostic in diagnostics if diagnostic not in left_out)
    if is_missing and not is_reported:
        names = list(dict.fromkeys(diagnostic.subject for diagnostic in undefined))
        shown = [f"`${{{name}}}`" for name in names[:2]]
        templates = " and ".join(shown) if len(names) == 2 else f"{', '.join(shown)} and {len(names) - 2} more"
        keys = ", ".join(f"`{name}`" for name in dict.fromkeys(name.partition(".")[0] for name in names))
        first = SEVERAL_UNDEFINED.on(undefined[0].place, templates=templates, file=DEFAULT, keys=keys)
        yield together(first, undefined[1:])


_NO_OUTS = frozenset(
    [
        "cmd",
        "deps",
        "params",
        "desc",
        "env",
        "resources",
        "timeout",
        "retries",
        "image",
        "gates",
        "kind",
        "frozen",
        "meta",
    ]
)
"""Keys of a stage that say nothing about what it writes."""


def _only(path: Path, keys: frozenset[str]) -> bool:
    stage_keys = [part for part in path[2:4] if part != "do"]
    return bool(stage_keys) and stage_keys[0] in keys
