"""The commands that compare the pipeline with an earlier commit: `mlopsc affected` and `mlopsc diff`."""

from __future__ import annotations

import argparse
import sys

from . import DONE, MISUSE, WRONG


def affected(arguments: argparse.Namespace) -> int:
    """List the stages that a change since BASE makes run again, and why."""
    return _compared(arguments, with_all=False)


def diff(arguments: argparse.Namespace) -> int:
    """Compare two pipelines: stages, keys, params, packages, emitted files."""
    return _compared(arguments, with_all=True)


def _compared(arguments: argparse.Namespace, with_all: bool) -> int:
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..read.git import GitError, GitSnapshot, WorkingTreeChanges, base_commit
    from ..show.changes import State, file_changes, package_changes, stage_changes
    from ..show.changes_text import Comparison, as_json, as_markdown, as_text
    from .commands import root_of
    from .output import misuse, print_report

    root = root_of(arguments)
    disk = Disk(root)
    compiled = compile_spec(disk)
    after = State.of(compiled, disk)
    if after is None:
        print_report(compiled, "text")
        return WRONG
    try:
        base = GitSnapshot.of(root, base_commit(root, arguments.base))
        try:
            before = State.of(compile_spec(base), base)
            stages = stage_changes(before, after, WorkingTreeChanges(base))
            files = file_changes(before, after) if with_all else None
            packages = package_changes(base, disk) if with_all else None
        finally:
            base.close()
    except GitError as error:
        misuse(str(error))
        return MISUSE
    render = {"text": as_text, "json": as_json, "markdown": as_markdown}[arguments.format]
    print(render(Comparison(base.commit, stages, files, packages)), end="")
    if before is None and arguments.format != "json":
        print("the pipeline at that commit cannot be compiled, or there was none", file=sys.stderr)
    return DONE
