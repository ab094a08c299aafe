"""The graph as text: Mermaid and DOT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ...model.project import Project
from .data import groups_of

_COLORS = {"data": "#2f81f7", "train": "#bf5af2", "evaluate": "#2da44e", "monitor": "#d29922"}


MAX_TEXT, MAX_EDGES = 50_000, 500
"""What Mermaid draws. Source: `maxTextSize` and `maxEdges` in https://mermaid.js.org/config/schema-docs/config.html"""
_MAX_BANDS = 30
"""Parts that a graph is cut into that no other folding makes small enough: 435 edges at most."""


def mermaid(project: Project) -> str:
    """A Mermaid flow chart, as GitHub shows it in Markdown: folded as far as Mermaid's limits require."""
    for folded in _foldings(project):
        text = _flow_chart(project, folded)
        if len(text) <= MAX_TEXT and text.count(" --> ") <= MAX_EDGES:
            break
    return text


def _foldings(project: Project) -> Iterator[Mapping[str, str]]:
    """The label of the box that each stage is in: all stages on their own; then by groups; then in order, by ranks."""
    yield {name: name for name in project.stages}
    groups = groups_of(project)
    labels = {group: f"{label} ({groups.size(group)} stages)" for group, label in groups.labels.items()}
    for place in (-1, 0):
        yield {
            name: labels[members[place]] if (members := groups.members.get(name)) else name for name in project.stages
        }
    ranks = max(project.dag.layers.values(), default=0) + 1
    size = -(-ranks // _MAX_BANDS)
    parts = {name: project.dag.layers.get(name, 0) // size + 1 for name in project.stages}
    counts = Counter(parts.values())
    yield {name: f"step {part} ({counts[part]} stages)" for name, part in parts.items()}


def _flow_chart(project: Project, folded: Mapping[str, str]) -> str:
    kinds: dict[str, str] = {}
    for stage in project:
        kinds.setdefault(folded[stage.name], stage.kind)
    ids = {label: f"s{number}" for number, label in enumerate(kinds)}
    pairs = dict.fromkeys((folded[before], folded[after]) for before, after in project.dag.edges())
    lines = ["flowchart LR"]
    lines += [f'    {ids[label]}["{_entity(label)}"]:::{kind}' for label, kind in kinds.items()]
    lines += [f"    {ids[before]} --> {ids[after]}" for before, after in pairs if before != after]
    lines += [f"    classDef {kind} stroke:{color},stroke-width:2px" for kind, color in _COLORS.items()]
    return "\n".join(lines) + "\n"


def _entity(text: str) -> str:
    return "".join(char if char.isalnum() or char in " _.-@/()" else f"#{ord(char)};" for char in text)


def dot(project: Project) -> str:
    """A graph for Graphviz."""
    lines = ["digraph pipeline {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    lines += [f"  {_quoted(stage.name)} [color={_quoted(_COLORS[stage.kind])}];" for stage in project]
    lines += [f"  {_quoted(before)} -> {_quoted(after)};" for before, after in project.dag.edges()]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
