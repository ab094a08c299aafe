"""The manual page, made from the parser: `mlopsc help --man`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from ... import __version__


def manual(parser: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]) -> str:
    """The page in the macros of man(7)."""
    lines = [
        f'.TH MLOPSC 1 "" "mlopsc {__version__}" "User Commands"',
        ".SH NAME",
        f"mlopsc \\- {_escaped(_lowered(parser.description or ''))}",
        ".SH SYNOPSIS",
        ".B mlopsc",
        '.RI [ options ] " " command " " [ arguments ]',
        ".SH OPTIONS",
        *_arguments(parser),
        ".SH COMMANDS",
    ]
    for name, command in commands.items():
        usage = " ".join(command.format_usage().removeprefix("usage: ").split())
        lines += [f".SS {_escaped(name)}", f".B {_escaped(usage)}", ".PP", _escaped(command.description or "")]
        lines += _arguments(command)
    lines += [".SH EXIT STATUS"]
    for status, meaning in (("0", "done"), ("1", "the spec is wrong or files are stale"), ("2", "misuse")):
        lines += [".TP", f".B {status}", meaning]
    return "\n".join(lines) + "\n"


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else None
        value = str(action.metavar or choices or action.dest.upper())
        names = ", ".join(action.option_strings) or value
        if action.option_strings and action.nargs != 0:
            names += f" {value}"
        yield from (".TP", f".B {_escaped(names)}", _escaped(action.help or "") or "\\&")


def _escaped(text: str) -> str:
    """A text on one line, in which roff finds no requests and hyphens stay hyphens that one can type."""
    line = " ".join(text.replace("\\", "\\e").replace("-", "\\-").split())
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
