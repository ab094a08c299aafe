"""Fit the model."""

import json
from pathlib import Path

import yaml
from shop.features import read
from shop.model import fit

shrink = yaml.safe_load(Path("params.yaml").read_text())["train"]["shrink"]
out = Path("models/train")
out.mkdir(parents=True, exist_ok=True)
(out / "centres.json").write_text(json.dumps(fit(read("data/prepare/train.csv"), shrink), indent=2) + "\n")
