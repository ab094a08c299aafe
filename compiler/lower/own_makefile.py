"""The Makefile of the team that the generated targets stand beside."""

from __future__ import annotations

from ...schemas.stack import Stack
from ..model.project import OwnMakefile
from ..model.snapshot import Snapshot
from ..resolve.code.makefile import read_makefile

NAMES = ("Makefile", "makefile")
"""GNUmakefile is not among them: make reads that first, so the generated file has this name."""

MAX_INCLUDES = 50


def own_makefile(stack: Stack, snapshot: Snapshot) -> OwnMakefile | None:
    """The Makefile with the targets that it and the files it includes define; None without `build: include`."""
    path = next((name for name in NAMES if snapshot.kind(name) == "file"), None)
    if stack.build != "include" or path is None:
        return None
    targets: set[str] = set()
    waiting, seen = [path], set[str]()
    while waiting and len(seen) < MAX_INCLUDES:
        name = waiting.pop()
        if name in seen or (raw := snapshot.read(name)) is None:
            continue
        seen.add(name)
        makefile = read_makefile(raw.decode("utf-8", "replace"))
        targets |= makefile.rules.keys()
        waiting += makefile.includes
    return OwnMakefile(path, frozenset(targets))
