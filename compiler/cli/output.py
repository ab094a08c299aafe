"""What the commands print."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..build import Compiled


def print_report(compiled: Compiled, style: str, verbose: bool = False) -> None:
    """Print the diagnostics: text to standard error, machine-readable formats to standard output."""
    from ..model.diagnostic import Report

    shown = Report([diagnostic for diagnostic in compiled.report if verbose or diagnostic.severity != "note"])
    if style == "text" and not shown.diagnostics:
        return
    from ..show.render import render

    stream = sys.stderr if style == "text" else sys.stdout
    if text := render(shown, compiled.document, style, colour(stream)):
        print(text, file=stream)


def colour(stream: object) -> bool:
    """Whether to colour the output to a stream: on a terminal, unless NO_COLOR is set."""
    is_terminal: bool = getattr(stream, "isatty", lambda: False)()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def misuse(message: str) -> None:
    """Report a wrong call of a command."""
    print(f"mlopsc: {message}", file=sys.stderr)
