"""The commands that make repositories, complete them and keep them up to date."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import DONE, MISUSE, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..scaffold.refusal import Refusal


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `new`, `update` and `init` to what can be typed."""
    text = "Make a repository that runs, from a template."
    made = commands.add_parser("new", help=text, description=text)
    made.add_argument(
        "name", nargs="?", metavar="NAME", help="what the project is called, or a path whose last part is"
    )
    made.add_argument(
        "-t", "--template", default="tabular", metavar="TEMPLATE",
        help="a packaged one (--list names them), or the path or Git URL of your own (default tabular)",
    )  # fmt: skip
    made.add_argument("--list", action="store_true", help="name the packaged templates and leave")
    _common(made)
    made.set_defaults(act=new)
    text = "Merge a later version of its template into a repository that has been edited since."
    newer = commands.add_parser("update", help=text, description=text)
    _common(newer)
    newer.set_defaults(act=update)
    text = "Write the first mlops.yaml of a repository that is there: from its dvc.yaml, or guessed from its scripts."
    begun = commands.add_parser("init", help=text, description=text)
    begun.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    begun.set_defaults(act=init)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--answers", metavar="FILE", help="answers to the template's questions, as YAML")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="said", help="one answer")
    parser.add_argument("--ref", metavar="TAG", help="a version of the template (default the newest)")


def _refusing(act: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from ..scaffold.refusal import Refusal

        try:
            return act(arguments)
        except Refusal as refusal:
            return _say(refusal)

    return run


def _say(refusal: Refusal) -> int:
    print(f"mlopsc: error: {refusal.what}", file=sys.stderr)
    if refusal.help:
        print(f"  = help: {refusal.help}", file=sys.stderr)
    return MISUSE if refusal.misuse else WRONG


def _answers(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `--answers` and `--set` say; the latter has the last word."""
    import yaml

    from ..scaffold.refusal import Refusal

    answers: dict[str, Any] = {}
    if arguments.answers is not None:
        try:
            with open(arguments.answers, encoding="utf-8") as file:
                told = yaml.safe_load(file)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            why = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise Refusal(f"`{arguments.answers}` cannot be read: {why}") from error
        if not isinstance(told, dict) or not all(isinstance(key, str) for key in told):
            raise Refusal(f"`{arguments.answers}` is no mapping of answers", "write `licence: MIT`, one answer a line")
        answers |= {key: value for key, value in told.items() if not key.startswith("_")}
    for each in arguments.said:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise Refusal(f"`--set {each}` is no answer", "write `--set licence=MIT`")
        answers[key] = value
    return answers


def _list() -> int:
    from ..scaffold.library import Library

    library = Library()
    width = max(len(each.name) for each in library.templates)
    for each in library.templates:
        print(f"{each.name:<{width}}  {each.desc}")
    return DONE


@_refusing
def new(arguments: argparse.Namespace) -> int:
    """Make a repository and say what to type next."""
    import os
    import shlex

    from ..scaffold.new import new
    from ..scaffold.refusal import Refusal

    if arguments.list:
        return _list()
    if arguments.name is None:
        raise Refusal("no name was given", "mlopsc new NAME")
    if arguments.root:
        os.chdir(arguments.root)
    made = new(arguments.name, arguments.template, _answers(arguments), ref=arguments.ref)
    print(f"made {made.names.directory}: {len(made.files)} files from `{arguments.template}`")
    if made.names.package != made.names.directory:
        print(f"  the Python package is `{made.names.package}`")
    if not made.by_dvc:
        print("  DVC is not installed here: the files of `dvc init` were written without it; `make setup` installs it")
    for note in made.notes:
        print(f"  {note}")
    where = made.names.directory
    print("\nnext:")
    print(f"  cd {shlex.quote(where if not where.startswith('-') else './' + where)}")
    if "Makefile" in made.files:
        print("  make setup       # install what it needs into .venv")
        print("  make pipeline    # run it")
        print("  make test")
    print("  git add --all && git commit -m 'Begin'")
    return DONE


@_refusing
def update(arguments: argparse.Namespace) -> int:
    """Merge the newest version of the template; conflicts are left for a person to resolve."""
    from ..scaffold.update import update
    from . import find_root

    done = update(find_root(arguments.root or "."), _answers(arguments), ref=arguments.ref)
    if not done.changed:
        print(f"nothing to do: the repository is at version {done.after} of its template")
        return DONE
    print(f"template {done.before} -> {done.after}")
    for path in done.changed:
        print(f"{'conflict' if path in done.conflicts else 'update':>8} {path}")
    print("\nnext:")
    if done.conflicts:
        print("  resolve the conflicts: both sides stand between <<<<<<< and >>>>>>>")
    print("  git diff HEAD    # what changed")
    print("  mlopsc build")
    return WRONG if done.conflicts else DONE


@_refusing
def init(arguments: argparse.Namespace) -> int:
    """Write the first spec, and show every guess in it."""
    import os

    from ..scaffold.init import init

    begun = init(os.path.realpath(arguments.root or "."), arguments.dry_run)
    print(begun.text)
    for diagnostic in begun.found:
        print(f"to do: {diagnostic.code}: {diagnostic.message}")
        if diagnostic.help:
            print(f"  = help: {diagnostic.help}")
    if arguments.dry_run:
        print("nothing was written, because of --dry-run")
        return DONE
    undo = f"rm -r {' '.join(begun.written)}"
    told = [path for path in begun.written if path.startswith(".dvc") and ".git" not in begun.written]
    if told:  # `dvc init` adds its files to Git's index
        undo = f"git rm -rq --cached {' '.join(told)}; {undo}"
    print(f"wrote {', '.join(begun.written)} and touched nothing else; to undo it: {undo}")
    print(f"\nnext: {begun.next}")
    return DONE
