"""The graph as text: Mermaid and DOT."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.project import Project

_COLORS = {"data": "#2f81f7", "train": "#bf5af2", "evaluate": "#2da44e", "monitor": "#d29922"}


def edges(project: Project) -> Iterator[tuple[str, str]]:
    """Pairs of a stage and one that reads its outs."""
    return project.dag.edges()


def mermaid(project: Project) -> str:
    """A Mermaid flow chart, as GitHub shows it in Markdown."""
    ids = {name: f"s{number}" for number, name in enumerate(project.stages)}
    lines = ["flowchart LR"]
    lines += [f'    {ids[stage.name]}["{_entity(stage.name)}"]:::{stage.kind}' for stage in project]
    lines += [f"    {ids[before]} --> {ids[after]}" for before, after in edges(project)]
    lines += [f"    classDef {kind} stroke:{color},stroke-width:2px" for kind, color in _COLORS.items()]
    return "\n".join(lines) + "\n"


def _entity(text: str) -> str:
    return "".join(char if char.isalnum() or char in " _.-@/" else f"#{ord(char)};" for char in text)


def dot(project: Project) -> str:
    """A graph for Graphviz."""
    lines = ["digraph pipeline {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    lines += [f"  {_quoted(stage.name)} [color={_quoted(_COLORS[stage.kind])}];" for stage in project]
    lines += [f"  {_quoted(before)} -> {_quoted(after)};" for before, after in edges(project)]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
