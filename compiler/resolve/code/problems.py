"""What reading code gives: the files, and what could not be told."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...model.diagnostic import Code, Diagnostic
from ...model.source import Place, Source, Span

UNREADABLE = Code(
    "MLC310",
    "warning",
    "`{path}` cannot be parsed: {why}",
    "correct it, unless it is for a newer Python; what it imports is only guessed at, line by line",
)
DYNAMIC = Code(
    "MLC311", "warning", "{what} is only known when it runs{shown}", "add the code that it loads to the stage's `deps`"
)
FOREIGN = Code(
    "MLC312",
    "warning",
    "`{path}` is {language}, which mlopsc does not read: the files that it loads are unknown",
    "add the files that it loads to the stage's `deps`",
)
UNDECLARED = Code(
    "MLC313", "warning", "`{module}` is in no requirements file, and this repository has no module of that name",
    "add it to the requirements; if it is code of this repository, name its folder under `code.roots`",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be told: in which file and line (None: in the command line), and the text that stands there."""

    code: Code
    path: str | None
    line: int
    text: str
    values: tuple[tuple[str, str], ...]

    @property
    def cause(self) -> tuple[str, ...]:
        """What is the same for problems with one cause: a module that is not required, a file that loads in one dynamic way."""
        values = dict(self.values)
        if self.code is UNDECLARED:
            return self.code.number, values["module"]
        if self.code is DYNAMIC:
            return self.code.number, self.path or "", values["what"], self.text if self.path is None else ""
        return self.code.number, self.path or ""

    def on(self, place: Place | None) -> Diagnostic:
        """The problem at a place of the spec."""
        return self.code.on(place, **dict(self.values))

    def within(self, source: Source) -> Diagnostic:
        """The problem at its place in its own file."""
        return self.on(Span(source, *_place(self, source)))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a command runs: the files that it starts, all that these load, and those that it names and that are not there.

    Paths are from the repository's root. ``modules`` are those that are imported from elsewhere, by their full name and those
    of what is imported from them; ``optional`` the ones among them that may be missing. ``programs`` are installed ones, by
    name. ``python``: whether Python runs.
    """

    started: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    modules: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    programs: tuple[str, ...] = ()
    python: bool = False


def _place(problem: Problem, source: Source) -> tuple[int, int]:
    text, whole = problem.text, source.text
    if source.name.endswith(".ipynb"):  # lines of a notebook's code stand in it as JSON
        written = json.dumps(text, ensure_ascii=False)[1:-1]
        at = whole.find(written) if text else -1
        return (at, at + len(written)) if at >= 0 else (0, min(1, len(whole)))
    start = 0
    for _ in range(problem.line - 1):
        start = whole.find("\n", start) + 1
        if not start:
            return 0, min(1, len(whole))
    end = whole.find("\n", start)
    end = len(whole) if end < 0 else end
    at = whole.find(text, start, end) if text else -1
    if at >= 0:
        return at, at + len(text)
    line = whole[start:end]
    first = start + len(line) - len(line.lstrip())
    return first, max(first, start + len(line.rstrip()), min(first + 1, len(whole)))
