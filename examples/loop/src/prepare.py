"""Split the shop's log into a part to learn from and a part to be judged by."""

import csv
import random
from pathlib import Path

import yaml

params = yaml.safe_load(Path("params.yaml").read_text())["prepare"]
with open("data/live.csv", newline="") as file:
    rows = list(csv.DictReader(file))
random.Random(params["seed"]).shuffle(rows)
cut = int(len(rows) * params["test_share"])
out = Path("data/prepare")
out.mkdir(parents=True, exist_ok=True)
for name, part in (("test", rows[:cut]), ("train", rows[cut:])):
    with open(out / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["spend", "visits", "label"])
        writer.writeheader()
        writer.writerows(part)
