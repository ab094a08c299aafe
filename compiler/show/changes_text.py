"""Changes of a pipeline as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from .changes import FileChange, Reason, StageChange
from .render import plain

NOTHING = "no stage is affected"


def as_text(stages: Sequence[StageChange], files: Sequence[FileChange] | None = None) -> str:
    """A paragraph for each stage, then the emitted files; without ``files``, stages alone."""
    lines: list[str] = []
    for stage in stages:
        lines.append(f"{plain(stage.name)}: {_verdict(stage)}")
        lines += [f"  {plain(reason.text)}" for reason in stage.reasons]
    if not stages:
        lines.append(NOTHING)
    for file in files or ():
        lines.append(f"{file.change:>8} {plain(file.path)}")
    return "\n".join(lines) + "\n"


def as_markdown(stages: Sequence[StageChange], files: Sequence[FileChange] | None = None) -> str:
    """A table of stages, and a list of emitted files, for a pull request."""
    lines = ["| stage | what happens | why |", "|---|---|---|"]
    for stage in stages:
        why = "<br>".join(_cell(reason.text) for reason in stage.reasons)
        lines.append(f"| {_cell(stage.name)} | {_verdict(stage)} | {why} |")
    if not stages:
        lines = [NOTHING.capitalize() + "."]
    if files:
        lines += ["", "Files that the build writes:", "", *(f"- `{file.path}`: {file.change}" for file in files)]
    return "\n".join(lines) + "\n"


def as_json(base: str, stages: Sequence[StageChange], files: Sequence[FileChange] | None = None) -> str:
    """For programs."""
    data: dict[str, object] = {"version": 1, "base": base, "stages": [_stage(stage) for stage in stages]}
    if files is not None:
        data["files"] = [asdict(file) for file in files]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _stage(stage: StageChange) -> dict[str, object]:
    reasons = [_reason(reason) for reason in stage.reasons]
    return {"stage": stage.name, "change": stage.change, "runs": stage.runs, "reasons": reasons}


def _reason(reason: Reason) -> dict[str, object]:
    return {name: value for name, value in asdict(reason).items() if value is not None}


def _verdict(stage: StageChange) -> str:
    if stage.change == "removed":
        return "removed"
    added = "added, " if stage.change == "added" else ""
    if stage.runs:
        return f"{added}runs again" if not added else "added, runs"
    return f"{added}nothing to run"


def _cell(text: str) -> str:
    """A text in a cell of a Markdown table."""
    escaped = "".join(f"\\{char}" if char in "|*_<>[]\\" else char for char in plain(text))
    return escaped.replace("\n", " ")
