"""Judge the model by the rows it has not seen."""

import json
from pathlib import Path

from shop.features import read
from shop.model import load, predict

rows, centres = read("data/prepare/test.csv"), load("models/train")
right = sum(predict(centres, each) == label for each, label in rows)
Path("metrics").mkdir(exist_ok=True)
Path("metrics/evaluate.json").write_text(json.dumps({"accuracy": round(right / len(rows), 4)}) + "\n")
