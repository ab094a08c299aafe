"""Diagnostics as data; `show.render` decides how they look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from .source import At, Place

Severity = Literal["error", "warning", "note"]
Safety = Literal["safe", "unsafe", "shown"]


@dataclass(frozen=True, slots=True)
class Label:
    """A second place of a diagnostic, with its relation to the problem."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """An edit that fixes the problem: replace the text at ``place`` by ``replacement`` (YAML).

    A ``safe`` fix keeps the meaning of everything else, an ``unsafe`` one may change it; ``shown`` is for display only.
    """

    place: Place
    replacement: str
    safety: Safety = "shown"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: its stable code, what is wrong here, where, and what to do about it.

    ``in_check`` is the severity in `mlopsc check`, where that differs from a build's: what may only be missing on this disk
    stops no build. ``subject`` is the path or name that it is about, where several may share one place. ``cause`` is what several diagnostics
    have in common: they are reported as one.
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
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem: its number, severity, message and help, each defined once.

    ``message`` and ``help`` are templates for `str.format`, so literal braces are doubled. Their values are arguments of `at`
    and `on`. Add a note, labels or a fix to the returned diagnostic with `dataclasses.replace`.
    """

    number: str
    severity: Severity
    message: str
    help: str = ""
    in_check: Severity | None = None

    def at(self, *path: str | int, **values: object) -> Diagnostic:
        """The diagnostic at the value of a path in the spec."""
        return self.on(At(path), **values)

    def at_key(self, *path: str | int, **values: object) -> Diagnostic:
        """The diagnostic at the last key of a path in the spec."""
        return self.on(At(path, key=True), **values)

    def on(self, place: Place | None, **values: object) -> Diagnostic:
        """The diagnostic at a place, or without one."""
        return Diagnostic(
            self.number, self.message.format(**values), place, help=self.help.format(**values), severity=self.severity,
            in_check=self.in_check,
        )  # fmt: skip


@dataclass(slots=True)
class Report:
    """The diagnostics of a run, in the order of the phases."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Append the diagnostics of a phase."""
        self.diagnostics.extend(diagnostics)

    def for_check(self) -> Report:
        """The same with the severities of `mlopsc check`."""
        return Report([replace(d, severity=d.in_check) if d.in_check else d for d in self.diagnostics])

    @property
    def failed(self) -> bool:
        """Whether any of them is an error."""
        return any(d.severity == "error" for d in self.diagnostics)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.diagnostics)
