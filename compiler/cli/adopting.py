"""The commands around an import: what they print, and their exit codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from . import DONE, MISUSE, WRONG, find_root

if TYPE_CHECKING:
    import argparse


def import_(arguments: argparse.Namespace) -> int:
    """Take over the DVC repository at PATH."""
    from ..adopt.road import account, adopt, top_of
    from ..show.render import render
    from ..write.journal import apply, recover
    from .commands import colour

    path = os.path.join(arguments.root or ".", arguments.path)
    if not os.path.isdir(path):
        print(f"mlopsc: `{arguments.path}` is no folder", file=sys.stderr)
        return MISUSE
    root, only = top_of(path)
    recover(root)
    found = adopt(root, only, arguments.take_ci)
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


def tidy(arguments: argparse.Namespace) -> int:
    """Shorten the spec; or list what is wrong in it, and with ``--fix`` add the code that stages forgot."""
    from ..adopt.rewrite import Rewrite, fixed, shortened
    from ..adopt.suggest import suggestions
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..show.render import render
    from ..write.journal import apply, recover
    from .commands import colour

    root = find_root(arguments.root or ".")
    recover(root)
    if arguments.suggest and not arguments.fix:
        disk = Disk(root)
        run = compile_spec(disk)
        run.report.diagnostics = suggestions(run, disk) if run.project is not None else run.report.diagnostics
        if run.report.diagnostics:
            print(render(run.report, run.document, "text", colour(sys.stdout)))
        else:
            print("there is nothing to suggest")
        return WRONG if run.report.failed else DONE
    made: Rewrite = fixed(root) if arguments.fix else shortened(root)
    if not made.report.failed and not arguments.dry_run:
        made.report.add(apply(made.plan, root))
    if made.report.failed:
        print(render(made.report, made.document, "text", colour(sys.stderr)), file=sys.stderr)
        print("mlopsc: nothing was written", file=sys.stderr)
        return WRONG
    print("".join(f"{line}\n" for line in made.account), end="")
    if arguments.dry_run:
        print("".join(change.diff() for change in made.plan.writes if change.path == "mlops.yaml"), end="")
        print("nothing was written, because of --dry-run")
    return DONE


def trace(arguments: argparse.Namespace) -> int:
    """Run a stage, and tell what it opens beside what it declares."""
    from ..adopt.edit import stage_path, with_items
    from ..adopt.trace import STRACE, difference
    from ..adopt.trace import trace as watch
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..write.plan import Change
    from .commands import _say

    root = find_root(arguments.root or ".")
    disk = Disk(root)
    run = compile_spec(disk)
    if run.project is None or run.document is None:
        _say(run, "text")
        return WRONG
    stage = run.project.stages.get(arguments.stage)
    if stage is None:
        print(f"mlopsc: no stage `{arguments.stage}`; there are: {', '.join(run.project.stages)}", file=sys.stderr)
        return MISUSE
    seen = watch(stage, root)
    found = difference(stage, seen)
    print(f"`{stage.name}` ended with {seen.code}; watched by {seen.by}: {len(seen.read)} files of the repository read, "
          f"{len(seen.written)} written")  # fmt: skip
    for word, paths in (("reads", found.deps), ("writes", found.outs)):
        print("".join(f"  {word}, not declared: {path}\n" for path in paths), end="")
    watched = "" if seen.by == STRACE else " by Python"
    print("".join(f"  declared, not opened{watched}: {path}\n" for path in found.unopened), end="")
    if watched:
        print("  strace is not here, or may not watch: what programs other than Python open was not seen")
    text = new = run.document.main.text
    where = stage_path(run.document.data, stage.entry)
    for key, paths in (("deps", found.deps), ("outs", found.outs)):
        words = [os.path.relpath(path, stage.wdir) for path in paths]
        if words and (edited := with_items(new, (*where, key), words)) is not None:
            new = edited
    if new != text:
        print("an edit that would declare them; nothing is changed:")
        print(Change("mlops.yaml", "update", text.encode(), new.encode()).diff(), end="")
    return WRONG if seen.code else DONE
