"""The files that Git tracks, from its index. Format: https://git-scm.com/docs/index-format"""

from __future__ import annotations

import posixpath
import struct
from bisect import bisect_left
from collections.abc import Iterator

from ..model.snapshot import Snapshot

_FIXED = 62
"""The bytes of an entry before its path."""
_EXTENDED = 0x4000


def tracked(snapshot: Snapshot) -> list[str]:
    """The paths that Git tracks, from the top of the repository, sorted; empty if the index cannot be read."""
    up = posixpath.relpath("/", f"/{snapshot.here}")
    raw = snapshot.read(posixpath.normpath(f"{up}/.git/index"))
    try:
        return sorted(_paths(raw)) if raw is not None else []
    except (struct.error, IndexError, ValueError):
        return []


def first_under(paths: list[str], path: str) -> str | None:
    """The first of the sorted ``paths`` that is ``path`` or lies in it."""
    for start in (path, f"{path}/"):
        index = bisect_left(paths, start)
        if index < len(paths) and (paths[index] == path or paths[index].startswith(f"{path}/")):
            return paths[index]
    return None


def _paths(raw: bytes) -> Iterator[str]:
    signature, version, count = struct.unpack_from(">4sII", raw)
    if signature != b"DIRC" or version not in (2, 3, 4):
        return
    offset, before = 12, b""
    for _ in range(count):
        (flags,) = struct.unpack_from(">H", raw, offset + 60)
        start = offset + _FIXED + (2 if flags & _EXTENDED else 0)
        if version == 4:
            dropped, start = _number(raw, start)
            end = raw.index(b"\0", start)
            path = before[: len(before) - dropped] + raw[start:end]
            offset = end + 1
        else:
            end = raw.index(b"\0", start)
            path = raw[start:end]
            offset += (end - offset) // 8 * 8 + 8  # padded with one to eight zeros
        before = path
        yield path.decode("utf-8", "surrogateescape")


def _number(raw: bytes, offset: int) -> tuple[int, int]:
    """A number as Git packs offsets, and where it ends."""
    byte = raw[offset]
    value = byte & 127
    while byte & 128:
        offset += 1
        byte = raw[offset]
        value = ((value + 1) << 7) | (byte & 127)
    return value, offset + 1
