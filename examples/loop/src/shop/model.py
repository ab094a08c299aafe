"""The model: the nearest of the labels' centres, each drawn a little towards the middle of all."""

import json
import math
from pathlib import Path

from .features import Vector, mean


def fit(rows: list[tuple[Vector, str]], shrink: float) -> dict[str, Vector]:
    """The centre of each label. ``shrink`` 0 leaves a centre where it is, 1 moves it to the middle."""
    middle = mean([each for each, _ in rows])
    centres = {}
    for label in sorted({label for _, label in rows}):
        centre = mean([each for each, other in rows if other == label])
        centres[label] = tuple(a + shrink * (b - a) for a, b in zip(centre, middle, strict=True))
    return centres


def predict(centres: dict[str, Vector], each: Vector) -> str:
    """The label whose centre is nearest."""
    return min(centres, key=lambda label: math.dist(centres[label], each))


def load(folder: str | Path) -> dict[str, Vector]:
    """The centres that training wrote into a folder."""
    return json.loads((Path(folder) / "centres.json").read_text())
