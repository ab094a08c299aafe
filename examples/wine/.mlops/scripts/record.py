# Made by mlopsc: what the runner did, for the report of a pull request. It needs Python alone.
"""record.py FILE: print what `run.py --json FILE` wrote as Markdown; nothing if there is no such file.

The table has the stages that ran, were restored or failed. Names of stages and reasons come from the project: what would be
Markdown in them is text.
"""

import json
import re
import sys

ROWS = 50
"""How many stages the table lists: a comment has a limited length."""
DONE = ("ran", "restored", "pulled", "committed", "unchanged")


def span(seconds):
    """A duration for people: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def text(value):
    """A text for a cell of a table."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&@])", r"\\\1", " ".join(str(value).split()))


def markdown(record):
    """The lines of the report."""
    counts = record["counts"]
    order = [status for status in DONE if status in counts] + [status for status in counts if status not in DONE]
    done = ", ".join(f"{counts[status]} {status}" for status in order) or "no stages"
    saved = record.get("saved_seconds", 0)
    time = f" in {span(record['seconds'])}" if "seconds" in record else ""
    yield "## Stages"
    yield ""
    yield f"{done}{time}" + (f"; {span(saved)} saved by results that were there" if saved >= 1 else "")
    yield ""
    rows = [outcome for outcome in record["stages"] if outcome["status"] not in ("unchanged", "not started")]
    if not rows:
        return
    yield "| stage | | time | why |"
    yield "|---|---|---|---|"
    for outcome in rows[:ROWS]:
        ran = outcome["status"] not in DONE or outcome["status"] == "ran"
        took = span(outcome["seconds"]) if ran else ""
        if outcome["saved_seconds"] >= 1:
            took = f"{span(outcome['saved_seconds'])} saved"
        yield f"| {text(outcome['stage'])} | {outcome['status']} | {took} | {text(outcome['reason'])} |"
    if len(rows) > ROWS:
        yield f"| and {len(rows) - ROWS} more | | | |"
    yield ""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            record = json.load(file)
    except FileNotFoundError:
        return
    print("\n".join(markdown(record)))


if __name__ == "__main__":
    main()
