"""Measure the model on the part that it has not seen."""

import json
from pathlib import Path

import joblib
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score


def main() -> None:
    frame = pd.read_csv("data/featurize/test.csv")
    model = joblib.load("models/train/model.joblib")
    predicted = model.predict(frame.drop(columns="target"))
    metrics = {
        "accuracy": round(float(accuracy_score(frame["target"], predicted)), 4),
        "f1": round(float(f1_score(frame["target"], predicted, average="macro")), 4),
    }
    for folder in ("metrics", "plots"):
        Path(folder).mkdir(exist_ok=True)
    Path("metrics/evaluate.json").write_text(json.dumps(metrics, indent=2) + "\n")
    table = pd.DataFrame({"actual": frame["target"], "predicted": predicted})
    table.to_csv("plots/confusion.csv", index=False)


if __name__ == "__main__":
    main()
