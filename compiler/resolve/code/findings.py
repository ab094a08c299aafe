"""What a walk over code has met so far."""

from __future__ import annotations

from ...model.diagnostic import Code
from ..command import ROOT
from .problems import DYNAMIC, Loaded, Problem
from .record import FILE, UNKNOWN


class Findings:
    """Files, modules, programs and problems, each once and in the order in which they are met.

    ``origin`` is the file and the line that are followed at the moment; the file is None for the command of a stage.
    """

    def __init__(self) -> None:
        self.started: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.missing: dict[str, None] = {}
        self.problems: dict[Problem, None] = {}
        self.modules: dict[str, bool] = {}
        self.programs: dict[str, None] = {}
        self.python = False
        self.origin: tuple[str | None, int] = (None, 1)

    def loaded(self) -> Loaded:
        """All findings, as the result of the walk."""
        return Loaded(tuple(self.started), tuple(sorted(self.files)), tuple(self.missing), tuple(self.problems),
                      tuple(sorted(self.modules)), frozenset(name for name, needed in self.modules.items() if not needed),
                      tuple(sorted(self.programs)), self.python)  # fmt: skip

    def module(self, name: str, optional: bool = False) -> None:
        """Note a module that is not of this repository."""
        self.modules[name] = self.modules.get(name, False) or not optional

    def problem(self, code: Code, file: str | None, line: int, text: str = "", /, **values: str) -> None:
        """Report a problem at a line of a file."""
        self.problems[Problem(code, file, line, text, tuple(values.items()))] = None

    def dynamic(self, text: str, what: str, path: str | None = None, line: int = 0) -> None:
        """Report code that is only known when it runs: ``text``, at ``path`` and ``line`` or at the origin."""
        path, line = (path, line) if path is not None else self.origin
        text = text.replace(UNKNOWN, "…").replace(ROOT + "/", "").replace(FILE + "/../", "")
        shown = f": `{text[:60]}`" if text and text != "…" else ""
        self.problem(DYNAMIC, path, line, text if "…" not in text else "", what=what, shown=shown)
