"""Flowers as points: what is measured of each, and what is told from it."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Flower(NamedTuple):
    """One flower: its measurements in centimetres, and its species."""

    point: tuple[float, ...]
    species: str


def read(path: Path) -> list[Flower]:
    """The flowers of a CSV file; the last column is the species."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [Flower(tuple(map(float, row[:-1])), row[-1]) for row in rows]


def means(flowers: Iterable[Flower]) -> dict[str, list[float]]:
    """The mean point of each species."""
    groups: dict[str, list[tuple[float, ...]]] = {}
    for flower in flowers:
        groups.setdefault(flower.species, []).append(flower.point)
    return {
        species: [sum(column) / len(points) for column in zip(*points, strict=True)]
        for species, points in groups.items()
    }


def nearest(point: Sequence[float], centres: Mapping[str, Sequence[float]]) -> str:
    """The species whose mean is nearest."""
    return min(centres, key=lambda species: math.dist(point, centres[species]))
