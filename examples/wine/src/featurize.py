"""Add ratios, and scale each column by what the training part shows."""

from pathlib import Path

import pandas as pd
from features.ratios import add_ratios


def main() -> None:
    source, out = Path("data/prepare"), Path("data/featurize")
    out.mkdir(parents=True, exist_ok=True)
    parts = {name: add_ratios(pd.read_csv(source / f"{name}.csv")) for name in ("train", "test")}
    columns = [column for column in parts["train"] if column != "target"]
    mean, spread = parts["train"][columns].mean(), parts["train"][columns].std()
    for name, part in parts.items():
        part[columns] = (part[columns] - mean) / spread
        part.to_csv(out / f"{name}.csv", index=False, float_format="%.9g")


if __name__ == "__main__":
    main()
