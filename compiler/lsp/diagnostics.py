"""The diagnostics of a project in the form of the protocol, by file, and the edits that fix them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from lsprotocol import types as lsp

from ..model.diagnostic import Fix
from ..model.source import Source, Span
from ..read.document import SPEC_NAME
from ..show.render import Located
from .analysis import Analysis
from .generated import is_generated
from .lines import Lines
from .projects import uri_of

_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
SOURCE = "mlopsc"
START = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))


class Places:
    """Spans of a project as URIs and ranges. ``encoding`` is what the client counts columns in."""

    def __init__(self, root: str, encoding: lsp.PositionEncodingKind | str) -> None:
        self.root, self.encoding = root, encoding
        self._lines: dict[Source, Lines] = {}

    def lines(self, source: Source) -> Lines:
        """The lines of a source."""
        if source not in self._lines:
            self._lines[source] = Lines(source.text, self.encoding)
        return self._lines[source]

    def range(self, span: Span) -> lsp.Range:
        """The range of a span."""
        return self.lines(span.source).range(span.start, span.end)

    def uri(self, name: str) -> str:
        """The URI of a file of the spec; one of an installed package is looked up."""
        package, colon, file = name.partition(":")
        spec = find_spec(package) if colon and package.isidentifier() else None
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            return uri_of(os.path.join(folder, file))
        return uri_of(os.path.join(self.root, name))


def by_uri(analysis: Analysis, places: Places) -> dict[str, list[lsp.Diagnostic]]:
    """The diagnostics of an analysis by the URI of their file; those without a place are at the top of the spec."""
    diagnostics: defaultdict[str, list[lsp.Diagnostic]] = defaultdict(list)
    for located in analysis.located:
        name = located.span.source.name if located.span is not None else SPEC_NAME
        diagnostics[places.uri(name)].append(_diagnostic(located, places))
    return dict(diagnostics)


def _diagnostic(located: Located, places: Places) -> lsp.Diagnostic:
    diagnostic = located.diagnostic
    lines = [diagnostic.message, diagnostic.note, f"help: {diagnostic.help}" if diagnostic.help else ""]
    related = [
        lsp.DiagnosticRelatedInformation(lsp.Location(places.uri(span.source.name), places.range(span)), text)
        for span, text in located.labels
    ]
    return lsp.Diagnostic(
        range=places.range(located.span) if located.span is not None else START,
        message="\n".join(filter(None, lines)),
        severity=_SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source=SOURCE,
        related_information=related or None,
    )


def fixes(analysis: Analysis) -> Iterator[tuple[Located, Fix, Span]]:
    """The diagnostics that an edit fixes, each with the place of the edit."""
    for located in analysis.located:
        fix = located.diagnostic.fix
        if fix is None or fix.safety == "shown":
            continue
        if isinstance(fix.place, Span):
            yield located, fix, fix.place
        elif analysis.compiled.document is not None:
            yield located, fix, analysis.compiled.document.span(fix.place)


def generated(text: str) -> lsp.Diagnostic | None:
    """The information that a file is made from mlops.yaml, for a file that mlopsc wrote."""
    first = text.partition("\n")[0]
    if not is_generated(text):
        return None
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(0, len(first)))
    message = "this file is made from mlops.yaml: edit that; `mlopsc build` writes this file again"
    return lsp.Diagnostic(whole, message, severity=lsp.DiagnosticSeverity.Information, source=SOURCE)


def changed(
    published: Mapping[str, list[lsp.Diagnostic]], before: set[str]
) -> Iterator[tuple[str, list[lsp.Diagnostic]]]:
    """What to publish: the diagnostics of each file, and none for the files that had some."""
    yield from published.items()
    yield from ((uri, []) for uri in before - published.keys())
