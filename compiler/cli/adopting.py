"""The commands around an import: what they print, and their exit codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from . import DONE, MISUSE, WRONG

if TYPE_CHECKING:
    import argparse


def import_(arguments: argparse.Namespace) -> int:
    """Take over the DVC repository at PATH."""
    from ..adopt.road import account, adopt, top_of
    from ..render import render
    from ..write import apply, recover
    from .commands import colour

    path = os.path.join(arguments.root or ".", arguments.path)
    if not os.path.isdir(path):
        print(f"mlopsc: `{arguments.path}` is no folder", file=sys.stderr)
        return MISUSE
    root, only = top_of(path)
    recover(root)
    found = adopt(root, only)
    if not found.report.failed and not arguments.dry_run:
        found.report.add(apply(found.plan, root))
    if found.report.failed:
        print(render(found.report, None, "text", colour(sys.stderr)), file=sys.stderr)
        print("mlopsc: nothing was written", file=sys.stderr)
        return WRONG
    print(f"{found.stages} stages resolve by DVC as they did before, and `dvc status` says the same:")
    account(found, print)
    for change in found.plan.writes:
        print(f"{change.action:>8} {change.path}")
    if arguments.dry_run:
        print("nothing was written, because of --dry-run")
    else:
        print("commit these files; from now on edit mlops.yaml and run `mlopsc build`")
    return DONE
