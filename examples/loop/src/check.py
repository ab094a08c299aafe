"""Fail where the shop's log is not as it should be."""

import csv
import sys

with open(sys.argv[1], newline="") as file:
    rows = list(csv.DictReader(file))
if len(rows) < 50:
    sys.exit(f"{sys.argv[1]}: {len(rows)} rows; there are at least 50")
for number, row in enumerate(rows, 2):
    if set(row) != {"spend", "visits", "label"} or float(row["spend"]) < 0 or float(row["visits"]) < 0:
        sys.exit(f"{sys.argv[1]}:{number}: not a row of spend, visits and label: {row}")
