"""Ratios between measurements, which tell a shape whatever its size."""

import pandas as pd

PAIRS = {
    "worst to mean area": ("worst area", "mean area"),
    "worst to mean concavity": ("worst concavity", "mean concavity"),
    "perimeter to radius": ("mean perimeter", "mean radius"),
}


def add_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with one more column for each pair; a zero below the line gives zero."""
    added = {
        name: (frame[above] / frame[below].where(frame[below] != 0)).fillna(0.0)
        for name, (above, below) in PAIRS.items()
    }
    return frame.assign(**added)
