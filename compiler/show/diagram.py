"""The pipeline as a graph: Mermaid, DOT, or a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..model.project import Project, Stage

_COLORS = {"data": "#2f81f7", "train": "#bf5af2", "evaluate": "#2da44e", "monitor": "#d29922"}
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 190, 44, 60, 22


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


def html(project: Project) -> str:
    """A page with the graph as SVG, arranged by layers, and the commands, deps and outs of each stage below it."""
    rows: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for stage in project:
        depth = project.dag.layers.get(stage.name, 0)
        row = rows.get(depth, 0)
        rows[depth] = row + 1
        places[stage.name] = (20 + depth * (_WIDTH + _GAP_X), 20 + row * (_HEIGHT + _GAP_Y))
    width = 40 + (max(rows, default=0) + 1) * (_WIDTH + _GAP_X) - _GAP_X
    height = 40 + max(rows.values(), default=1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    lines = [_line(places[before], places[after]) for before, after in edges(project) if before in places]
    boxes = [_box(stage, *places[stage.name]) for stage in project]
    details = "".join(_details(stage) for stage in project)
    name = escape(project.name)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{name}</title>\n<style>{_STYLE}</style>\n'
        f'<h1>{name}</h1>\n<div class="graph"><svg width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="stages and the order between them">\n'
        + "\n".join([*lines, *boxes])
        + f"\n</svg></div>\n{details}</html>\n"
    )


_STYLE = (
    ":root{color-scheme:light dark;--fg:#1f2328;--bg:#fff;--line:#8c959f;--box:#f6f8fa}"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--line:#6e7681;--box:#161b22}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:2rem}"
    ".graph{overflow:auto}svg text{fill:var(--fg);font:14px system-ui,sans-serif}"
    "svg rect{fill:var(--box);stroke-width:2}svg path{fill:none;stroke:var(--line);stroke-width:1.5}"
    "svg a:hover rect{stroke-width:4}section{border-top:1px solid var(--line);padding:.5rem 0}"
    "section:target{background:var(--box)}h2{font-size:1.05rem;margin:.3rem 0}code{white-space:pre-wrap}"
    "dl{display:grid;grid-template-columns:5rem 1fr;margin:0}dd{margin:0}"
)


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
    middle = (x1 + x2) // 2
    return f'<path d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"/>'


def _box(stage: Stage, x: int, y: int) -> str:
    shown = stage.name if len(stage.name) <= 22 else stage.name[:21] + "…"
    title = f"{stage.name}\n" + "\n".join(command.text for command in stage.commands)
    return (
        f'<a href="#{escape(_anchor(stage))}"><title>{escape(title)}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="8" stroke="{_COLORS[stage.kind]}"/>'
        f'<text x="{x + 12}" y="{y + 27}">{escape(shown)}</text></a>'
    )


def _anchor(stage: Stage) -> str:
    return "stage-" + "".join(char if char.isalnum() else f"-{ord(char):x}-" for char in stage.name)


def _details(stage: Stage) -> str:
    rows = [("runs", command.text) for command in stage.commands]
    rows += [("reads", dep) for dep in stage.deps]
    rows += [("params", f"{param.file}: {param.key or 'all'}") for param in stage.params]
    rows += [("writes", out.path) for out in stage.outs]
    items = "".join(f"<dt>{word}</dt><dd><code>{escape(text)}</code></dd>" for word, text in rows)
    about = f" <small>{escape(stage.desc)}</small>" if stage.desc else ""
    return f'<section id="{escape(_anchor(stage))}"><h2>{escape(stage.name)}{about}</h2><dl>{items}</dl></section>\n'
