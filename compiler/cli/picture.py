"""The commands that draw the pipeline: `mlopsc graph`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from . import DONE, WRONG

AddCommand = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add(add_command: AddCommand) -> None:
    """Add the commands to the parser."""
    parser = add_command("graph", graph, "Draw the pipeline, and how things stand with each stage.")
    parser.add_argument(
        "--format",
        choices=["mermaid", "dot", "html", "json"],
        default="mermaid",
        help="mermaid for Markdown, dot for Graphviz, html for one page that needs no network, json for programs",
    )


def graph(arguments: argparse.Namespace) -> int:
    """Draw the pipeline."""
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..show.graph.text import dot, mermaid
    from .commands import root_of
    from .output import print_report

    disk = Disk(root_of(arguments))
    compiled = compile_spec(disk)
    if compiled.project is None:
        print_report(compiled, "text")
        return WRONG
    if arguments.format in ("mermaid", "dot"):
        print({"mermaid": mermaid, "dot": dot}[arguments.format](compiled.project), end="")
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
