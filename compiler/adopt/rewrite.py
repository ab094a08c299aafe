"""Rewrite mlops.yaml for `mlopsc tidy`: the new text, the files that change with it, and DVC's confirmation."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from ..build import Compiled, compile_spec
from ..model.diagnostic import Code, Diagnostic, Report
from ..model.snapshot import Disk
from ..read.document import SPEC_NAME, Document
from ..write.lock import read_lock
from ..write.plan import Change, Plan, plan
from . import oracle
from .guarantee import REJECTED_BY_DVC, differences
from .overlay import Overlay
from .pipeline import DVC_YAML, repository_root
from .spec_text import BOM
from .suggest import with_code
from .tidy import inferred, shapes, tidy

EXTENDS = Code("MLC702", "error", "cannot rewrite a spec that extends another one", help="edit the base spec by hand")
NOT_BUILT = replace(REJECTED_BY_DVC, help="run `mlopsc build` first")
OTHER_STAGE_CHANGED = Code(
    "MLC705", "error", "a stage that needs no code would change", help="nothing was written; report a bug"
)


@dataclass(slots=True)
class Rewrite:
    """The planned changes, a summary to print, and the problems found."""

    plan: Plan = field(default_factory=lambda: Plan(()))
    summary: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    document: Document | None = None


def shorten(root: str, python: str | None = None) -> Rewrite:
    """`mlopsc tidy`: remove what the conventions fill in; every stage stays the same, and none runs again."""
    text, _, rewrite = _read(root)
    if rewrite.report.failed:
        return rewrite
    tidied = tidy(text, partial(_with_text, root))
    before, after = len(text.splitlines()), len(tidied.text.splitlines())
    if tidied.text == text:
        rewrite.summary.append(f"nothing to tidy: {before} lines")
        return rewrite
    _plan(root, text, tidied.text, rewrite)
    if not rewrite.report.failed:
        rewrite.report.add(_verify(root, rewrite.plan, python))
    rewrite.summary += [f"  {edit}" for edit in tidied.edits]
    rewrite.summary.append(f"{before} lines before, {after} after; every stage is the same")
    return rewrite


def add_code(root: str) -> Rewrite:
    """`mlopsc tidy --fix`: add the code that stages run to their deps; only these stages run again."""
    text, compiled, rewrite = _read(root)
    if rewrite.report.failed or compiled.project is None:
        return rewrite
    new, added, skipped = with_code(text, compiled, Disk(root))
    rewrite.summary += [f"  skipped `{entry}`: its deps cannot be edited as they are written" for entry in skipped]
    if not added:
        rewrite.summary.append("nothing was added" if skipped else "no stage lacks code among its deps")
        return rewrite
    recompiled = compile_spec(_with_text(root, new))
    if recompiled.project is None or _others(compiled, added) != _others(recompiled, added):
        rewrite.report.add([OTHER_STAGE_CHANGED.on(None)])
        return rewrite
    new, by_inference = inferred(new, list(added), lambda edited: _with_text(root, edited))
    _plan(root, text, new, rewrite)
    for entry, files in added.items():
        how = ", by `infer: [code]`" if entry in by_inference else ""
        rewrite.summary.append(f"  {entry}: {len(files)} more deps{how}: {', '.join(files)}")
    rewrite.summary.append(f"will run again, and the stages below them if their results change: {', '.join(added)}")
    return rewrite


def _read(root: str) -> tuple[str, Compiled, Rewrite]:
    compiled = compile_spec(Disk(root))
    rewrite = Rewrite(document=compiled.document)
    rewrite.report.add(diagnostic for diagnostic in compiled.report if diagnostic.severity == "error")
    if compiled.document is None or compiled.document.owners:
        rewrite.report.add([] if compiled.document is None else [EXTENDS.on(None)])
        return "", compiled, rewrite
    raw = Disk(root).read(SPEC_NAME) or b""
    return raw.decode("utf-8-sig"), compiled, rewrite


def _with_text(root: str, text: str) -> Overlay:
    return Overlay(root, {SPEC_NAME: text.encode("utf-8")})


def _others(compiled: Compiled, edited: Iterable[str]) -> dict[str, str]:
    """The pipeline without the edited stages."""
    dvc = dict(compiled.project.dvc) if compiled.project is not None else {}
    stages = {name: body for name, body in (dvc.get("stages") or {}).items() if name not in set(edited)}
    return shapes({**dvc, "stages": stages})


def _plan(root: str, text: str, new: str, rewrite: Rewrite) -> None:
    compiled = compile_spec(_with_text(root, new))
    rewrite.report.add(diagnostic for diagnostic in compiled.report if diagnostic.severity == "error")
    if rewrite.report.failed:
        return
    disk = Disk(root)
    lock, _ = read_lock(disk)
    generated, problems = plan(compiled.files, lock, disk, compiled.inputs)
    rewrite.report.add(problems)
    old = disk.read(SPEC_NAME) or b""
    mark = BOM if old.startswith(BOM) else b""
    spec = Change(SPEC_NAME, "update", old, mark + new.encode("utf-8"))
    rewrite.plan = Plan((spec, *generated.writes))


def _verify(root: str, planned: Plan, python: str | None) -> list[Diagnostic]:
    """Ask DVC whether any stage changes."""
    repository = repository_root(root)[0]
    folder = os.path.relpath(os.path.realpath(root), repository)
    prefix = "" if folder == "." else f"{folder}/"
    write = {prefix + change.path: change.new for change in planned.writes if change.new is not None}
    before, after, problems = oracle.ask(repository, [prefix + DVC_YAML], write, python)
    if problems or before is None:
        return problems
    if after is None:
        return [NOT_BUILT.on(None, path=prefix + DVC_YAML, reason="; ".join(before.problems.values()))]
    return differences(before, after)
