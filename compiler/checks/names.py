"""Names of stages that DVC, a file system or a CI service stumbles over."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostic import Diagnostic
from ..graph import Project

_REFUSED = frozenset("/\\;:$?*\"'<>|!@#%^&()[]{}`~=, \t")
"""What DVC refuses in the name of a stage that it writes itself, and breaks on where somebody else wrote it.
Source: INVALID_STAGENAME_CHARS of DVC 3.67, `dvc/stage/utils.py`, and a literal ``@``."""


def check(project: Project) -> Iterator[Diagnostic]:
    """MLC416 and MLC431."""
    done: set[str] = set()
    for stage in project:
        if stage.entry not in done:
            done.add(stage.entry)
            bad = "".join(sorted({char for char in stage.entry if char in _REFUSED or not char.isprintable()}))
            if bad or not stage.entry:
                what = f"`{stage.entry}` cannot be the name of a stage: it holds `{bad}`"
                yield Diagnostic("MLC416", what, stage.at, help="use letters, digits, `_`, `-` and `.`")
        if not stage.name.isprintable() or any(not out.path.isprintable() for out in stage.outs):
            what = f"`{stage.name!r}` has a control character in its name or in the path of an out"
            yield Diagnostic("MLC431", what, stage.at, help="Make, CI and terminals cannot carry it: take it out")
