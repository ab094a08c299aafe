"""What R, shell and Julia files read in: `source("x.R")`, `. x.sh`, `include("x.jl")`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ...model.diagnostic import Diagnostic
from ...model.source import Source, Span
from .python import Code

_COMMENT = re.compile(r"(?:^|(?<=[ \t;]))#[^\n]*", re.MULTILINE)
_R = re.compile(r"(?<![\w.])(?:sys\.)?source\s*\(\s*(?:file\s*=\s*)?(?=([^\n]*))")
_R_JOINED = re.compile(r"(?:here::)?(?:here|file\.path)\s*\(([^)]*)\)")
_R_TEXT = re.compile(r"""\s*["']([^"']+)["']""")
_SHELL = re.compile(r"(?:^|[;&|({]|\b(?:then|do|else)\b)[ \t]*(source|\.)[ \t]+([^\s;&|]+)", re.MULTILINE)
_SHELL_DIR = re.compile(r"\$\(\s*dirname\s+(?:--\s+)?\"?\$(?:0|\{0\}|\{BASH_SOURCE(?:\[0\])?\}|BASH_SOURCE)\"?\s*\)/")
_JULIA = re.compile(r"^[^#\n]*?\binclude\s*\(\s*(\"[^\"$]+\")?", re.MULTILINE)


def _unknown(source: Source, start: int, end: int) -> Diagnostic:
    return Diagnostic(
        "MLC311",
        f"it cannot be told which file `{source.text[start:end][:40]}` is",
        Span(source, start, end),
        help="add it to the stage's `deps`",
        severity="note",
    )


def _uncommented(text: str) -> str:
    """A text with blanks for its comments, so that all that is left stands where it stood."""
    return _COMMENT.sub(lambda match: " " * len(match.group()), text)


def _resolved(path: str, name: str, code: Code) -> Iterator[str]:
    """A named file: from the repository's root, where stages run, or else from beside the file that names it."""
    for candidate in (posixpath.normpath(name), posixpath.normpath(posixpath.join(posixpath.dirname(path), name))):
        if code.is_file(candidate):
            yield candidate
            return


def r_uses(path: str, source: Source, code: Code) -> Iterator[str | Diagnostic]:
    """The files that an R script sources."""
    for match in _R.finditer(_uncommented(source.text)):
        argument = match.group(1)
        if joined := _R_JOINED.match(argument):
            parts = re.findall(r"""["']([^"']+)["']""", joined.group(1))
            literal = len(parts) == joined.group(1).count(",") + 1
            name = "/".join(parts) if literal else None
        else:
            text = _R_TEXT.match(argument)
            name = text.group(1) if text else None
        if name is None:
            yield _unknown(source, match.start(1), match.end(1))
        else:
            yield from _resolved(path, name, code)


def shell_uses(path: str, source: Source, code: Code) -> Iterator[str | Diagnostic]:
    """The files that a shell script sources, and the repository files that it runs."""
    text = _SHELL_DIR.sub(lambda match: "./".ljust(len(match.group()), "/"), _uncommented(source.text))
    for match in _SHELL.finditer(text):
        name = match.group(2).strip("\"'")
        if "$" in name or "`" in name:
            yield _unknown(source, match.start(2), match.end(2))
        else:
            yield from _resolved(path, name, code)
    from .graph import named_files

    for line in text.split("\n"):
        for name in named_files(line, code.snapshot):
            yield from _resolved(path, name, code)


def julia_uses(path: str, source: Source, code: Code) -> Iterator[str | Diagnostic]:
    """The files that a Julia file includes; they are named from beside it."""
    for match in _JULIA.finditer(source.text):
        if match.group(1) is None:
            yield _unknown(source, match.start(), match.end())
            continue
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), match.group(1)[1:-1]))
        if code.is_file(beside):
            yield beside
