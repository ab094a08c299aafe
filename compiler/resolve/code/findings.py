"""What a walk over code has met so far."""

from __future__ import annotations

from ...model.diagnostic import Code
from ..command import ROOT
from .problems import DYNAMIC, Loaded, Problem
from .record import FILE, UNKNOWN


class Findings:
    """Files, packages and problems, each once and in the order in which they are met.

    ``origin`` is the file and the line that are followed at the moment; the file is None for the command of a stage.
    """

    def __init__(self) -> None:
        self.started: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.missing: dict[str, None] = {}
        self.problems: dict[Problem, None] = {}
        self.packages: dict[str, None] = {}
        self.origin: tuple[str | None, int] = (None, 1)

    def loaded(self) -> Loaded:
        """All findings, as the result of the walk."""
        return Loaded(tuple(self.started), tuple(sorted(self.files)), tuple(self.missing), tuple(self.problems),
                      tuple(sorted(self.packages)))  # fmt: skip

    def problem(self, code: Code, file: str | None, line: int, text: str = "", /, **values: str) -> None:
        """Report a problem at a line of a file."""
        self.problems[Problem(code, file, line, text, tuple(values.items()))] = None

    def dynamic(self, text: str, what: str, path: str | None = None, line: int = 0) -> None:
        """Report code that is only known when it runs: ``text``, at ``path`` and ``line`` or at the origin."""
        path, line = (path, line) if path is not None else self.origin
        text = text.replace(UNKNOWN, "…").replace(ROOT + "/", "").replace(FILE + "/../", "")
        shown = f": `{text[:60]}`" if text and text != "…" else ""
        self.problem(DYNAMIC, path, line, text if "…" not in text else "", what=what, shown=shown)
