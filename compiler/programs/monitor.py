# Made by mlopsc: keeps what a monitor saw. It needs Python and Git alone, and gate.py and chart.py beside it.
"""monitor.py NAME METRICS... -- BOUND...: judge a monitor's metrics, and keep them.

Each run adds a line to monitoring/NAME.csv (time, commit, verdict, metrics) and writes monitoring/NAME.html: the table of the
bounds, and a line for each metric over time. On a breach it writes monitoring/NAME.breach.md, for an issue, and exits
with 1. `retrain` in the CSV is `yes` for a breach with a dvc.lock that no retraining has succeeded for: what starts a
retraining looks at that. monitoring/NAME.retrained lists those that have (`history.sh retrained`), so that a retraining that
failed is tried again, and a breach which retraining does not cure never starts another, whatever else is committed
meanwhile. A run of CI (GITHUB_RUN_ID, CI_PIPELINE_ID) that is started again writes over its own line.
"""

import csv
import datetime
import html
import io
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chart
import gate

FIXED = ("time", "commit", "verdict", "retrain", "lock", "run")


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


def columns(contents):
    """The numbers of the metrics files by the name of their column: the key, or FILE:KEY where two files have the key, or
    the history has a column of that name itself."""
    found = [(path, key, value) for path, data in contents.items() for key, value in numbers(data)]
    keys = [key for _, key, _ in found]
    return {f"{path}:{key}" if key in FIXED or keys.count(key) > 1 else key: value for path, key, value in found}


def bounds_of(metric, bounds):
    """The bounds of a column. A bound may name its file where the column does not, and the other way round."""
    key = metric.rpartition(":")[2]
    return [
        (sign, limit)
        for name, sign, limit in bounds
        if name == metric or ((":" in name) != (":" in metric) and name.rpartition(":")[2] == key)
    ]


def read(path):
    """The lines of the history, oldest first."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def retrained(name):
    """The hashes of each dvc.lock that a retraining has succeeded for."""
    path = f"monitoring/{name}.retrained"
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return {line.split()[0] for line in file if line.strip()}


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


def value(text):
    """A cell of the history as a number that can be drawn, or None."""
    try:
        return float(text) if math.isfinite(float(text)) else None
    except (TypeError, ValueError):
        return None


def over_time(metric, rows, bounds):
    """One metric over time, with its bounds."""
    drawn = [(index, value(row.get(metric)), row) for index, row in enumerate(rows)]
    drawn = [(index, y, row) for index, y, row in drawn if y is not None]
    if not drawn:
        return ""
    own = bounds_of(metric, bounds)
    points = [
        (
            index,
            y,
            f"{row['time']}, commit {row['commit']}: {y:g}, {row['verdict']}",
            not all(gate.OPERATORS[sign](y, float(limit)) for sign, limit in own),
        )
        for index, y, row in drawn
    ]
    marks = [(index, row["time"][:10]) for index, _, row in drawn[:: -(-len(drawn) // 5)]]
    limits = [(f"{sign} {limit}", float(limit)) for sign, limit in own]
    y = [y for _, y, _ in drawn]
    title = f"<h2>{html.escape(metric)}: {y[-1]:g}</h2><p>between {min(y):g} and {max(y):g} in {len(y)} runs</p>"
    return f"<div>{title}{chart.chart(points, metric, joined=True, limits=limits, marks=marks)}</div>"


def page(name, judged, bounds, rows):
    """The report: the bounds, and each metric over time; those that have bounds come first."""
    known = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in FIXED]
    known.sort(key=lambda key: not bounds_of(key, bounds))
    bad = [index for index, (_, holds) in enumerate(judged, 1) if not holds]
    head = f"<p>{rows[-1]['time'].replace('T', ' ').replace('Z', ' UTC')}, commit {rows[-1]['commit']}</p>"
    table = chart.rows([("metric", "bound", "value", "verdict"), *(row for row, _ in judged)], bad) if judged else ""
    body = f"{head}{table}<div class='charts'>{''.join(over_time(metric, rows, bounds) for metric in known)}</div>"
    return chart.page(f"Monitor {name}", body, rows[-1]["verdict"], bool(bad))


def main(arguments):
    name, arguments = arguments[0], arguments[1:]
    cut = arguments.index("--")
    bounds = arguments[cut + 1 :]
    try:
        contents = {path: gate.load(path) for path in arguments[:cut]}
        judged = [gate.judge(bound, contents) for bound in bounds]
    except gate.Unreadable as error:
        print(f"monitor: {error}", file=sys.stderr)
        return 2
    table = gate.table([row for row, _ in judged])
    breached = not all(holds for _, holds in judged)
    history = f"monitoring/{name}.csv"
    rows = read(history)
    commit = (gate.run("git", "rev-parse", "--short=12", "HEAD") or "unknown").strip()
    lock = (gate.run("git", "rev-parse", "--quiet", "--verify", "--short=12", "HEAD:./dvc.lock") or commit).strip()
    this_run = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_PIPELINE_ID") or ""
    rows = [row for row in rows if not this_run or row.get("run") != this_run]
    row = {
        "time": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),  # noqa: UP017
        "commit": commit,
        "verdict": "breach" if breached else "fine",
        "retrain": "yes" if breached and lock not in retrained(name) else "no",
        "lock": lock,
        "run": this_run,
    }
    row.update((key, f"{value:.6g}") for key, value in columns(contents).items())
    rows.append(row)
    write(history, as_csv(rows))
    write(
        f"monitoring/{name}.html",
        page(name, judged, [gate.BOUND.fullmatch(each.strip()).groups() for each in bounds], rows),
    )
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
