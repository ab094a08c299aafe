"""References: every place in the spec and its params files that mentions a subject."""

from __future__ import annotations

from collections.abc import Iterator

from .analysis import Analysis
from .definition import Location
from .mentions import Mention


def references(analysis: Analysis, mention: Mention, *, with_definition: bool) -> Iterator[Location]:
    """The places that mention what is at the cursor, in the order of the files."""
    names = dict.fromkeys([*sorted(analysis.spec_files), *analysis.params_files])
    for name in names:
        for other in analysis.mentions(name):
            if other.subject == mention.subject and (with_definition or not other.defines):
                yield Location(name, other.start, other.end)
