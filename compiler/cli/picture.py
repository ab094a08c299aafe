"""The commands that draw the pipeline: `mlopsc graph`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from . import DONE, MISUSE, WRONG

REPORT = "dvc_plots/report.html"

AddCommand = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add(add_command: AddCommand) -> None:
    """Add the commands to the parser."""
    parser = add_command("graph", graph, "Draw the pipeline, and how things stand with each stage.")
    parser.add_argument(
        "--format",
        choices=["mermaid", "dot", "html", "json"],
        help="mermaid (default) for Markdown, dot for Graphviz, html for one page that needs no network, json for programs",
    )
    parser.add_argument(
        "--watch", action="store_true", help="serve the page on this machine alone; it follows edits and runs"
    )
    parser.add_argument("--port", type=_port, default=0, metavar="PORT", help="with --watch (default: a free one)")
    report_parser = add_command(
        "report", report, "Write one page: the graph, metrics and their change, gates, plots by DVC, and what ran."
    )
    report_parser.add_argument(
        "base",
        nargs="?",
        metavar="BASE",
        help="a commit, branch or tag to compare with (default: where this branch left the base branch)",
    )
    report_parser.add_argument(
        "-o", "--output", metavar="FILE", default=REPORT, help=f"the page (default: {REPORT}, beside the plots by DVC)"
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError(text)
    return port


def graph(arguments: argparse.Namespace) -> int:
    """Draw the pipeline."""
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..show.graph.text import dot, mermaid
    from .commands import root_of
    from .output import misuse, print_report

    if arguments.watch:
        if arguments.format not in (None, "html"):
            misuse(f"`--watch` serves a page: leave out `--format {arguments.format}`")
            return MISUSE
        from .live import serve

        return serve(root_of(arguments), arguments.port)
    disk = Disk(root_of(arguments))
    compiled = compile_spec(disk)
    if compiled.project is None:
        print_report(compiled, "text")
        return WRONG
    if arguments.format in (None, "mermaid", "dot"):
        draw = dot if arguments.format == "dot" else mermaid
        print(draw(compiled.project), end="")
        return DONE
    from ..show.graph.picture import picture

    data = picture(compiled, disk)
    if arguments.format == "json":
        import json

        print(json.dumps(data, indent=2))
    else:
        from ..show.graph.page import html

        print(html(data), end="")
    return DONE


def report(arguments: argparse.Namespace) -> int:
    """Write the report."""
    import os

    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..read.git import GitError, base_commit
    from ..show.graph.page import html
    from ..show.graph.picture import picture
    from ..show.graph.runs import last_run
    from ..show.report import body, metrics_of, render_plots
    from .commands import root_of
    from .output import misuse, print_report

    root = root_of(arguments)
    disk = Disk(root)
    compiled = compile_spec(disk)
    if compiled.project is None:
        print_report(compiled, "text")
        return WRONG
    try:
        base = base_commit(root, arguments.base)
    except GitError as error:
        misuse(str(error))
        return MISUSE
    taken = compiled.inputs | {file.path for file in compiled.files} | set(compiled.project.artifacts)
    path = os.path.join(root, arguments.output)
    if os.path.relpath(os.path.realpath(path), os.path.realpath(root)) in taken:
        misuse(f"`{arguments.output}` is an input or an output of the pipeline: choose another file")
        return MISUSE
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    uses_dvc = compiled.project.uses_dvc
    has_plots = uses_dvc and arguments.output == REPORT and render_plots(root, base, os.path.dirname(REPORT))
    metrics = metrics_of(root, base) if uses_dvc else None
    data = picture(compiled, disk)
    states = {stage["name"]: stage["state"] for stage in data["stages"]}
    content = body(compiled.project, disk, states, last_run(disk), metrics, arguments.base or base[:12], has_plots)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(html(data, body=content))
    print(f"report: {os.path.relpath(path)}")
    return DONE
