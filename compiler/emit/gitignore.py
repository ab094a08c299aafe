"""Escaping for .gitignore and .dvcignore: https://git-scm.com/docs/gitignore#_pattern_format"""

from __future__ import annotations

import re
from collections.abc import Iterable

_GLOB = re.compile(r"([\\*?\[\]])")


def ignore_pattern(path: str) -> str:
    """A path as a pattern that matches nothing else."""
    pattern = _GLOB.sub(r"\\\1", path)
    stripped = pattern.rstrip(" ")
    return stripped + "\\ " * (len(pattern) - len(stripped))


def ignore_patterns(paths: Iterable[str]) -> str:
    """Lines that match these paths, seen from the folder of the file."""
    return "".join(f"/{ignore_pattern(path)}\n" for path in paths)
