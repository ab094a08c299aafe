"""The commands `import` and `tidy`: what they print, and their exit codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..read.root import find_root
from . import DONE, MISUSE, WRONG

if TYPE_CHECKING:
    import argparse

    from ..model.diagnostic import Report
    from ..read.document import Document


def import_(arguments: argparse.Namespace) -> int:
    """Import the DVC repository at PATH."""
    from ..adopt.adoption import adopt, summarize
    from ..adopt.pipeline import repository_root
    from ..write.journal import apply, recover

    path = os.path.join(arguments.root or ".", arguments.path)
    if not os.path.isdir(path):
        print(f"mlopsc: `{arguments.path}` is not a folder", file=sys.stderr)
        return MISUSE
    if arguments.merge:
        return _merge(find_root(path), arguments)
    root, only = repository_root(path)
    if not arguments.dry_run:
        recover(root)
    adoption = adopt(root, only, arguments.take_ci, _interpreter(arguments.python))
    if not adoption.report.failed and not arguments.dry_run:
        adoption.report.add(apply(adoption.plan, root))
    if adoption.report.failed:
        return _nothing_written(adoption.report, None)
    print(f"{adoption.stage_count} stages: {adoption.guarantee}:")
    summarize(adoption, print)
    for change in adoption.plan.writes:
        print(f"{change.action:>8} {change.path}")
    if arguments.dry_run:
        print("nothing was written, because of --dry-run")
    else:
        print("commit these files; from now on, edit mlops.yaml and run `mlopsc build`")
    return DONE


def _merge(root: str, arguments: argparse.Namespace) -> int:
    """Take what was changed in the emitted dvc.yaml into mlops.yaml."""
    from ..adopt.merge import merge
    from ..write.journal import apply, recover

    if not arguments.dry_run:
        recover(root)
    rewrite = merge(root, _interpreter(arguments.python))
    if not rewrite.report.failed and not arguments.dry_run:
        rewrite.report.add(apply(rewrite.plan, root))
    if rewrite.report.failed:
        return _nothing_written(rewrite.report, rewrite.document)
    print("".join(f"{line}\n" for line in rewrite.summary), end="")
    if arguments.dry_run:
        print("".join(change.diff() for change in rewrite.plan.writes if change.path.endswith("mlops.yaml")), end="")
        print("nothing was written, because of --dry-run")
    for change in () if arguments.dry_run else rewrite.plan.writes:
        print(f"{change.action:>8} {change.path}")
    return DONE


def _interpreter(python: str | None) -> str | None:
    """The path of the Python that the user names, from the current folder; a link to it is not followed, as it may be a venv."""
    return None if python is None else os.path.abspath(python)


def _nothing_written(report: Report, document: Document | None) -> int:
    from ..show.render import render
    from .output import colour

    print(render(report, document, "text", colour(sys.stderr)), file=sys.stderr)
    print("mlopsc: nothing was written", file=sys.stderr)
    return WRONG


def tidy(arguments: argparse.Namespace) -> int:
    """Shorten the spec; or list suggestions, and with ``--fix`` add missing code to `deps`."""
    from ..adopt.rewrite import add_code, shorten
    from ..write.journal import apply, recover

    root = find_root(arguments.root or ".")
    if arguments.suggest and not arguments.fix:
        return _suggest(root, arguments.format)
    if not arguments.dry_run:
        recover(root)
    rewrite = add_code(root) if arguments.fix else shorten(root, _interpreter(arguments.python))
    if not rewrite.report.failed and not arguments.dry_run:
        rewrite.report.add(apply(rewrite.plan, root))
    if rewrite.report.failed:
        return _nothing_written(rewrite.report, rewrite.document)
    print("".join(f"{line}\n" for line in rewrite.summary), end="")
    if arguments.dry_run:
        print("".join(change.diff() for change in rewrite.plan.writes if change.path == "mlops.yaml"), end="")
        print("nothing was written, because of --dry-run")
    return DONE


def _suggest(root: str, style: str) -> int:
    from ..adopt.suggest import suggestions
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..show.render import render
    from .output import colour

    disk = Disk(root)
    run = compile_spec(disk)
    if run.project is not None:
        run.report.diagnostics = suggestions(run, disk)
    if run.report.diagnostics or style == "json":
        print(render(run.report, run.document, style, colour(sys.stdout)))
    else:
        print("nothing to suggest")
    return WRONG if run.report.failed else DONE
