"""The argument parser."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches

from ... import __version__
from . import DONE, MISUSE, adopting, completion, picture, reach, scaffold, tracing
from . import commands as act
from .manual import manual
from .output import choose_colour, misuse

DESCRIPTION = "The compiler for the MLOps stack: one mlops.yaml to dvc.yaml, Makefile, CI and more."
EPILOG = """\
exit codes: 0 done, 1 the spec is wrong or files are stale, 2 misuse
to start: `mlopsc new NAME`; or write mlops.yaml, then run `mlopsc check`, `mlopsc build`, `make pipeline`"""

COLOURS = ("auto", "always", "never")
PYTHON = "the Python that has DVC, such as .venv/bin/python (default: that of the `dvc` on PATH, or the one of mlopsc)"

Command = Callable[[argparse.Namespace], int]


def run(words: Sequence[str]) -> int:
    """Parse the words and run the command."""
    parser, commands = _parser()
    if (wrong := _unknown_command(words, commands)) is not None:
        misuse(wrong)
        return MISUSE
    try:
        arguments, unknown = parser.parse_known_args(words)
    except SystemExit as left:  # argparse printed the reason; 2 is misuse, 0 is help
        return left.code if isinstance(left.code, int) else MISUSE
    if unknown:
        misuse(_unknown_words(unknown, commands.get(next(filter(commands.get, words), "")) or parser))
        return MISUSE
    choose_colour(arguments.color)
    if not hasattr(arguments, "act"):
        parser.print_help()
        return MISUSE
    if arguments.root is not None and not os.path.isdir(arguments.root):
        print(f"mlopsc: `{arguments.root}` is not a folder", file=sys.stderr)
        return MISUSE
    command: Command = arguments.act
    return command(arguments)


def _unknown_command(words: Sequence[str], commands: Mapping[str, argparse.ArgumentParser]) -> str | None:
    """What is wrong with the first word that is neither an option nor the value of one, if it is no command."""
    following = iter(words)
    for word in following:
        if word in ("-C", "--color"):
            next(following, None)
        elif not word.startswith("-"):
            return None if word in commands else f"there is no command `{word}`{_similar(word, commands)}"
    return None


def _unknown_words(words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """What is wrong with words that a parser does not take."""
    word = words[0].partition("=")[0]
    kind = "option" if word.startswith("-") else "argument"
    options = re.findall(r"(?<![\w-])--?\w[\w-]*", parser.format_help()) if kind == "option" else []
    return f"`{parser.prog}` takes no {kind} `{word}`{_similar(word, options, parser.prog)}"


def _similar(word: str, known: Iterable[str], of: str = "mlopsc") -> str:
    similar = get_close_matches(word, list(known), 1)
    return f"; did you mean `{similar[0]}`?" if similar else f"; see `{of} --help`"


def _help(parser: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]) -> Command:
    """The command `help`: the help of a command, or that of all."""

    def show(arguments: argparse.Namespace) -> int:
        if arguments.command is not None and arguments.command not in commands:
            misuse(f"there is no command `{arguments.command}`{_similar(arguments.command, commands)}")
            return MISUSE
        if arguments.man:
            print(manual(parser, commands), end="")
        else:
            commands.get(arguments.command, parser).print_help()
        return DONE

    return show


def _parser() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser of the command line, and that of each command."""
    parser = argparse.ArgumentParser(
        "mlopsc", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"mlopsc {__version__}")
    parser.add_argument("-C", dest="root", metavar="DIR", help="run in DIR instead of the current directory")
    parser.add_argument("--color", choices=COLOURS, help="whether to colour the output (default: on a terminal)")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(act=command)
        return sub

    scaffold.add(commands)
    build = add("build", act.build, "Generate all files from mlops.yaml, or none.")
    build.add_argument("--check", action="store_true", help="write nothing; exit with 1 and list stale files")
    build.add_argument("--watch", action="store_true", help="build again whenever an input changes")
    build.add_argument(
        "--overwrite", metavar="PATH", action="append", default=[],
        help="replace this file even if mlopsc did not write it or it was edited; the old one is kept as PATH.orig",
    )  # fmt: skip
    _format(build)
    check = add("check", act.check, "Report all problems in mlops.yaml; write nothing.")
    check.add_argument(
        "spec", nargs="?", metavar="FILE", help="the spec, or its folder (default: mlops.yaml here or above)"
    )
    _format(check)
    plan = add("plan", act.plan, "Show what a build would change, and which stages would run again and why.")
    plan.add_argument("--no-diff", action="store_true", help="list the files without their changes")
    plan.add_argument("--full", action="store_true", help="show the changes of each file to their end")
    plan.add_argument("--format", choices=["text", "json"], default="text")
    explain = add(
        "explain",
        act.explain,
        "Show the values of a stage and where each comes from, or which stages depend on a file.",
    )
    explain.add_argument(
        "stage", nargs="?", help="a stage (default: all), or a file, folder or module whose dependent stages to list"
    )
    explain.add_argument("--format", choices=["text", "json"], default="text")
    picture.add(add)
    for name, command, about in (
        ("affected", reach.affected, "List the stages that run again because of changes since BASE, and why."),
        ("diff", reach.diff, "Compare the pipeline with that at BASE: stages, params, packages, generated files."),
    ):
        compare = add(name, command, about)
        compare.add_argument(
            "base",
            nargs="?",
            metavar="BASE",
            help="a commit, branch or tag (default: where this branch left the base branch)",
        )
        compare.add_argument("--format", choices=["text", "json", "markdown"], default="text")
    targets = add(
        "targets", act.targets, "Show which features the targets of this project support, emulate and refuse."
    )
    targets.add_argument("targets", nargs="*", metavar="TARGET", help="only these targets")
    targets.add_argument("--all", action="store_true", help="all installed targets")
    targets.add_argument("--format", choices=["text", "json", "markdown"], default="text")
    add("schema", act.schema, "Print the JSON Schema of mlops.yaml, for editors.")
    lsp = add("lsp", act.lsp, "Start the language server for editors, on standard input and output.")
    lsp.add_argument("--stdio", action="store_true", help="accepted, because many editors pass it")
    code = add("code", act.code, "Explain a diagnostic code such as MLC401.")
    code.add_argument("name", metavar="CODE")
    code.add_argument("--format", choices=["text", "json"], default="text")
    adopt = add(
        "import", adopting.import_, "Import a DVC repository: create mlops.yaml from dvc.yaml; no stage runs again."
    )
    adopt.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="the repository (default: the current folder)"
    )
    adopt.add_argument(
        "--merge",
        action="store_true",
        help="take what DVC's tools or you changed in the generated dvc.yaml into mlops.yaml, and build",
    )
    adopt.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    adopt.add_argument("--python", metavar="PYTHON", help=PYTHON)
    adopt.add_argument(
        "--take-ci",
        action="store_true",
        help="also replace a GitHub workflow that only calls DVC; yours is kept as NAME.yml.orig",
    )
    tidy = add(
        "tidy", adopting.tidy, "Remove from mlops.yaml what the conventions fill in anyway; every stage stays the same."
    )
    tidy.add_argument("--suggest", action="store_true", help="list problems of the pipeline; change nothing")
    tidy.add_argument("--fix", action="store_true", help="add the code that each stage runs and imports to its deps")
    tidy.add_argument("--dry-run", action="store_true", help="show the change; write nothing")
    tidy.add_argument("--format", choices=["text", "json"], default="text", help="of --suggest")
    tidy.add_argument("--python", metavar="PYTHON", help=PYTHON)
    trace = add("trace", tracing.trace, "Run stages, and compare the files they open with those they declare.")
    trace.add_argument("stage", nargs="?", metavar="STAGE")
    trace.add_argument("--all", action="store_true", help="run each stage once, in order")
    trace.add_argument(
        "--write",
        action="store_true",
        help="write the deps, outs and params that were seen into mlops.yaml; if a stage fails, every file stays as it was",
    )
    eject = add(
        "eject", act.eject, "Stop using mlopsc: keep all generated files, and remove the marks of mlopsc from them."
    )
    eject.add_argument("--yes", action="store_true", help="do it; otherwise only show what would be done")
    helper = add("help", _help(parser, commands.choices), "Show the help of a command.")
    helper.add_argument("command", nargs="?", metavar="COMMAND")
    helper.add_argument("--man", action="store_true", help="print the manual page, for `man`")
    completion.add(commands, parser)
    for sub in commands.choices.values():  # also accepted after the command
        sub.add_argument("-C", dest="root", metavar="DIR", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        sub.add_argument("--color", choices=COLOURS, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser, commands.choices


def _format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json", "sarif", "github"], default="text")
    parser.add_argument("-v", "--verbose", action="store_true", help="also show notes")
