"""The guarantee of an import: DVC resolves the same stages before and after, and `dvc status` prints the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from itertools import groupby, islice

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
    if not before.problems and before.code and whole:
        yield STATUS_FAILS.on(None, reason=" ".join(before.errors.split()))


def differences(before: Answer, after: Answer) -> list[Diagnostic]:
    """What would not stay the same."""
    diagnostics = [diagnostic for path in before.pipelines for diagnostic in _pipeline_differences(path, before, after)]
    if not diagnostics and (before.code, _normalized(before.status)) != (after.code, _normalized(after.status)):
        lines = unified_diff(
            before.status.splitlines(), (after.status + after.errors).splitlines(), "before", "after", n=1, lineterm=""
        )
        diagnostics.append(STATUS_CHANGED.on(None, diff="\n".join(islice(lines, MAX_DIFF_LINES))))
    return diagnostics


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


def _normalized(status: str) -> list[str]:
    """The lines of `dvc status`, with the changes of each stage sorted: DVC prints them in the order of dvc.yaml."""
    return [line for _, group in groupby(status.splitlines(), _group) for line in sorted(group)]


def _group(line: str) -> int | str:
    """Consecutive list items form a group; any other line is a group of its own."""
    return 2 if line.startswith("\t\t") else line
