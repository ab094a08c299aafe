"""The conversion matrix: each construct, each target, and what the target declares about it."""

from __future__ import annotations

from .. import installed as registry
from ..model.target import Elsewhere, Emulated, Feature, Kept, Refused, Target

_WORDS = {Kept: "kept", Emulated: "emulated", Elsewhere: "elsewhere", Refused: "refused"}
_WIDEST = max(map(len, _WORDS.values()))
Row = tuple[Feature, dict[str, Kept | Emulated | Refused]]


def matrix() -> tuple[list[str], list[Row]]:
    """The names of all installed targets, and a row for each construct."""
    targets: list[Target] = registry.find([(name, ()) for name in registry.installed()])[0]
    rows = [
        (feature, {target.name: target.support.get(feature, Refused("not declared")) for target in targets})
        for feature in Feature
    ]
    return [target.name for target in targets], rows


def _why(said: Kept | Emulated | Refused) -> str:
    if isinstance(said, Emulated):
        return f"with `{said.only_with.value}`: {said.how}" if said.only_with else said.how
    return said.why if isinstance(said, Refused) else ""


def as_text() -> str:
    """The matrix for a terminal: one word a cell, then the reasons."""
    names, rows = matrix()
    width = max(len(feature.value) for feature, _ in rows)
    columns = [max(len(name), _WIDEST) for name in names]
    head = " ".join(name.ljust(column) for name, column in zip(names, columns, strict=True))
    lines = [f"{'':{width}} {head}".rstrip()]
    notes: list[str] = []
    for feature, cells in rows:
        words = [_WORDS[type(cells[name])].ljust(column) for name, column in zip(names, columns, strict=True)]
        lines.append(f"{feature.value:{width}} {' '.join(words)}".rstrip())
        notes += [f"  {name}: {feature.value}: {_why(cells[name])}" for name in names if _why(cells[name])]
    return "\n".join([*lines, "", "how, and why not:", *notes, ""])


def as_markdown() -> str:
    """The matrix as docs/targets.md shows it: a table of words, then each target's reasons, each once."""
    names, rows = matrix()
    lines = ["| construct | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {feature.value} | " + " | ".join(_WORDS[type(cells[name])] for name in names) + " |"
        for feature, cells in rows
    ]
    for name in names:
        reasons: dict[tuple[str, str], list[str]] = {}
        for feature, cells in rows:
            if why := _why(cells[name]):
                reasons.setdefault((_WORDS[type(cells[name])], why), []).append(feature.value)
        lines += ["", f"**{name}**", ""]
        lines += [f"- {', '.join(each)}: {word}; {why}" for (word, why), each in reasons.items()]
    return "\n".join([*lines, ""])


def as_json() -> str:
    """The matrix for programs."""
    import json

    _, rows = matrix()
    data = {
        feature.value: {
            name: {"support": _WORDS[type(said)], **({"why": _why(said)} if _why(said) else {})}
            for name, said in cells.items()
        }
        for feature, cells in rows
    }
    return json.dumps({"version": 1, "features": data}, indent=2) + "\n"
