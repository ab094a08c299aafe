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
    """Whether to colour the output to a stream: on a terminal, or with FORCE_COLOR; never with NO_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    is_terminal: bool = getattr(stream, "isatty", lambda: False)()
    return is_terminal and os.environ.get("TERM") != "dumb"


def choose_colour(when: str | None) -> None:
    """Follow `--color`: for this process and those that it starts."""
    if when in ("always", "never"):
        os.environ["NO_COLOR"] = "1" if when == "never" else ""
        os.environ["FORCE_COLOR"] = "1" if when == "always" else ""


def misuse(message: str) -> None:
    """Report a wrong call of a command."""
    print(f"mlopsc: {message}", file=sys.stderr)
