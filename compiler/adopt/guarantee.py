"""The guarantee of an import: DVC resolves the same stages before and after, and their status is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from itertools import islice

from ..model.diagnostic import Code, Diagnostic
from .oracle import Answer
from .tidy import stage_shape

FIX_FOR_DVC = "fix it for DVC first, then import"
REPORT_A_BUG = "nothing was written; keep this pipeline in dvc.yaml for now, and report a bug"

REJECTED_BY_DVC = Code("MLC703", "error", "DVC does not accept `{path}`: {reason}", help=FIX_FOR_DVC)
STATUS_FAILS = Code("MLC703", "error", "`dvc status` fails: {reason}", help=FIX_FOR_DVC)
REJECTED_AFTER = Code("MLC705", "error", "DVC would not accept the generated `{path}`: {reason}", help=REPORT_A_BUG)
CHANGED = Code("MLC705", "error", "`{name}` of `{path}` would change", help=REPORT_A_BUG)
STATUS_CHANGED = Code(
    "MLC706",
    "error",
    "the output of `dvc status` would change:\n{diff}",
    help="a stage depends on a folder that the import writes to; make it depend on the files in it that it reads",
)

MAX_DIFF_LINES = 40


def rejections(before: Answer, whole: bool) -> Iterator[Diagnostic]:
    """Why DVC rejects the repository as it is.

    If only some pipelines are imported, `dvc status` may fail because of another one, and that is not reported.
    """
    for path, reason in before.problems.items():
        yield REJECTED_BY_DVC.on(None, path=path, reason=" ".join(reason.split()))
    if not before.problems and before.errors and whole:
        yield STATUS_FAILS.on(None, reason=" ".join(before.errors.split()))


def differences(before: Answer, after: Answer) -> list[Diagnostic]:
    """What would not stay the same."""
    diagnostics = [diagnostic for path in before.pipelines for diagnostic in _pipeline_differences(path, before, after)]
    if not diagnostics and _shown(before) != _shown(after):
        lines = unified_diff(_shown(before), _shown(after), "before", "after", n=1, lineterm="")
        diagnostics.append(STATUS_CHANGED.on(None, diff="\n".join(islice(lines, MAX_DIFF_LINES))))
    return diagnostics


def _shown(answer: Answer) -> list[str]:
    """The status as lines: a stage, and below it what changed. The order in which DVC lists them has no meaning."""
    lines = [answer.errors] if answer.errors else []
    for stage, changes in sorted(answer.status.items()):
        lines.append(f"{stage}:")
        lines += sorted(
            f"    {change if isinstance(change, str) else json.dumps(change, sort_keys=True)}" for change in changes
        )
    return lines


def _pipeline_differences(path: str, before: Answer, after: Answer) -> Iterator[Diagnostic]:
    if path in after.problems:
        yield REJECTED_AFTER.on(None, path=path, reason=after.problems[path])
        return
    old, new = before.pipelines[path], after.pipelines[path]
    for part in old.keys() | new.keys():
        if part == "stages":
            for name in _changed_stages(old.get(part) or {}, new.get(part) or {}):
                yield CHANGED.on(None, name=name, path=path)
        elif old.get(part) != new.get(part):
            yield CHANGED.on(None, name=part, path=path)


def _changed_stages(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """The stages that differ; the order of deps, outs and params is ignored, because DVC sorts them in dvc.lock."""
    return sorted(name for name in old.keys() | new.keys() if stage_shape(old.get(name)) != stage_shape(new.get(name)))
