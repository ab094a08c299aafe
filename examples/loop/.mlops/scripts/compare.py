# Made by mlopsc: compares experiments. It needs Python and DVC alone.
"""compare.py NAME PAGE PARAM...: the newest experiments of that name at this commit, as a table, and as plots in PAGE.

The table has a line for each run and a column for each parameter that was set and each number that differs; PAGE (HTML)
has beside it a plot of each such number over each parameter. Exit status: 0, or 1 where a run failed or there is none.
"""

import csv
import html
import io
import os
import re
import subprocess
import sys

SIZE, EDGE = 260, 34


def number(text):
    """A cell as a number, or None."""
    try:
        return float(text)
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
    """One metric over one parameter, as SVG."""
    points = [(number(row[across]), number(row[up]), row["Experiment"]) for row in rows]
    points = [point for point in points if point[0] is not None and point[1] is not None]
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    wide, high = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    dots = "".join(
        f'<circle cx="{EDGE + (x - min(xs)) / wide * SIZE:.1f}" cy="{EDGE + SIZE - (y - min(ys)) / high * SIZE:.1f}" r="4">'
        f"<title>{html.escape(f'{name}: {across} {x:g}, {up} {y:g}')}</title></circle>"
        for x, y, name in points
    )
    whole = SIZE + 2 * EDGE
    return (
        f'<svg viewBox="0 0 {whole} {whole}" width="{whole}"><rect x="{EDGE}" y="{EDGE}" width="{SIZE}" height="{SIZE}"/>'
        f'{dots}<text x="{EDGE}" y="{whole - 12}">{html.escape(across)}: {min(xs):g} to {max(xs):g}</text>'
        f'<text x="{EDGE}" y="20">{html.escape(up)}: {min(ys):g} to {max(ys):g}</text></svg>'
    )


def page(name, rows, parameters):
    """The report."""
    numeric = [key for key in rows[0] if key != "Experiment" and any(number(row[key]) is not None for row in rows)]
    plots = [
        plot(rows, across, up)
        for up in numeric
        if up not in parameters
        for across in numeric
        if across in parameters and any(number(row[across]) is not None and number(row[up]) is not None for row in rows)
    ]
    head = "".join(f"<th>{html.escape(key)}</th>" for key in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row.values()) + "</tr>" for row in rows)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(name)}</title>'
        "<style>body{font:15px/1.5 sans-serif;margin:2rem}td,th{padding:.1rem .8rem;text-align:left}"
        "rect{fill:none;stroke:#ccc}circle{fill:#36c}text{font-size:12px}</style>"
        f"<h1>Experiments of {html.escape(name)}</h1><table><tr>{head}</tr>{body}</table>{''.join(plots)}</html>\n"
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
