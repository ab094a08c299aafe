# Made by mlopsc: keeps what a monitor saw. It needs Python and Git alone, and gate.py beside it.
"""monitor.py NAME METRICS... -- BOUND...: judge a monitor's metrics, and keep them.

Each run adds a line to monitoring/NAME.csv (time, commit, verdict, metrics) and writes monitoring/NAME.html: the table of the
bounds, and a line for each metric over time. On a breach it writes monitoring/NAME.breach.md, for an issue, and exits
with 1. `retrain` in the CSV is `yes` where this is the first breach that was seen at this commit: what starts a
retraining looks at that, so that a breach which retraining does not cure never starts another.
"""

import csv
import datetime
import html
import io
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gate

WIDTH, HEIGHT = 640, 160


def numbers(data, prefix=""):
    """All numbers of a metrics file, by dotted key."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        name = f"{prefix}{key}"
        if isinstance(value, (dict, list)):
            yield from numbers(value, name + ".")
        elif isinstance(value, (int, float)):
            yield name, value
        elif isinstance(value, str):
            try:
                yield name, float(value)
            except ValueError:
                continue


def read(path):
    """The lines of the history, oldest first."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, text):
    """Write a file whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(path + ".new", path)


def as_csv(rows):
    """The history as text; a metric that came later has its column at the end."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def chart(name, points):
    """One metric over time, as SVG."""
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    step = WIDTH / max(1, len(points) - 1)
    places = [(index * step, HEIGHT - (value - low) / span * HEIGHT) for index, value in enumerate(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    return (
        f"<h3>{html.escape(name)}: {points[-1]:g}</h3><p>between {low:g} and {high:g} in {len(points)} runs</p>"
        f'<svg viewBox="-5 -5 {WIDTH + 10} {HEIGHT + 10}" width="{WIDTH}"><polyline points="{path}"/>{dots}</svg>'
    )


def page(name, verdict, table, rows):
    """The report."""
    fixed = ("time", "commit", "verdict", "retrain")
    metrics = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in fixed]
    charts = []
    for metric in metrics:
        points = [float(row[metric]) for row in rows if row.get(metric)]
        charts += [chart(metric, points)] if points else []
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(name)}: {verdict}</title>'
        "<style>body{font:15px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
        "polyline{fill:none;stroke:#36c;stroke-width:2}circle{fill:#36c}</style>"
        f"<h1>{html.escape(name)}: {verdict}</h1><p>{html.escape(rows[-1]['time'])}, commit {rows[-1]['commit']}</p>"
        f"<pre>{html.escape(table)}</pre>{''.join(charts)}</html>\n"
    )


def main(arguments):
    name, arguments = arguments[0], arguments[1:]
    cut = arguments.index("--")
    try:
        contents = {path: gate.load(path) for path in arguments[:cut]}
        judged = [gate.judge(bound, contents) for bound in arguments[cut + 1 :]]
    except gate.Unreadable as error:
        print(f"monitor: {error}", file=sys.stderr)
        return 2
    table = gate.table([row for row, _ in judged])
    breached = not all(holds for _, holds in judged)
    history = f"monitoring/{name}.csv"
    rows = read(history)
    commit = (gate.run("git", "rev-parse", "--short=12", "HEAD") or "unknown").strip()
    seen = any(row["commit"] == commit and row["verdict"] == "breach" for row in rows)
    row = {
        "time": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit,
        "verdict": "breach" if breached else "fine",
        "retrain": "yes" if breached and not seen else "no",
    }
    for data in contents.values():
        row.update((key, f"{value:.6g}") for key, value in numbers(data))
    rows.append(row)
    write(history, as_csv(rows))
    write(f"monitoring/{name}.html", page(name, row["verdict"], table, rows))
    print(table, end="")
    breach = f"monitoring/{name}.breach.md"
    if breached:
        write(breach, f"The monitor {name} saw at {row['time']}, at commit {commit}:\n\n{table}")
        print(f"monitor: {name} is breached; see monitoring/{name}.html", file=sys.stderr)
        return 1
    if os.path.exists(breach):
        os.remove(breach)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
