"""The commands that compare the pipeline with an earlier commit: `mlopsc affected` and `mlopsc diff`."""

from __future__ import annotations

import argparse
import sys

from . import DONE, MISUSE, WRONG


def affected(arguments: argparse.Namespace) -> int:
    """List the stages that a change since BASE makes run again, and why."""
    return _compared(arguments, with_files=False)


def diff(arguments: argparse.Namespace) -> int:
    """Compare two pipelines: stages, keys, params, packages, emitted files."""
    return _compared(arguments, with_files=True)


def _compared(arguments: argparse.Namespace, with_files: bool) -> int:
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..read.git import GitError, GitSnapshot, WorkingTreeChanges, base_commit
    from ..show.changes import State, file_changes, stage_changes
    from ..show.changes_text import as_json, as_markdown, as_text
    from .commands import root_of
    from .output import misuse, print_report

    root = root_of(arguments)
    disk = Disk(root)
    run = compile_spec(disk)
    after = State.of(run, disk)
    if after is None:
        print_report(run, "text")
        return WRONG
    try:
        base = GitSnapshot.of(root, base_commit(root, arguments.base))
        try:
            before = State.of(compile_spec(base), base)
            stages = stage_changes(before, after, WorkingTreeChanges(base))
        finally:
            base.close()
    except GitError as error:
        misuse(str(error))
        return MISUSE
    files = file_changes(before, after) if with_files else None
    if arguments.format == "json":
        print(as_json(base.commit, stages, files), end="")
        return DONE
    print(as_markdown(stages, files) if arguments.format == "markdown" else as_text(stages, files), end="")
    if before is None:
        print("the pipeline at that commit cannot be compiled, or there was none", file=sys.stderr)
    return DONE
