"""What a run leaves for people and for the gate: a Markdown report, and the metrics as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. Numbers are rounded to four digits; a pipe in a cell does not break it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell(each) for each in line) + " |\n" for line in lines)


def cell(value: object) -> str:
    """One cell of a table."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def write(path: Path, title: str, parts: Mapping[str, str]) -> None:
    """Write a report: a title, and a heading for each part."""
    text = f"# {title}\n" + "".join(f"\n## {heading}\n\n{body}" for heading, body in parts.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """Write metrics as DVC reads them, rounded so that a rerun elsewhere gives the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({name: round(value, 4) for name, value in metrics.items()}, indent=2) + "\n")
