"""The support table: what each target declares about each feature."""

from __future__ import annotations

from collections.abc import Container

from .. import installed as registry
from ..model.target import Elsewhere, Emulated, Feature, Kept, Lost, Refused, Target

_WORDS = {Kept: "kept", Emulated: "emulated", Elsewhere: "elsewhere", Refused: "refused", Lost: "refused"}
_WIDEST = max(map(len, _WORDS.values()))
Row = tuple[Feature, dict[str, Kept | Emulated | Refused]]


def matrix() -> tuple[list[str], list[Row]]:
    """The names of all installed targets, and a row for each feature."""
    targets: list[Target] = registry.find([(name, ()) for name in registry.installed()])[0]
    rows = [
        (feature, {target.name: target.support.get(feature, Refused("not declared")) for target in targets})
        for feature in Feature
    ]
    return [target.name for target in targets], rows


def _explanation(support: Kept | Emulated | Refused) -> str:
    if isinstance(support, Emulated):
        return f"with `{support.only_with.value}`: {support.how}" if support.only_with else support.how
    return support.why if isinstance(support, Refused) else ""


def as_text(active: Container[str] | None = None) -> str:
    """The table for a terminal: one word a cell, then the explanations. ``active`` are the targets to show, None for all."""
    installed, rows = matrix()
    names = [name for name in installed if active is None or name in active]
    width = max(len(feature.value) for feature, _ in rows)
    columns = [max(len(name), _WIDEST) for name in names]
    head = " ".join(name.ljust(column) for name, column in zip(names, columns, strict=True))
    lines = [f"{'':{width}} {head}".rstrip()]
    notes: list[str] = []
    for feature, cells in rows:
        words = [_WORDS[type(cells[name])].ljust(column) for name, column in zip(names, columns, strict=True)]
        lines.append(f"{feature.value:{width}} {' '.join(words)}".rstrip())
        notes += [
            f"  {name}: {feature.value}: {_explanation(cells[name])}" for name in names if _explanation(cells[name])
        ]
    if others := [name for name in installed if name not in names]:
        notes += ["", f"not in the stack of this project: {', '.join(others)} (`mlopsc targets --all` shows them)"]
    return "\n".join([*lines, "", "how, and why not:", *notes, ""])


def as_markdown() -> str:
    """The table for docs/targets.md, and the explanations of each target."""
    names, rows = matrix()
    lines = ["| construct | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {feature.value} | " + " | ".join(_WORDS[type(cells[name])] for name in names) + " |"
        for feature, cells in rows
    ]
    for name in names:
        reasons: dict[tuple[str, str], list[str]] = {}
        for feature, cells in rows:
            if explanation := _explanation(cells[name]):
                reasons.setdefault((_WORDS[type(cells[name])], explanation), []).append(feature.value)
        lines += ["", f"**{name}**", ""]
        lines += [
            f"- {', '.join(features)}: {word}; {explanation}" for (word, explanation), features in reasons.items()
        ]
    return "\n".join([*lines, ""])


def as_json() -> str:
    """The table as JSON."""
    import json

    _, rows = matrix()
    data = {
        feature.value: {
            name: {
                "support": _WORDS[type(support)],
                **({"why": _explanation(support)} if _explanation(support) else {}),
            }
            for name, support in cells.items()
        }
        for feature, cells in rows
    }
    return json.dumps({"version": 1, "features": data}, indent=2) + "\n"
