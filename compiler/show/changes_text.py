"""Changes of a pipeline as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .changes import FileChange, PackageChange, Reason, StageChange
from .render import plain

NOTHING = "no stage is affected"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two commits; ``files`` and ``packages`` are None where stages alone were asked for."""

    base: str
    stages: Sequence[StageChange]
    files: Sequence[FileChange] | None = None
    packages: Sequence[PackageChange] | None = None


def as_text(comparison: Comparison) -> str:
    """A paragraph for each stage, then packages and emitted files."""
    lines: list[str] = []
    for stage in comparison.stages:
        lines.append(f"{plain(stage.name)}: {_verdict(stage)}")
        lines += [f"  {plain(reason.text)}" for reason in stage.reasons]
    if not comparison.stages:
        lines.append(NOTHING)
    for package in comparison.packages or ():
        lines.append(f"package {plain(package.name)}: {_versions(package)}")
    for file in comparison.files or ():
        lines.append(f"{file.change:>8} {plain(file.path)}")
    return "\n".join(lines) + "\n"


def as_markdown(comparison: Comparison) -> str:
    """A table of stages, and lists of packages and emitted files, for a pull request."""
    lines = ["| stage | what happens | why |", "|---|---|---|"]
    for stage in comparison.stages:
        why = "<br>".join(_cell(reason.text) for reason in stage.reasons)
        lines.append(f"| {_cell(stage.name)} | {_verdict(stage)} | {why} |")
    if not comparison.stages:
        lines = [NOTHING.capitalize() + "."]
    if comparison.packages:
        lines += [
            "",
            "Packages:",
            "",
            *(f"- {_cell(item.name)}: {_cell(_versions(item))}" for item in comparison.packages),
        ]
    if comparison.files:
        lines += [
            "",
            "Files that the build writes:",
            "",
            *(f"- `{item.path}`: {item.change}" for item in comparison.files),
        ]
    return "\n".join(lines) + "\n"


def as_json(comparison: Comparison) -> str:
    """For programs."""
    data: dict[str, object] = {"version": 1, "base": comparison.base}
    data["stages"] = [_stage(stage) for stage in comparison.stages]
    if comparison.packages is not None:
        data["packages"] = [asdict(package) for package in comparison.packages]
    if comparison.files is not None:
        data["files"] = [asdict(file) for file in comparison.files]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _versions(package: PackageChange) -> str:
    return f"{package.before or 'none'} -> {package.after or 'none'}"


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
