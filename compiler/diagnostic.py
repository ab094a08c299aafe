"""What the compiler has to say about a spec, as data. How it looks is decided in `render`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .record import Record, field
from .span import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Severity = Literal["error", "warning", "note"]
    Safety = Literal["safe", "unsafe", "shown"]


class Label(Record):
    """A second place that a diagnostic points at, with what it has to do with the matter."""

    place: Place
    text: str


class Fix(Record):
    """An edit that would cure the problem: ``place`` is to hold ``replacement`` (YAML text).

    ``safe`` keeps the meaning of everything else, ``unsafe`` may not, ``shown`` is for reading only.
    """

    place: Place
    replacement: str
    safety: Safety = "shown"


class Diagnostic(Record):
    """One problem: its stable code, what is wrong here, where, and what to do about it."""

    code: str
    message: str
    place: Place | None = None
    note: str = ""
    help: str = ""
    labels: tuple[Label, ...] = ()
    fix: Fix | None = None
    severity: Severity = "error"


class Report(Record, frozen=False):
    """The diagnostics of a run, in the order in which they were found."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(self, found: Iterable[Diagnostic]) -> None:
        """Append what a phase found."""
        self.diagnostics.extend(found)

    @property
    def failed(self) -> bool:
        """Whether any of them is an error."""
        return any(d.severity == "error" for d in self.diagnostics)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.diagnostics)
