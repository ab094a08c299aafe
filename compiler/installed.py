"""The targets that are installed, by name. Entry points are the only source, for our own and for those of other distributions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from .model.diagnostic import Code, Diagnostic
from .model.source import Path
from .model.target import Target

GROUP = "mlopsc.targets"

UNKNOWN_TARGET = Code("MLC501", "error", "there is no target `{name}` installed", help="{advice}")
BROKEN_TARGET = Code(
    "MLC502",
    "error",
    "the target `{name}` ({value}) cannot be loaded: {reason}",
    help="update or remove the package it comes from",
)
AMBIGUOUS_TARGET = Code(
    "MLC502",
    "error",
    "the target `{name}` cannot be loaded: {distributions} each provide one",
    help="uninstall all but one of these packages",
)


def installed() -> Mapping[str, tuple[EntryPoint, ...]]:
    """Every target's name, sorted, and its entry points: more than one if several distributions claim the name."""
    return _installed(tuple(sys.path))


@cache
def _installed(path: tuple[str, ...]) -> Mapping[str, tuple[EntryPoint, ...]]:
    """``path`` is where distributions are looked for: a search takes 4 ms."""
    targets: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        targets.setdefault(point.name, {}).setdefault(point.value, point)
    return {name: tuple(targets[name].values()) for name in sorted(targets)}


def find(names: Iterable[tuple[str, Path]]) -> tuple[list[Target], list[Diagnostic]]:
    """The targets of these names; each name comes with the place in the spec that asks for it."""
    targets: list[Target] = []
    diagnostics: list[Diagnostic] = []
    for name, path in names:
        points = installed().get(name, ())
        if len(points) != 1:
            diagnostics.append(_ambiguous(name, path, points) if points else _unknown(name, path))
            continue
        try:
            targets.append(load(points[0].value))
        except Exception as error:  # another distribution's code may raise anything
            reason = f"{type(error).__name__}: {error}"
            diagnostics.append(BROKEN_TARGET.at(*path, name=name, value=points[0].value, reason=reason))
    return targets, diagnostics


def load(value: str) -> Target:
    """The target behind an entry point's value, ``module:Class``."""
    target: Target = getattr(import_module(module_of(value)), value.partition(":")[2])()
    return target


def module_of(value: str) -> str:
    """The module of an entry point's value; one of this package by the name that it was imported under."""
    module = value.partition(":")[0]
    if module.startswith("mlopsc."):
        return f"{__name__.rpartition('.compiler.')[0]}.{module.removeprefix('mlopsc.')}"
    return module


def _unknown(name: str, path: Path) -> Diagnostic:
    close = get_close_matches(name, installed(), 1)
    advice = f"did you mean `{close[0]}`?" if close else f"installed are: {', '.join(installed())}"
    return UNKNOWN_TARGET.at(*path, name=name, advice=advice)


def _ambiguous(name: str, path: Path, points: tuple[EntryPoint, ...]) -> Diagnostic:
    distributions = " and ".join(sorted(point.dist.name if point.dist else point.value for point in points))
    return AMBIGUOUS_TARGET.at(*path, name=name, distributions=distributions)
