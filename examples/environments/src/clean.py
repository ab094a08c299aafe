"""Keep the measurements above a height."""

import argparse
import csv
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--above", type=float)
above = parser.parse_args().above
assert Path(sys.prefix).resolve() == Path("envs/clean/.venv").resolve(), "this is not the environment of the stage"
with open("data/tides.csv") as table, open("data/clean.csv", "w") as cleaned:
    for row in csv.DictReader(table):
        if float(row["height"]) > above:
            print(row["place"], row["height"], sep=",", file=cleaned)
