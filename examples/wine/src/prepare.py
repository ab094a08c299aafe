"""Write the wine data that scikit-learn ships as two CSV files: one to fit on, one to measure on."""

from pathlib import Path

import yaml
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def main() -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())["prepare"]
    frame = load_wine(as_frame=True).frame
    parts = train_test_split(
        frame, test_size=params["test_share"], random_state=params["seed"], stratify=frame["target"]
    )
    out = Path("data/prepare")
    out.mkdir(parents=True, exist_ok=True)
    for name, part in zip(("train", "test"), parts, strict=True):
        part.to_csv(out / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
