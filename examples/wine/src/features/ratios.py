"""Ratios between columns that say more than either alone."""

import pandas as pd

PAIRS = {
    "flavanoid_share": ("flavanoids", "total_phenols"),
    "colour_per_hue": ("color_intensity", "hue"),
}


def add_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with one more column for each pair; a zero below the line gives zero."""
    added = {
        name: (frame[above] / frame[below].where(frame[below] != 0)).fillna(0.0)
        for name, (above, below) in PAIRS.items()
    }
    return frame.assign(**added)
