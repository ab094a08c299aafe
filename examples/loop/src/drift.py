"""How far the live data are from what the model has learnt from, in steps of the features' scales."""

import json
import math
from pathlib import Path

from shop.features import mean, read

learnt, live = (mean([each for each, _ in read(path)]) for path in ("data/prepare/train.csv", "data/live.csv"))
Path("metrics").mkdir(exist_ok=True)
Path("metrics/drift.json").write_text(json.dumps({"shift": round(math.dist(learnt, live), 4)}) + "\n")
