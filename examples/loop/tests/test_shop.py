import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from shop.features import mean, vector
from shop.model import fit, predict


def test_vector_is_monotonic_and_takes_zero() -> None:
    assert vector(0, 0) == (0.0, 0.0)
    assert vector(10, 4) < vector(11, 4) < vector(12, 9)


def test_the_nearest_centre_wins() -> None:
    centres = fit([((0.0, 0.0), "a"), ((4.0, 4.0), "b")], shrink=0.0)
    assert predict(centres, (1.0, 1.0)) == "a"
    assert predict(centres, (3.0, 3.0)) == "b"


def test_mean() -> None:
    assert mean([(0.0, 1.0), (2.0, 3.0)]) == (1.0, 2.0)
