"""A snapshot of the disk with some files replaced, to compile a spec that is not written yet."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.snapshot import Disk, Kind


class Overlay(Disk):
    """The files on disk, with the content of those in ``replaced``."""

    def __init__(self, root: str, replaced: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self.replaced = dict(replaced)

    def kind(self, path: str) -> Kind | None:
        return "file" if path in self.replaced else super().kind(path)

    def read(self, path: str) -> bytes | None:
        return self.replaced[path] if path in self.replaced else super().read(path)

    def size(self, path: str) -> int | None:
        return len(self.replaced[path]) if path in self.replaced else super().size(path)
