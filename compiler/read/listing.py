"""Which paths exist, with one question for each directory instead of one for each path."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from ..model.snapshot import Snapshot


@dataclass(slots=True)
class Listing:
    """The names in the directories of a repository, each directory listed once, and none that does not exist."""

    snapshot: Snapshot
    _names: dict[str, frozenset[str]] = field(default_factory=dict)

    def exists(self, path: str) -> bool:
        """Whether there is something at a normalised relative path."""
        if path in ("", ".") or path.split("/")[-1] == "..":
            return True
        folder, name = posixpath.split(path)
        return name in self.names(folder)

    def names(self, folder: str) -> frozenset[str]:
        """The names in a directory; none where there is no directory."""
        if folder not in self._names:
            self._names[folder] = frozenset(self.snapshot.list(folder)) if self.exists(folder) else frozenset()
        return self._names[folder]
