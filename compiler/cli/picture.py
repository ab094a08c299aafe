"""The commands that draw the pipeline: `mlopsc graph`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from . import DONE, MISUSE, WRONG

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
