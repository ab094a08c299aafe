"""A spec rewritten behind the guarantee: the new text, the files that go with it, and DVC's word that all is the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from ..build import Compiled, compile_spec
from ..model.diagnostic import Diagnostic, Report
from ..model.snapshot import Disk
from ..read.document import SPEC_NAME, Document
from ..write.lock import read_lock
from ..write.plan import Change, Plan, plan
from . import oracle
from .road import DVC, Overlay, differences, top_of
from .suggest import with_code
from .tidy import shapes, tidied


@dataclass(slots=True)
class Rewrite:
    """The changes, what is to be told about them, and what is wrong."""

    plan: Plan = field(default_factory=lambda: Plan(()))
    account: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    document: Document | None = None


def shortened(root: str) -> Rewrite:
    """`mlopsc tidy`: every stage stays the same, and nothing runs again."""
    text, _, made = _read(root)
    if made.report.failed:
        return made
    found = tidied(text, partial(_with, root))
    before, after = len(text.splitlines()), len(found.text.splitlines())
    if found.text == text:
        made.account.append(f"nothing to tidy: {before} lines")
        return made
    _planned(root, text, found.text, made)
    if not made.report.failed:
        made.report.add(_same(root, made.plan))
    made.account += [f"  {line}" for line in found.done] + [
        f"{before} lines before, {after} after; every stage is the same"
    ]
    return made


def fixed(root: str) -> Rewrite:
    """`mlopsc tidy --fix`: stages depend on the code they run; those, and only those, run once more."""
    text, run, made = _read(root)
    if made.report.failed or run.project is None:
        return made
    new, added, left = with_code(text, run, Disk(root))
    made.account += [f"  left: `{entry}` is written so that its deps cannot be added to" for entry in left]
    if not added:
        made.account.append("no stage lacks code among its deps" if not left else "nothing was added")
        return made
    again = _compiled(root, new)
    if again.project is None or _others(run, added) != _others(again, added):
        made.report.add([Diagnostic("MLC705", "a stage that was not fixed would not stay the same", help="tell us")])
        return made
    _planned(root, text, new, made)
    for entry, files in added.items():
        made.account.append(f"  {entry}: {len(files)} more deps: {', '.join(files)}")
    made.account.append(f"will run once more, and what depends on them if their results change: {', '.join(added)}")
    return made


def _read(root: str) -> tuple[str, Compiled, Rewrite]:
    run = compile_spec(Disk(root))
    made = Rewrite(document=run.document)
    made.report.add(each for each in run.report if each.severity == "error")
    if run.document is None or run.document.owners:
        made.report.add([] if run.document is None else [_extends()])
        return "", run, made
    raw = Disk(root).read(SPEC_NAME) or b""
    return raw.decode("utf-8-sig"), run, made


def _extends() -> Diagnostic:
    return Diagnostic("MLC702", "a spec that extends another is not rewritten", help="tidy the base spec by hand")


def _compiled(root: str, text: str) -> Compiled:
    return compile_spec(_with(root, text))


def _with(root: str, text: str) -> Overlay:
    return Overlay(root, {SPEC_NAME: text.encode("utf-8")})


def _others(run: Compiled, but: Iterable[str]) -> dict[str, str]:
    dvc = dict(run.project.dvc) if run.project is not None else {}
    left = {name: body for name, body in (dvc.get("stages") or {}).items() if name not in set(but)}
    return shapes({**dvc, "stages": left})


def _planned(root: str, text: str, new: str, made: Rewrite) -> None:
    run = _compiled(root, new)
    made.report.add(each for each in run.report if each.severity == "error")
    if made.report.failed:
        return
    disk = Disk(root)
    lock, _ = read_lock(disk)
    planned, found = plan(run.files, lock, disk, run.inputs)
    made.report.add(found)
    old = disk.read(SPEC_NAME) or b""
    mark = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
    made.plan = Plan((Change(SPEC_NAME, "update", old, mark + new.encode("utf-8")), *planned.writes))


def _same(root: str, planned: Plan) -> list[Diagnostic]:
    top = top_of(root)[0]
    here = os.path.relpath(os.path.realpath(root), top)
    lead = "" if here == "." else f"{here}/"
    write = {lead + change.path: change.new for change in planned.writes if change.new is not None}
    before, after, problems = oracle.ask(top, [lead + DVC], write)
    if problems or before is None:
        return problems
    if after is None:
        why = "; ".join(before.problems.values())
        return [Diagnostic("MLC703", f"DVC itself does not take `{lead}{DVC}`: {why}", help="run `mlopsc build` first")]
    return list(differences(before, after))
