"""Fit a random forest on the training part."""

from pathlib import Path

import joblib
import pandas as pd
import yaml
from sklearn.ensemble import RandomForestClassifier


def main() -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())["train"]
    frame = pd.read_csv("data/featurize/train.csv")
    model = RandomForestClassifier(
        n_estimators=params["trees"], max_depth=params["max_depth"], random_state=params["seed"]
    )
    model.fit(frame.drop(columns="target"), frame["target"])
    out = Path("models/train")
    out.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, out / "model.joblib")


if __name__ == "__main__":
    main()
