# Made by mlopsc: compares experiments. It needs Python and DVC alone, and chart.py beside it.
"""compare.py NAME PAGE PARAM...: the newest experiments of that name at this commit, as a table, and as plots in PAGE.

The table has a line for each run and a column for each parameter that was set and each number that differs; PAGE (HTML)
has beside it a plot of each such number over each parameter. Exit status: 0, or 1 where a run failed or there is none.
"""

import csv
import html
import io
import math
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chart


def number(text):
    """A cell as a number that can be drawn, or None."""
    try:
        return float(text) if math.isfinite(float(text)) else None
    except ValueError:
        return None


def experiments(name, parameters):
    """The runs of the newest batch, as DVC shows them: a dict for each, and the names of those that failed."""
    shown = subprocess.run(["dvc", "exp", "show", "--csv", "--hide-workspace"], check=True, stdout=subprocess.PIPE)
    batch = re.compile(re.escape(name) + r"-(\d{14})(-\d+)?")
    rows = [
        row for row in csv.DictReader(io.StringIO(shown.stdout.decode("utf-8"))) if batch.fullmatch(row["Experiment"])
    ]
    newest = max((batch.fullmatch(row["Experiment"]).group(1) for row in rows), default="")
    rows = [row for row in rows if batch.fullmatch(row["Experiment"]).group(1) == newest]
    failed = [row["Experiment"] for row in rows if row["State"] == "Failed"]
    numeric = [key for key in (rows or [{}])[0] if any(number(row[key]) is not None for row in rows)]
    varied = [key for key in numeric if len({row[key] for row in rows}) > 1]
    kept = ["Experiment", *parameters, *(key for key in varied if key not in (*parameters, "rev", "parent"))]
    return [{key: row.get(key, "") for key in kept} for row in rows], failed


def table(rows):
    """The runs as a Markdown table with even columns."""
    cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]) + "\n"


def plot(rows, across, up):
    """One metric over one parameter; what is no number has its place by the order in which it is there."""
    rows = [row for row in rows if row[across] != "" and number(row[up]) is not None]
    names = list(dict.fromkeys(row[across] for row in rows))
    numeric = all(number(name) is not None for name in names)
    points = [
        (
            number(row[across]) if numeric else names.index(row[across]),
            number(row[up]),
            ", ".join(f"{key}: {cell}" for key, cell in row.items()),
            False,
        )
        for row in rows
    ]
    few = len(names) <= 8
    marks = (
        [(number(name) if numeric else index, name[:16]) for index, name in enumerate(names)]
        if few or not numeric
        else None
    )
    title = f"<h2>{html.escape(up)} by {html.escape(across)}</h2>"
    return f"<div>{title}{chart.chart(points, up, marks=marks)}</div>"


def page(name, rows, parameters):
    """The report."""
    metrics = [key for key in rows[0] if key not in ("Experiment", *parameters)]
    metrics = [key for key in metrics if any(number(row[key]) is not None for row in rows)]
    plots = [plot(rows, across, up) for up in metrics for across in parameters if across in rows[0]]
    table = chart.rows([list(rows[0]), *(row.values() for row in rows)])
    return chart.page(
        f"Experiments of {name}", f"{table}<div class='charts'>{''.join(plots)}</div>", f"{len(rows)} runs"
    )


def main(arguments):
    name, path, *parameters = arguments
    rows, failed = experiments(name, parameters)
    if not rows:
        print(f"compare: there is no experiment of {name} at this commit", file=sys.stderr)
        return 1
    print(table(rows), end="")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(page(name, rows, parameters))
    print(f"plots: {path}")
    if failed:
        print(f"compare: these failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
