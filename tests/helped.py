"""Specs compiled for their diagnostics, and the fix of a diagnostic carried out as a reader of the help would do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import Span

SPEC = "mlops.yaml"
Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Problem:
    """A diagnostic that is no note, and its place."""

    diagnostic: Diagnostic
    span: Span | None

    @property
    def at(self) -> tuple[str, int, int]:
        """Code, line and column."""
        if self.span is None:
            return self.diagnostic.code, 0, 0
        return self.diagnostic.code, self.span.line, self.span.column


def problems(files: Files) -> list[Problem]:
    """The errors and warnings of a spec."""
    compiled = compile_spec(Memory(files))
    return [
        Problem(diagnostic, _span(compiled, diagnostic))
        for diagnostic in compiled.report
        if diagnostic.severity != "note"
    ]


def fixed(files: Files, diagnostic: Diagnostic) -> dict[str, str | bytes]:
    """The files after the fix of a diagnostic."""
    assert diagnostic.fix is not None
    place = diagnostic.fix.place
    if not isinstance(place, Span):
        document = compile_spec(Memory(files)).document
        assert document is not None
        place = document.span(place)
    text = place.source.text
    return {**files, place.source.name: text[: place.start] + diagnostic.fix.replacement + text[place.end :]}


def assert_fix_works(files: Files, diagnostic: Diagnostic) -> None:
    """The fix removes the diagnostic and causes no other."""
    before = Counter(problem.diagnostic.code for problem in problems(files))
    after = Counter(problem.diagnostic.code for problem in problems(fixed(files, diagnostic)))
    assert after[diagnostic.code] < before[diagnostic.code], (diagnostic.help, fixed(files, diagnostic))
    assert after <= before, (diagnostic.help, after - before)


def _span(compiled: Compiled, diagnostic: Diagnostic) -> Span | None:
    if diagnostic.place is None or isinstance(diagnostic.place, Span):
        return diagnostic.place
    return compiled.document.span(diagnostic.place) if compiled.document is not None else None
