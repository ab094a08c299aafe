"""From a row of the shop's log to the numbers that the model sees."""

import csv
import math
from pathlib import Path

Vector = tuple[float, float]


def vector(spend: float, visits: float) -> Vector:
    """Spend in euros and visits a month, on scales where a step means the same everywhere."""
    return math.log1p(max(spend, 0.0)), math.sqrt(max(visits, 0.0))


def read(path: str | Path) -> list[tuple[Vector, str]]:
    """The rows of a CSV with the columns spend, visits and label."""
    with open(path, newline="") as file:
        return [(vector(float(row["spend"]), float(row["visits"])), row["label"]) for row in csv.DictReader(file)]


def mean(vectors: list[Vector]) -> Vector:
    """The mean of vectors, by component; there is at least one."""
    count = len(vectors)
    return sum(each[0] for each in vectors) / count, sum(each[1] for each in vectors) / count
