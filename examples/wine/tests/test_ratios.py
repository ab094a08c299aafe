"""The features do what they say."""

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from features.ratios import add_ratios


def test_a_ratio_for_each_pair_and_zero_for_none() -> None:
    frame = pd.DataFrame(
        {"flavanoids": [1.0, 1.0], "total_phenols": [2.0, 0.0], "color_intensity": [3.0, 0.0], "hue": [1.5, 1.0]}
    )
    added = add_ratios(frame)
    assert added["flavanoid_share"].tolist() == [0.5, 0.0]
    assert added["colour_per_hue"].tolist() == [2.0, 0.0]
