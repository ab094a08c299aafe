"""What is on the disk and in DVC's cache now, held against what dvc.lock says of a path.

Source of the hashes: DVC 3.67 and dvc-data 3.18, `dvc_data/hashfile/hash.py` and `tree.py`: the hash of a directory is the MD5
of its files' hashes and paths as JSON, sorted by path; a lock of DVC 2 has no `hash` and ignores carriage returns of texts.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model.snapshot import Snapshot, inside
from ..read.ignore import DVC, Ignored
from ..read.listing import Listing

_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_BLOCK, _CHUNK = 512, 2**20
_CACHE = re.compile(r"(?ms)^\s*\[\s*['\"]?cache['\"]?\s*\][^\[]*?^\s*dir\s*=\s*([^\n]*)")


class Digests:
    """Answers whether paths are as dvc.lock has them. Each path is hashed once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.ignored = Ignored(snapshot, DVC, Listing(snapshot))
        self.cache = cache_folder(snapshot)
        self._known: dict[tuple[str, bool], str | None] = {}

    def dep_differs(self, path: str, locked: Mapping[str, Any] | None) -> str | None:
        """Why a dep is not what the lock says; None if it is, or if only DVC could tell."""
        if not _can_be_seen(path):
            return None
        if self.snapshot.kind(path) is None:
            return "does not exist"
        return "is new" if locked is None else self._differs(path, locked)

    def out_differs(self, path: str, locked: Mapping[str, Any] | None, cached: bool) -> str | None:
        """Why an out is not what the lock says; None if it is, or if only DVC could tell."""
        if not _can_be_seen(path):
            return None
        if locked is not None and cached and not self._in_cache(locked):
            return "is missing from the cache"
        kind = self.snapshot.kind(path)
        if kind is None or self.ignored.hidden_by(path, kind == "dir"):
            return "does not exist"
        return "is new" if locked is None else self._differs(path, locked)

    def _differs(self, path: str, locked: Mapping[str, Any]) -> str | None:
        expected, name = locked.get("md5"), locked.get("hash")
        if name not in ("md5", None):
            return None
        if expected is None:
            return "is new"
        legacy = name is None
        if (path, legacy) not in self._known:
            self._known[path, legacy] = self._digest(path, legacy)
        return None if self._known[path, legacy] == expected else "changed"

    def _digest(self, path: str, legacy: bool) -> str | None:
        if self.snapshot.kind(path) != "dir":
            return self._file(path, legacy)
        entries = [
            {"md5": self._file(file, legacy), "relpath": posixpath.relpath(file, path)} for file in self._files(path)
        ]
        entries.sort(key=lambda entry: entry["relpath"] or "")
        text = json.dumps(entries, sort_keys=True)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"

    def _file(self, path: str, legacy: bool) -> str | None:
        if not legacy:
            return self.snapshot.md5(path)
        raw = self.snapshot.read(path)
        return None if raw is None else md5_dos2unix(raw)

    def _files(self, path: str) -> Iterator[str]:
        """The files in a directory that DVC sees."""
        for name in self.snapshot.list(path):
            inner = name if path == "." else f"{path}/{name}"
            kind = self.snapshot.kind(inner)
            if self.ignored.hidden_by(inner, kind == "dir"):
                continue
            if kind == "dir":
                if self.snapshot.kind(f"{inner}/.dvc") != "dir":  # a DVC repository of its own
                    yield from self._files(inner)
            else:
                yield inner

    def _in_cache(self, locked: Mapping[str, Any]) -> bool:
        """Whether the cache has an out, of a directory every file; true where it cannot be known."""
        digest = locked.get("md5")
        if self.cache is None or not isinstance(digest, str) or locked.get("hash") not in ("md5", None):
            return True
        folder = f"{self.cache}/files/md5" if locked.get("hash") == "md5" else self.cache
        if not self._has(folder, digest):
            return False
        if not digest.endswith(".dir"):
            return True
        try:
            entries = json.loads(self.snapshot.read(_object(folder, digest)) or b"")
            return all(self._has(folder, entry["md5"]) for entry in entries)
        except (ValueError, TypeError, KeyError):
            return False

    def _has(self, folder: str, digest: str) -> bool:
        return self.snapshot.kind(_object(folder, digest)) == "file"


def _object(folder: str, digest: str) -> str:
    return f"{folder}/{digest[:2]}/{digest[2:]}"


def _can_be_seen(path: str) -> bool:
    """Whether a snapshot can know a path: nothing that is remote or has an absolute path."""
    return "://" not in path and not path.startswith(("/", "~"))


def cache_folder(snapshot: Snapshot) -> str | None:
    """The folder of DVC's cache as seen from here; None if there is none, or it lies outside of the repository."""
    up = ""
    for _ in range(snapshot.here.count("/") + 2 if snapshot.here else 1):
        if snapshot.kind(f"{up}.dvc") == "dir":
            break
        up += "../"
    else:
        return None
    for name in ("config.local", "config"):
        text = (snapshot.read(f"{up}.dvc/{name}") or b"").decode("utf-8", "replace")
        if (match := _CACHE.search(text)) is not None:
            folder = posixpath.normpath(posixpath.join(f"{up}.dvc", match.group(1).strip().strip("'\"")))
            return folder if inside(folder) or snapshot.kind(folder) == "dir" else None
    return f"{up}.dvc/cache"


def md5_dos2unix(raw: bytes) -> str:
    """The hash of a file as DVC 2 made it: what looks like text is hashed without its carriage returns."""
    digest = hashlib.md5(usedforsecurity=False)
    for start in range(0, len(raw), _CHUNK):
        chunk = raw[start : start + _CHUNK]
        digest.update(chunk.replace(b"\r\n", b"\n") if _is_text(chunk[:_BLOCK]) else chunk)
    return digest.hexdigest()


def _is_text(block: bytes) -> bool:
    return b"\0" not in block and len(block.translate(None, _TEXT)) <= 0.3 * len(block)
