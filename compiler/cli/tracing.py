"""The command `trace`: what it prints, and its exit code."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ..read.root import find_root
from . import DONE, MISUSE, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from ..adopt.backup import Backup
    from ..adopt.observed import Observation
    from ..adopt.record import Recorded
    from ..adopt.trace import Traced
    from ..build import Compiled
    from ..model.project import Stage


def trace(arguments: argparse.Namespace) -> int:
    """Run one stage or all, compare the files they open with those they declare, and write the difference."""
    from ..adopt.backup import backup
    from ..build import compile_spec
    from ..model.snapshot import Disk
    from ..write.signals import interruptible
    from .output import misuse, print_report

    root = find_root(arguments.root or ".")
    compiled = compile_spec(Disk(root))
    if compiled.project is None or compiled.document is None or (arguments.write and compiled.report.failed):
        print_report(compiled, "text")
        return WRONG
    if (arguments.stage is None) != arguments.all:
        misuse("name one stage, or use `--all`")
        return MISUSE
    names = list(compiled.project.dag.order) if arguments.all else [arguments.stage]
    if names[0] not in compiled.project.stages:
        misuse(f"no stage `{names[0]}`; there are: {', '.join(compiled.project.stages)}")
        return MISUSE
    stages = [compiled.project.stages[name] for name in names]
    if not arguments.all and not arguments.write:
        return _compare(root, compiled, stages[0])
    with interruptible(), backup(root) as copy:
        return _run_all(root, compiled, stages, copy, arguments.write)


def _compare(root: str, compiled: Compiled, stage: Stage) -> int:
    """Trace one stage, and show the edit that declares what is missing."""
    from ..adopt.trace import trace

    traced = trace(stage, root)
    _print_difference(stage, traced)
    _print_diff(compiled, _recorded(root, compiled, {stage.name: traced}, [stage]))
    return WRONG if traced.code else DONE


def _run_all(root: str, compiled: Compiled, stages: Sequence[Stage], copy: Backup, write: bool) -> int:
    """Run each stage once, in order. If one fails, or the run is interrupted, every file is as it was."""
    from ..adopt.trace import trace

    if copy.unprotected:
        print(f"too large to put back if a stage fails: {', '.join(copy.unprotected)}", file=sys.stderr)
    runs: dict[str, Traced] = {}
    try:
        for number, stage in enumerate(stages, start=1):
            print(f"[{number}/{len(stages)}] {stage.name}", file=sys.stderr, flush=True)
            started = time.monotonic()
            runs[stage.name] = traced = trace(stage, root)
            _print_difference(stage, traced, time.monotonic() - started)
            if traced.code:
                _restore(copy, runs)
                print(f"mlopsc: `{stage.name}` failed, so every file is as it was before the trace", file=sys.stderr)
                print(f"  = help: correct `{stage.name}`, then run the command again", file=sys.stderr)
                return WRONG
    except BaseException as stopped:
        _restore(copy, runs, getattr(stopped, "written", ()))
        raise
    recorded = _recorded(root, compiled, runs, stages)
    return _write(root, compiled, recorded) if write else _print_diff(compiled, recorded)


def _restore(copy: Backup, runs: dict[str, Traced], written: Iterable[str] = ()) -> None:
    lost = copy.restore({*written, *(path for traced in runs.values() for path in traced.written)})
    if lost:
        print(f"mlopsc: changed by the run and not put back: {', '.join(lost)}", file=sys.stderr)


def _recorded(root: str, compiled: Compiled, runs: dict[str, Traced], stages: Sequence[Stage]) -> Recorded:
    from ..adopt.observed import Runs
    from ..adopt.overlay import Overlay
    from ..adopt.record import record
    from ..model.snapshot import Disk
    from ..read.document import SPEC_NAME
    from ..read.params import ParamFiles
    from ..resolve.code.graph import CodeGraph

    assert compiled.project is not None
    assert compiled.document is not None
    disk = Disk(root)
    code = CodeGraph(disk, compiled.project.code_roots)
    known = {stage.name: stage for stage in compiled.project}
    observed = Runs(runs, known, disk, code, ParamFiles(disk), _tracked(root))
    observations: list[Observation] = [observed.observe(stage.name) for stage in stages]
    text = compiled.document.main.text
    return record(text, compiled, observations, lambda new: Overlay(root, {SPEC_NAME: new.encode()}))


def _tracked(root: str) -> frozenset[str]:
    """The files in Git."""
    from ..scaffold.refusal import Refusal
    from ..scaffold.run import git

    try:
        return frozenset(git("ls-files", "-z", cwd=root).split("\0"))
    except Refusal:
        return frozenset()


def _print_difference(stage: Stage, traced: Traced, seconds: float | None = None) -> None:
    from ..adopt.trace import STRACE, difference

    took = "" if seconds is None else f" after {seconds:.1f} s"
    print(f"`{stage.name}` exited with {traced.code}{took}; traced by {traced.by}: {len(traced.read)} files of the "
          f"repository read, {len(traced.written)} written")  # fmt: skip
    missing = difference(stage, traced)
    for verb, paths in (("reads", missing.deps), ("writes", missing.outs)):
        print("".join(f"  {verb}, not declared: {path}\n" for path in paths), end="")
    by = "" if traced.by == STRACE else " by Python"
    print("".join(f"  declared, not opened{by}: {path}\n" for path in missing.unopened), end="")
    if by:
        print("  strace is not installed or not permitted, so files opened by programs other than Python are not seen")


def _print_notes(recorded: Recorded) -> None:
    print("".join(f"not declared: {note}\n" for note in recorded.notes), end="")


def _print_diff(compiled: Compiled, recorded: Recorded) -> int:
    """Show the edit of mlops.yaml that declares the missing files."""
    from ..write.plan import Change

    assert compiled.document is not None
    _print_notes(recorded)
    text = compiled.document.main.text
    if recorded.text != text:
        print("this edit declares them; `--write` makes it, and mlops.yaml was not changed:")
        print(Change("mlops.yaml", "update", text.encode(), recorded.text.encode()).diff(), end="")
    elif not recorded.notes:
        print("mlops.yaml declares all that was seen")
    return DONE


def _write(root: str, compiled: Compiled, recorded: Recorded) -> int:
    from ..adopt.spec_text import BOM
    from ..model.diagnostic import Report
    from ..model.snapshot import Disk
    from ..read.document import SPEC_NAME
    from ..show.render import render
    from ..write.journal import apply, recover
    from ..write.plan import Change, Plan
    from .output import colour

    assert compiled.document is not None
    _print_notes(recorded)
    if recorded.text == compiled.document.main.text:
        print("mlops.yaml declares all that was seen\nnext: run `mlopsc build`, then `make pipeline`")
        return DONE
    recover(root)
    old = Disk(root).read(SPEC_NAME) or b""
    mark = BOM if old.startswith(BOM) else b""
    change = Change(SPEC_NAME, "update", old, mark + recorded.text.encode())
    report = Report()
    report.add(apply(Plan((change,)), root))
    if report.failed:
        print(render(report, None, "text", colour(sys.stderr)), file=sys.stderr)
        return WRONG
    print("".join(f"  {line}\n" for line in recorded.changes), end="")
    print("  update mlops.yaml\nnext: run `mlopsc build`, then `make pipeline`")
    return DONE
