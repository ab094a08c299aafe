"""What is known when the forecast is made."""

from collections.abc import Iterable

import numpy as np
import pandas as pd


def features(series: pd.Series, horizon: int, spans: Iterable[int]) -> pd.DataFrame:
    """One row for each month that has all of them: how the series grew over some spans of months, and the season.

    Nothing is used that was measured less than ``horizon`` months before the month of the row. Growth is told instead
    of values: it stays in the range that a linear model has seen while the series climbs out of it.
    """
    index = pd.DatetimeIndex(series.index)
    angle = 2 * np.pi * (index.month - 1) / 12
    frame = pd.DataFrame({"sine": np.sin(angle), "cosine": np.cos(angle)}, index=index)
    known = series.shift(horizon)
    for span in spans:
        frame[f"growth over {span}"] = known - known.shift(span)
    return frame.dropna()


def naive(series: pd.Series, horizon: int) -> pd.Series:
    """The forecast to beat: what was measured ``horizon`` months before."""
    return series.shift(horizon)
