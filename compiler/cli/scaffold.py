"""The commands `new`, `update` and `init`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import DONE, MISUSE, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..scaffold.refusal import Refusal


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parsers of `new`, `update` and `init`."""
    text = "Create a repository from a template."
    parser = commands.add_parser("new", help=text, description=text)
    parser.add_argument("name", nargs="?", metavar="NAME", help="name of the project, or a path that ends with it")
    parser.add_argument(
        "-t", "--template", default="tabular", metavar="TEMPLATE",
        help="a packaged template (see --list), or a path or Git URL (default: tabular)",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list the packaged templates")
    _add_template_options(parser)
    parser.set_defaults(act=new)
    text = "Merge a later version of its template into a repository."
    parser = commands.add_parser("update", help=text, description=text)
    _add_template_options(parser)
    parser.set_defaults(act=update)
    text = "Create mlops.yaml for an existing repository, from its dvc.yaml or its scripts."
    parser = commands.add_parser("init", help=text, description=text)
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    parser.set_defaults(act=init)


def _add_template_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--answers", metavar="FILE", help="answers to the template's questions, as YAML")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one answer")
    parser.add_argument("--ref", metavar="TAG", help="version of the template (default: the newest)")


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
    """The answers in `--answers` and `--set`; the latter take precedence."""
    import yaml

    from ..scaffold.refusal import Refusal

    answers: dict[str, Any] = {}
    if arguments.answers is not None:
        try:
            with open(arguments.answers, encoding="utf-8") as file:
                content = yaml.safe_load(file)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise Refusal(f"`{arguments.answers}` cannot be read: {reason}") from error
        if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
            raise Refusal(
                f"`{arguments.answers}` is not a mapping", "write one answer per line, such as `licence: MIT`"
            )
        answers |= {key: value for key, value in content.items() if not key.startswith("_")}
    for answer in arguments.set:
        key, equals, value = answer.partition("=")
        if not equals or not key:
            raise Refusal(f"`--set {answer}` lacks a value", "write `--set KEY=VALUE`, such as `--set licence=MIT`")
        answers[key] = value
    return answers


def _list() -> int:
    from ..scaffold.library import Library

    library = Library()
    width = max(len(template.name) for template in library.templates)
    for template in library.templates:
        print(f"{template.name:<{width}}  {template.desc}")
    return DONE


@_refusing
def new(arguments: argparse.Namespace) -> int:
    """Create a repository and print the next steps."""
    import os
    import shlex

    from ..scaffold.new import new
    from ..scaffold.refusal import Refusal

    if arguments.list:
        return _list()
    if arguments.name is None:
        raise Refusal("no name given", "mlopsc new NAME")
    if arguments.root:
        os.chdir(arguments.root)
    created = new(arguments.name, arguments.template, _answers(arguments), ref=arguments.ref)
    print(f"created {created.names.directory}: {len(created.files)} files from `{arguments.template}`")
    if created.names.package != created.names.directory:
        print(f"  the Python package is `{created.names.package}`")
    if not created.by_dvc:
        print("  DVC is not installed: mlopsc wrote the files of `dvc init`, and `make setup` installs DVC")
    for note in created.notes:
        print(f"  {note}")
    directory = created.names.directory
    print("\nnext:")
    print(f"  cd {shlex.quote(directory if not directory.startswith('-') else './' + directory)}")
    if "Makefile" in created.files:
        print("  make setup       # install the requirements into .venv")
        print("  make pipeline    # run the pipeline")
        print("  make test")
    print("  git add --all && git commit -m 'Initial commit'")
    return DONE


@_refusing
def update(arguments: argparse.Namespace) -> int:
    """Merge the newest version of the template; the user resolves conflicts."""
    from ..read.root import find_root
    from ..scaffold.update import update

    done = update(find_root(arguments.root or "."), _answers(arguments), ref=arguments.ref)
    if not done.changed:
        print(f"nothing to do: the repository is at version {done.after} of its template")
        return DONE
    print(f"template {done.before} -> {done.after}")
    for path in done.changed:
        print(f"{'conflict' if path in done.conflicts else 'update':>8} {path}")
    print("\nnext:")
    if done.conflicts:
        print("  resolve the conflicts between <<<<<<< and >>>>>>>")
    print("  git diff HEAD    # what changed")
    print("  mlopsc build")
    return WRONG if done.conflicts else DONE


@_refusing
def init(arguments: argparse.Namespace) -> int:
    """Create mlops.yaml and show it."""
    import os

    from ..scaffold.init import init

    result = init(os.path.realpath(arguments.root or "."), arguments.dry_run)
    print(result.text)
    print("".join(f"unsure about {line}\n" for line in result.unsure), end="")
    for diagnostic in result.diagnostics:
        print(f"to do: {diagnostic.code}: {diagnostic.message}")
        if diagnostic.help:
            print(f"  = help: {diagnostic.help}")
    if arguments.dry_run:
        print("nothing was written, because of --dry-run")
        return DONE
    undo = f"rm -r {' '.join(result.written)}"
    print(f"created {', '.join(result.written)} and changed nothing else; to undo it: {undo}")
    print(f"\nnext: {result.next}")
    return DONE
