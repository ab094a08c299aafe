"""What each command does: run the phases that it needs, and print."""

from __future__ import annotations

import argparse
import os
import sys
import time

from ..build import Compiled
from ..model.snapshot import Disk
from ..write.plan import Plan
from . import DONE, MISUSE, WRONG, cache_key, find_root


def _root(arguments: argparse.Namespace) -> str:
    return find_root(arguments.root or ".")


def _compile(root: str) -> tuple[Disk, Compiled]:
    from ..build import compile_spec
    from ..model.snapshot import Disk

    disk = Disk(root)
    return disk, compile_spec(disk)


def _say(run: Compiled, style: str, verbose: bool = False) -> None:
    """Print the report: text to standard error, what a machine reads to standard output."""
    from ..model.diagnostic import Report

    shown = Report([d for d in run.report if verbose or d.severity != "note"])
    if style == "text" and not shown.diagnostics:
        return
    from ..show.render import render

    stream = sys.stderr if style == "text" else sys.stdout
    if text := render(shown, run.document, style, colour(stream)):
        print(text, file=stream)


def colour(stream: object) -> bool:
    """Whether to colour what goes to a stream: only on a terminal, and not where NO_COLOR is set."""
    is_terminal: bool = getattr(stream, "isatty", lambda: False)()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _planned(root: str, overwrite: list[str]) -> tuple[Disk, Compiled, Plan | None]:
    """Recover what an interrupted build left, compile, and hold the result against the disk."""
    from ..write.journal import recover
    from ..write.lock import read_lock
    from ..write.plan import plan

    recovered = recover(root)
    disk, run = _compile(root)
    run.report.add(recovered)
    if run.report.failed:
        return disk, run, None
    lock, found = read_lock(disk)
    run.report.add(found)
    planned, found = plan(run.files, lock, disk, run.inputs, overwrite)
    run.report.add(found)
    return disk, run, planned


def build(arguments: argparse.Namespace) -> int:
    """Write all files, or with ``--check`` tell which are stale."""
    root = _root(arguments)
    if arguments.watch:
        from .watch import watch

        return watch(root, lambda: _build(root, arguments)[:2])
    return _build(root, arguments)[0]


def _build(root: str, arguments: argparse.Namespace) -> tuple[int, Disk, Compiled]:
    from ..write.journal import apply

    started = time.time_ns()
    disk, run, planned = _planned(root, arguments.overwrite)
    stale = planned.pending if planned is not None else ()
    if planned is not None and not run.report.failed and not arguments.check:
        run.report.add(apply(planned, root))
    _say(run, arguments.format, arguments.verbose)
    if planned is None or run.report.failed:
        return WRONG, disk, run
    if arguments.check and stale:
        for change in stale:
            print(f"stale: {change.path} ({change.action})", file=sys.stderr)
        print("run `mlopsc build` and commit what it writes", file=sys.stderr)
        return WRONG, disk, run
    _record(root, disk, planned, started)
    if arguments.format == "text":
        for change in stale:
            print(f"{change.action:>7} {change.path}")
        if not stale:
            print("nothing to do: all files are up to date")
    return DONE, disk, run


def _record(root: str, disk: Disk, planned: Plan, started: int) -> None:
    from ..write.unchanged import record

    written = [change.path for change in planned.changes if change.new is not None]
    record(root, disk.asked, written, cache_key(), started)


def check(arguments: argparse.Namespace) -> int:
    """Report, and write nothing."""
    _, run = _compile(_root(arguments))
    _say(run, arguments.format, arguments.verbose)
    if run.report.failed:
        return WRONG
    if arguments.format == "text" and run.project is not None:
        print(f"mlops.yaml is good: {len(run.project.stages)} stages, {len(run.files)} files to write")
    return DONE


def plan(arguments: argparse.Namespace) -> int:
    """Show the changes, and the stages that would run."""
    from ..show.reruns import reruns

    disk, run, planned = _planned(_root(arguments), [])
    again = reruns(run.project, disk, run.params) if run.project is not None and run.params is not None else []
    if arguments.format == "json":
        import json

        changes = [] if planned is None else [{"path": c.path, "action": c.action} for c in planned.changes]
        stages = [{"stage": each.stage, "reasons": each.reasons} for each in again]
        print(json.dumps({"version": 1, "failed": run.report.failed, "files": changes, "stages": stages}, indent=2))
        return WRONG if run.report.failed else DONE
    _say(run, "text")
    if planned is None:
        return WRONG
    for change in planned.pending:
        print(f"{change.action:>8} {change.path}")
        if not arguments.no_diff and (diff := change.diff()):
            print("".join(f"         {line}\n" for line in diff.splitlines()), end="")
    if not planned.pending:
        print("files: nothing to do")
    print("stages that `dvc repro` would run:" if again else "stages: nothing to run")
    for each in again:
        print(f"     run {each.stage}: {'; '.join(each.reasons)}")
    return WRONG if run.report.failed else DONE


def explain(arguments: argparse.Namespace) -> int:
    """Show values with their origins."""
    from ..resolve.library import places
    from ..show.explain import as_json, as_text, explain, touched, unknown_stage

    disk, run = _compile(_root(arguments))
    if run.document is None or run.resolved is None or run.project is None:
        _say(run, "text")
        return WRONG
    if arguments.stage and not {arguments.stage}.intersection(run.resolved.entries, run.project.stages):
        roots = run.project.code_roots
        paths = [path for path in places(arguments.stage, disk, roots) if path != "."]
        if rows := next(filter(None, (touched(run.project, path) for path in paths)), []):
            print(as_json(rows) if arguments.format == "json" else as_text(rows), end="")
            return DONE
        if there := next((path for path in paths if disk.kind(path) is not None), None):
            print(as_json([]) if arguments.format == "json" else f"no stage depends on {there}\n", end="")
            return DONE
    if arguments.stage and (problem := unknown_stage(run.resolved, run.project, arguments.stage)) is not None:
        print(f"mlopsc: {problem}", file=sys.stderr)
        return MISUSE
    rows = explain(run.resolved, run.project, run.document, arguments.stage)
    print(as_json(rows) if arguments.format == "json" else as_text(rows), end="")
    return DONE


def graph(arguments: argparse.Namespace) -> int:
    """Draw the pipeline."""
    from ..show.diagram import dot, html, mermaid

    _, run = _compile(_root(arguments))
    if run.project is None:
        _say(run, "text")
        return WRONG
    draw = {"mermaid": mermaid, "dot": dot, "html": html}[arguments.format]
    print(draw(run.project), end="")
    return DONE


def targets(arguments: argparse.Namespace) -> int:
    """Print the conversion matrix."""
    from ..show.support_table import as_json, as_markdown, as_text

    print({"text": as_text, "json": as_json, "markdown": as_markdown}[arguments.format](), end="")
    return DONE


def schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema."""
    import json

    from ...schemas.spec import json_schema

    print(json.dumps(json_schema(), indent=2))
    return DONE


def code(arguments: argparse.Namespace) -> int:
    """Print the page of a code."""
    from ..codes import page

    text = page(arguments.name.upper())
    if text is None:
        print(f"mlopsc: there is no code `{arguments.name}`", file=sys.stderr)
        return MISUSE
    print(text, end="")
    return DONE


def eject(arguments: argparse.Namespace) -> int:
    """Hand all files over to the user."""
    from ..model.snapshot import Disk
    from ..write.eject import eject
    from ..write.lock import read_lock

    root = _root(arguments)
    ours = sorted(read_lock(Disk(root))[0])
    if not arguments.yes:
        print("these files would be yours alone; they work without mlopsc as they are:")
        print("".join(f"  {path}\n" for path in ours) + "run `mlopsc eject --yes` to do it")
        return DONE
    eject(root)
    print(f"{len(ours)} files are yours now; mlops.yaml is left where it is")
    return DONE
