"""What can be typed."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence

from ... import __version__
from . import MISUSE, adopting, reach, scaffold
from . import commands as act

DESCRIPTION = "The compiler for the MLOps stack: one mlops.yaml to dvc.yaml, Makefile, CI and more."
EPILOG = """\
exit codes: 0 done, 1 the spec is wrong or files are stale, 2 misuse
first steps: `mlopsc new NAME`; or write a mlops.yaml, then `mlopsc check`, `mlopsc build`, `make pipeline`"""

Command = Callable[[argparse.Namespace], int]


def run(words: Sequence[str]) -> int:
    """Parse the words and run the command."""
    gc.disable()  # a run is short and keeps what it makes; collecting doubles the time of parsing
    parser = _parser()
    try:
        arguments = parser.parse_args(words)
    except SystemExit as left:  # argparse has said why; 2 is misuse, 0 help
        return left.code if isinstance(left.code, int) else MISUSE
    if not hasattr(arguments, "act"):
        parser.print_help()
        return MISUSE
    if arguments.root is not None and not os.path.isdir(arguments.root):
        print(f"mlopsc: `{arguments.root}` is no folder", file=sys.stderr)
        return MISUSE
    command: Command = arguments.act
    return command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "mlopsc", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"mlopsc {__version__}")
    parser.add_argument("-C", dest="root", metavar="DIR", help="run in DIR instead of here")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(act=command)
        return sub

    scaffold.add(commands)
    build = add("build", act.build, "Write every file that mlops.yaml calls for: all of them or none.")
    build.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what is stale")
    build.add_argument("--watch", action="store_true", help="build again whenever an input changes")
    build.add_argument(
        "--overwrite", metavar="PATH", action="append", default=[],
        help="replace this file although it is not ours or was edited; the old one is kept as PATH.orig",
    )  # fmt: skip
    _format(build)
    check = add("check", act.check, "Say everything that is wrong with mlops.yaml, and write nothing.")
    _format(check)
    plan = add("plan", act.plan, "Show what a build would change, and which stages DVC would run again, and why.")
    plan.add_argument("--no-diff", action="store_true", help="name the files only")
    plan.add_argument("--format", choices=["text", "json"], default="text")
    explain = add(
        "explain", act.explain, "Show every value of a stage with where it came from, or which stages a file touches."
    )
    explain.add_argument(
        "stage", nargs="?", help="one stage (default all), or a file, folder or module: what runs again when it changes"
    )
    explain.add_argument("--format", choices=["text", "json"], default="text")
    graph = add("graph", act.graph, "Draw the pipeline.")
    graph.add_argument("--format", choices=["mermaid", "dot", "html"], default="mermaid")
    for name, command, about in (
        ("affected", reach.affected, "List the stages that a change since BASE makes run again, and why."),
        ("diff", reach.diff, "Compare the pipeline with the one at BASE: stages, params, packages, written files."),
    ):
        compare = add(name, command, about)
        compare.add_argument(
            "base",
            nargs="?",
            metavar="BASE",
            help="a commit, branch or tag (default: where this branch left the base branch)",
        )
        compare.add_argument("--format", choices=["text", "json", "markdown"], default="text")
    targets = add("targets", act.targets, "Show what each back end keeps, emulates and refuses.")
    targets.add_argument("--format", choices=["text", "json", "markdown"], default="text")
    add("schema", act.schema, "Print the JSON Schema of mlops.yaml, for editors.")
    code = add("code", act.code, "Explain a code such as MLC401.")
    code.add_argument("name", metavar="CODE")
    adopt = add(
        "import", adopting.import_, "Take over a DVC repository: mlops.yaml from dvc.yaml, and nothing runs again."
    )
    adopt.add_argument("path", nargs="?", default=".", metavar="PATH", help="the repository (default here)")
    adopt.add_argument("--dry-run", action="store_true", help="check all, say what would be written, write nothing")
    adopt.add_argument(
        "--take-ci",
        action="store_true",
        help="make the GitHub workflow that only calls DVC too; yours is kept as .orig",
    )
    tidy = add(
        "tidy", adopting.tidy, "Shorten mlops.yaml by what the conventions give anyway; every stage stays the same."
    )
    tidy.add_argument("--suggest", action="store_true", help="list what is wrong in the pipeline, change nothing")
    tidy.add_argument("--fix", action="store_true", help="add to each stage's deps the code that it runs and imports")
    tidy.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
    trace = add("trace", adopting.trace, "Run a stage, and tell what it opens beside what it declares.")
    trace.add_argument("stage", metavar="STAGE")
    eject = add("eject", act.eject, "Leave mlopsc: keep all files, drop the marks that make them ours.")
    eject.add_argument("--yes", action="store_true", help="do it; without it, only say what would be done")
    for sub in commands.choices.values():  # behind the command too, where one looks for it
        sub.add_argument("-C", dest="root", metavar="DIR", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json", "sarif", "github"], default="text")
    parser.add_argument("-v", "--verbose", action="store_true", help="show notes too")
