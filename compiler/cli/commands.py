"""The commands around the build: each runs the phases that it needs and prints the result."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from ..build import Compiled
from ..model.snapshot import Disk
from ..read.document import SPEC_NAME
from ..read.root import find_root
from ..write.plan import Plan
from . import DONE, MISUSE, WRONG, cache_key
from .output import misuse, print_report

MAX_DIFF = 20
"""Lines of the diff of one file that `mlopsc plan` shows."""


def root_of(arguments: argparse.Namespace) -> str:
    """The root of the project that a command is called for."""
    return find_root(arguments.root or ".")


def _compile(root: str, name: str = SPEC_NAME) -> tuple[Disk, Compiled]:
    from ..build import compile_spec

    disk = Disk(root)
    return disk, compile_spec(disk, name)


def _plan(root: str, overwrite: list[str]) -> tuple[Disk, Compiled, Plan | None]:
    """Compile, and plan the changes; no plan if the spec has errors."""
    from ..write.lock import read_lock
    from ..write.plan import plan

    disk, compiled = _compile(root)
    if compiled.report.failed:
        return disk, compiled, None
    lock, diagnostics = read_lock(disk)
    compiled.report.add(diagnostics)
    changes, diagnostics = plan(compiled.files, lock, disk, compiled.inputs, overwrite)
    if any(change.path == "dvc.yaml" and change.action == "conflict" for change in changes.changes):
        from ..adopt.dvc_edits import with_edits

        diagnostics = with_edits(diagnostics, compiled.files, lock, disk, root)
    compiled.report.add(diagnostics)
    return disk, compiled, changes


def build(arguments: argparse.Namespace) -> int:
    """Write all files; with ``--check`` list the stale ones."""
    root = root_of(arguments)
    if arguments.watch:
        from .watch import watch

        return watch(root, lambda: _build(root, arguments))
    return _build(root, arguments)[0]


def _build(root: str, arguments: argparse.Namespace) -> tuple[int, Disk]:
    from ..resolve.code.graph import STATE
    from ..write.journal import apply, recover
    from ..write.unchanged import keep, record

    started = time.time_ns()
    recovered = [] if arguments.check else recover(root)
    disk, compiled, plan = _plan(root, arguments.overwrite)
    compiled.report.add(recovered)
    if plan is not None and not compiled.report.failed and not arguments.check:
        compiled.report.add(apply(plan, root))
    print_report(compiled, arguments.format, arguments.verbose)
    if plan is None or compiled.report.failed:
        return WRONG, disk
    if arguments.check and plan.pending:
        for change in plan.pending:
            print(f"stale: {change.path} ({change.action})", file=sys.stderr)
        print("run `mlopsc build` and commit the files it writes", file=sys.stderr)
        return WRONG, disk
    if compiled.resolved is not None and (state := compiled.resolved.code.state()) is not None:
        keep(root, STATE, state)
    record(root, disk.asked, [change.path for change in plan.changes if change.new is not None], cache_key(), started)
    if arguments.format == "text":
        for change in plan.pending:
            print(f"{change.action:>7} {change.path}")
        if any(change.path in ("Makefile", "GNUmakefile") and change.action == "create" for change in plan.pending):
            print("next: commit these files, then run `make setup` and `make pipeline`")
        if not plan.pending:
            print("nothing to do: all files are up to date")
    return DONE, disk


def check(arguments: argparse.Namespace) -> int:
    """Report all problems, and write nothing."""
    root, name = root_of(arguments), SPEC_NAME
    if arguments.spec is not None:
        path = os.path.join(arguments.root or ".", arguments.spec)
        if not os.path.exists(path):
            misuse(f"`{arguments.spec}` does not exist")
            return MISUSE
        root, name = (path, name) if os.path.isdir(path) else (os.path.dirname(path) or ".", os.path.basename(path))
    _, compiled = _compile(root, name)
    compiled.report = compiled.report.for_check()
    print_report(compiled, arguments.format, arguments.verbose)
    if compiled.report.failed:
        return WRONG
    if arguments.format == "text" and compiled.project is not None:
        from ..show.render.text import amount

        stages, files = len(compiled.project.stages), len(compiled.files)
        print(f"{name} is valid: {amount(stages, 'stage')}, {amount(files, 'file')} to write")
    return DONE


def plan(arguments: argparse.Namespace) -> int:
    """Show the changes of a build, and the stages that DVC would run."""
    from ..show.reruns import reruns

    disk, compiled, plan = _plan(root_of(arguments), [])
    has_project = compiled.project is not None and compiled.params is not None
    stages = reruns(compiled.project, disk, compiled.params) if has_project else []  # type: ignore[arg-type]
    failed = compiled.report.failed
    if arguments.format == "json":
        import json

        files = [] if plan is None else [{"path": change.path, "action": change.action} for change in plan.changes]
        runs = [{"stage": rerun.stage, "reasons": rerun.reasons} for rerun in stages if rerun.reasons]
        cosmetic = [{"stage": rerun.stage, "files": rerun.cosmetic} for rerun in stages if not rerun.reasons]
        data = {"version": 1, "failed": failed, "files": files, "stages": runs, "cosmetic": cosmetic}
        print(json.dumps(data, indent=2))
        return WRONG if failed else DONE
    print_report(compiled, "text")
    if plan is None:
        return WRONG
    running = [rerun for rerun in stages if rerun.reasons]
    print("stages that would run:" if running else "stages: nothing to run")
    for rerun in running:
        print(f"     run {rerun.stage}: {'; '.join(rerun.reasons)}")
    for rerun in stages:
        if not rerun.reasons:
            print(f"cosmetic {rerun.stage}: nothing to run; comments or layout of {', '.join(rerun.cosmetic)} changed")
    print("files:" if plan.pending else "files: nothing to do")
    for change in plan.pending:
        print(f"{change.action:>8} {change.path}")
        if not arguments.no_diff:
            _print_diff(change.diff().splitlines(), None if arguments.full else MAX_DIFF)
    return WRONG if failed else DONE


def _print_diff(lines: Sequence[str], limit: int | None) -> None:
    """Print the lines of a diff, up to a limit."""
    print("".join(f"         {line}\n" for line in lines[:limit]), end="")
    if limit is not None and len(lines) > limit:
        print(f"         ... {len(lines) - limit} more lines; `--full` shows them")


def explain(arguments: argparse.Namespace) -> int:
    """Show the values of stages with their origins, or the stages that a path affects."""
    from ..checks.code import CodeDeps
    from ..resolve.library import places
    from ..show.explain import as_json, as_text, explain, touched, unknown_stage

    disk, compiled = _compile(root_of(arguments))
    document, resolved, project = compiled.document, compiled.resolved, compiled.project
    if document is None or resolved is None or project is None:
        print_report(compiled, "text")
        return WRONG
    name, is_json = arguments.stage, arguments.format == "json"
    if name and name not in resolved.entries and name not in project.stages:
        paths = [path for path in places(name, disk, project.code_roots) if path != "."]
        code = CodeDeps(project, disk, resolved.code)
        if rows := next(filter(None, (touched(project, path, code) for path in paths)), []):
            print(as_json(rows) if is_json else as_text(rows), end="")
            return DONE
        if existing := next((path for path in paths if disk.kind(path) is not None), None):
            print(as_json([]) if is_json else f"no stage depends on {existing}\n", end="")
            return DONE
    if name and (problem := unknown_stage(resolved, project, name)) is not None:
        misuse(problem)
        return MISUSE
    rows = explain(resolved, project, document, name)
    print(as_json(rows) if is_json else as_text(rows), end="")
    return DONE


def targets(arguments: argparse.Namespace) -> int:
    """Print the support table: as text that of the project's targets, else of all."""
    from ..show.support_table import as_json, as_markdown, as_text

    if arguments.format == "text":
        from ..installed import installed

        if unknown := [name for name in arguments.targets if name not in installed()]:
            misuse(f"there is no target `{unknown[0]}`; there are: {', '.join(installed())}")
            return MISUSE
        project = None if arguments.all or arguments.targets else _compile(root_of(arguments))[1].project
        print(as_text(arguments.targets or (project.targets if project is not None else None)), end="")
    else:
        print({"json": as_json, "markdown": as_markdown}[arguments.format](), end="")
    return DONE


def schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema."""
    import json

    from ...schemas.published import json_schema

    print(json.dumps(json_schema(), indent=2))
    return DONE


def code(arguments: argparse.Namespace) -> int:
    """Print the page of a code."""
    from ..codes import page

    text = page(arguments.name.upper())
    if text is None:
        misuse(f"unknown code `{arguments.name}`")
        return MISUSE
    if arguments.format == "json":
        import json

        text = json.dumps({"version": 1, "code": arguments.name.upper(), "page": text}, indent=2) + "\n"
    print(text, end="")
    return DONE


def lsp(arguments: argparse.Namespace) -> int:
    """Start the language server."""
    import gc
    from importlib.util import find_spec

    if find_spec("pygls") is None:
        misuse("the language server needs the package `pygls`; install it with: pip install 'mlopsc[lsp]'")
        return MISUSE
    from ..lsp.server import serve

    gc.enable()  # unlike other commands, it runs for hours
    gc.freeze()
    gc.set_threshold(
        200_000, 10, 100
    )  # an analysis makes many objects and little garbage: it takes two thirds of the time
    serve()
    return DONE


def eject(arguments: argparse.Namespace) -> int:
    """Stop managing the emitted files."""
    from ..write.eject import eject
    from ..write.lock import read_lock

    root = root_of(arguments)
    files = sorted(read_lock(Disk(root))[0])
    if not arguments.yes:
        print("mlopsc would stop managing these files, which work without it:")
        print("".join(f"  {path}\n" for path in files) + "run `mlopsc eject --yes` to do it")
        return DONE
    eject(root)
    print(f"mlopsc no longer manages {len(files)} files; mlops.yaml stays in place")
    return DONE
