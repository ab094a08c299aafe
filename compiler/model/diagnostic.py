"""What the compiler has to say about a spec, as data. How it looks is decided in `render`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from .source import At, Place

Severity = Literal["error", "warning", "note"]
Safety = Literal["safe", "unsafe", "shown"]


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a diagnostic points at, with what it has to do with the matter."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """An edit that would cure the problem: ``place`` is to hold ``replacement`` (YAML text).

    ``safe`` keeps the meaning of everything else, ``unsafe`` may not, ``shown`` is for reading only.
    """

    place: Place
    replacement: str
    safety: Safety = "shown"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: its stable code, what is wrong here, where, and what to do about it.

    ``in_check`` is the severity in `mlopsc check`, where that differs from a build's: what may only be missing on this disk
    stops no build. ``subject`` is the path or name that it is about, where several may share one place.
    """

    code: str
    message: str
    place: Place | None = None
    note: str = ""
    help: str = ""
    labels: tuple[Label, ...] = ()
    fix: Fix | None = None
    severity: Severity = "error"
    in_check: Severity | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem: its number, severity, message and help, each stated once.

    ``message`` and ``help`` are templates for `str.format`; a brace in them is doubled. What a template names is given to `at`
    or `on`, and is never read as a template again. `dataclasses.replace` adds a note, labels or a fix to what they return.
    """

    number: str
    severity: Severity
    message: str
    help: str = ""
    in_check: Severity | None = None

    def at(self, *path: str | int, **values: object) -> Diagnostic:
        """The problem at the value of this path in the spec."""
        return self.on(At(path), **values)

    def at_key(self, *path: str | int, **values: object) -> Diagnostic:
        """The problem at the last key of this path in the spec."""
        return self.on(At(path, key=True), **values)

    def on(self, place: Place | None, **values: object) -> Diagnostic:
        """The problem at any place, or at none."""
        return Diagnostic(
            self.number, self.message.format(**values), place, help=self.help.format(**values), severity=self.severity,
            in_check=self.in_check,
        )  # fmt: skip


@dataclass(slots=True)
class Report:
    """The diagnostics of a run, in the order in which they were found."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(self, found: Iterable[Diagnostic]) -> None:
        """Append what a phase found."""
        self.diagnostics.extend(found)

    def for_check(self) -> Report:
        """The same with the severities of `mlopsc check`."""
        return Report([replace(d, severity=d.in_check) if d.in_check else d for d in self.diagnostics])

    @property
    def failed(self) -> bool:
        """Whether any of them is an error."""
        return any(d.severity == "error" for d in self.diagnostics)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.diagnostics)
