"""Which paths `.gitignore` and `.dvcignore` files hide.

The rules of patterns: https://git-scm.com/docs/gitignore#_pattern_format; DVC follows them in `.dvcignore`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..model.snapshot import Snapshot
from .listing import Listing

GIT, DVC = ".gitignore", ".dvcignore"
_NEVER = {DVC: (".hg/", ".git/", ".git", ".dvc/")}
"""What DVC hides without being asked. Source: DVC 3.67, `DvcIgnoreFilter.__init__`."""


_ANY_FOLDER = re.compile(r"!?(?:\*/|/?(?:\*\*/)+(?:\*/)?)\s*")
"""A pattern for all folders, which hides nothing in DVC. Source: pathspec 1.1, by which DVC reads patterns."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file. ``origin`` names the line; ``regex`` is for paths relative to the file's folder."""

    regex: re.Pattern[str]
    origin: str
    hides: bool = True
    folders_only: bool = False


@dataclass(slots=True)
class Ignored:
    """The ignore files called ``name`` in one repository, each read once."""

    snapshot: Snapshot
    name: str
    listing: Listing
    _files: dict[str, tuple[Pattern, ...]] = field(default_factory=dict)
    _known: dict[tuple[str, bool], str | None] = field(default_factory=dict)

    def hidden_by(self, path: str, is_folder: bool = False) -> str | None:
        """The line that hides a path, as ``FILE:LINE: PATTERN``; None where nothing does."""
        full = posixpath.normpath(posixpath.join(self.snapshot.here, path))
        if full == "." or full.startswith(("../", "/")) or full == "..":
            return None
        return self._hidden(full, is_folder)

    def _hidden(self, full: str, is_folder: bool) -> str | None:
        if (full, is_folder) not in self._known:
            parent = posixpath.dirname(full)
            above = self._hidden(parent, True) if parent else None
            self._known[full, is_folder] = above or self._last_match(full, is_folder)
        return self._known[full, is_folder]

    def _last_match(self, full: str, is_folder: bool) -> str | None:
        folder = posixpath.dirname(full)
        while True:
            relative = full[len(folder) + 1 :] if folder else full
            for pattern in reversed(self._patterns(folder)):
                if (is_folder or not pattern.folders_only) and pattern.regex.fullmatch(relative):
                    return pattern.origin if pattern.hides else None
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _patterns(self, folder: str) -> tuple[Pattern, ...]:
        if folder not in self._files:
            path = posixpath.join(folder, self.name)
            file = posixpath.relpath(f"/{path}", f"/{self.snapshot.here}")
            raw = self.snapshot.read(file) if self.listing.exists(file) else None
            lines = (raw or b"").decode("utf-8", "replace").splitlines()
            built_in = _NEVER.get(self.name, ()) if not folder else ()
            self._files[folder] = (
                *patterns([*built_in], "hidden by DVC", deep=True),
                *patterns(lines, path, deep=self.name == DVC),
            )
        return self._files[folder]


def patterns(lines: list[str], name: str, deep: bool) -> Iterator[Pattern]:
    """The patterns in the lines of a file. ``deep`` ones match what lies below as well, as DVC's do: with `!b` DVC
    brings back `b/a`, where Git brings back `b` alone."""
    for number, line in enumerate(lines, 1):
        if deep and _ANY_FOLDER.fullmatch(line):
            continue
        if (pattern := pattern_of(line, f"{name}:{number}: {line.strip()}", deep)) is not None:
            yield pattern


def pattern_of(line: str, origin: str, deep: bool = False) -> Pattern | None:
    """The pattern of one line; None for a blank line or a comment."""
    text = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n\t"))
    if not text or text.startswith("#"):
        return None
    hides = not text.startswith("!")
    text = text if hides else text[1:]
    folders_only = text.endswith("/")
    text = text.rstrip("/") if folders_only else text
    anchored = "/" in text
    text = text.removeprefix("/")
    if not text:
        return None
    regex = "/".join(_segment(part) for part in text.split("/"))
    regex = re.sub(r"(?:\A|(?<=/))\0(?:/\0)*/", r"(?:.+/)?", regex).replace("/\0", "/.+").replace("\0", ".*")
    regex = f"{'' if anchored else '(?:.*/)?'}{regex}{'(?:/.*)?' if deep else ''}"
    try:
        return Pattern(re.compile(regex, re.DOTALL), origin, hides, folders_only)
    except re.error:  # git, too, takes no notice of what is no pattern
        return None


def _segment(part: str) -> str:
    """The regular expression for one part of a path; ``\\0`` stands for `**`."""
    if part == "**":
        return "\0"
    words: list[str] = []
    index = 0
    while index < len(part):
        char = part[index]
        index += 1
        if char == "*":
            words.append("[^/]*")
        elif char == "?":
            words.append("[^/]")
        elif char == "[" and (match := re.compile(r"[!^]?\]?[^\]]*\]").match(part, index)) is not None:
            inner = match.group()[:-1]
            negated = inner[:1] in ("!", "^")
            body = (inner[1:] if negated else inner).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
            words.append(f"[{'^/' if negated else ''}{body}]")
            index = match.end()
        elif char == "\\" and index < len(part):
            words.append(re.escape(part[index]))
            index += 1
        else:
            words.append(re.escape(char))
    return re.sub(r"(?:\[\^/\]\*)+", "[^/]*", "".join(words))
