"""What code a stage depends on, found by reading it and never by running it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..diagnostic import Diagnostic
from ..snapshot import Snapshot
from ..span import Source

Reader = Callable[[str, Source, Any], Iterator[str | Diagnostic]]
"""Yields the repository files that a code file uses, and what could not be told."""

_INTERPRETERS = frozenset("python python3 Rscript bash sh zsh julia papermill ipython".split())
_WORD = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s'\";&|()<>]+)|([;&|()]+)")


class CodeGraph:
    """The code of one repository. Each file is read once, whoever asks for it."""

    def __init__(self, snapshot: Snapshot, roots: tuple[str, ...] = ()) -> None:
        self.snapshot = snapshot
        self.roots = roots or default_roots(snapshot)
        self._uses: dict[tuple[str, str], tuple[tuple[str, ...], list[Diagnostic]]] = {}
        self._kinds: dict[str, bool] = {}

    def is_file(self, path: str) -> bool:
        """Whether a regular file stands there; asked of the snapshot once."""
        if path not in self._kinds:
            self._kinds[path] = self.snapshot.kind(path) == "file"
        return self._kinds[path]

    def closure(self, code_file: str) -> tuple[tuple[str, ...], list[Diagnostic]]:
        """The file and all repository files that it needs, sorted; and what could not be read or told."""
        seen: dict[str, None] = {code_file: None}
        found: list[Diagnostic] = []
        waiting = [code_file]
        folder = posixpath.dirname(code_file)  # Python looks there first, whichever module imports
        while waiting:
            uses, problems = self._direct(waiting.pop(), folder)
            found += [problem for problem in problems if problem not in found]
            for path in uses:
                if path not in seen:
                    seen[path] = None
                    waiting.append(path)
        return tuple(sorted(seen)), found

    def _direct(self, path: str, folder: str) -> tuple[tuple[str, ...], list[Diagnostic]]:
        if (path, folder) not in self._uses:
            self._uses[path, folder] = self._read(path, folder)
        return self._uses[path, folder]

    def _read(self, path: str, folder: str) -> tuple[tuple[str, ...], list[Diagnostic]]:
        reader = _reader(path)
        raw = self.snapshot.read(path) if reader is not None else None
        if reader is None or raw is None:
            return (), []
        code = _From(self.snapshot, tuple(dict.fromkeys((folder, *self.roots))), self.is_file)
        from .python import decoded

        uses: dict[str, None] = {}
        problems: list[Diagnostic] = []
        for item in reader(path, Source(path, decoded(raw)), code):
            if isinstance(item, Diagnostic):
                problems.append(item)
            else:
                uses[item] = None
        return tuple(uses), problems


@dataclass(frozen=True)
class _From:
    """The repository as the files of one program see it."""

    snapshot: Snapshot
    roots: tuple[str, ...]
    is_file: Callable[[str], bool]


def default_roots(snapshot: Snapshot) -> tuple[str, ...]:
    """The directories that imports are looked up in beside the script's own: the root, and `src` if there is one."""
    return ("", "src") if snapshot.kind("src") == "dir" else ("",)


def command_files(cmd: str, snapshot: Snapshot, wdir: str = ".") -> tuple[str, ...]:
    """The code files of the repository that a command line runs, by their literal names."""
    if not any(name in cmd for name in (".py", ".R", ".r", ".sh", ".jl", ".ipynb", " -m ", "./")):
        return ()
    return tuple(path for path in named_files(cmd, snapshot, wdir) if snapshot.kind(path) == "file")


def named_files(cmd: str, snapshot: Snapshot, wdir: str = ".") -> Iterator[str]:
    """The code files that a command line names, whether they are there or not; modules only if they are."""
    words = [(match.group(4) and ";") or next(filter(None, match.groups()), "") for match in _WORD.finditer(cmd)]
    runs = False
    for before, word in zip(["", *words], words, strict=False):
        if word == ";":
            runs = False
        elif posixpath.basename(word) in _INTERPRETERS:
            runs = True
        elif "${" in word or "$" in word:
            runs = runs and word.startswith("-")
        elif runs and before == "-m":
            from .python import module_file

            for root in (wdir, *default_roots(snapshot)):
                if (path := module_file(word, root, snapshot)) is not None:
                    yield path
                    break
            runs = False
        elif runs and before.startswith("-") and before.endswith("o"):
            continue  # the word of an option, as in `bash -euo pipefail FILE`
        elif word.startswith("-"):
            runs = runs and word != "-c"
        elif runs or word.startswith("./"):
            if posixpath.splitext(word)[1].lower() in _READERS:
                yield posixpath.normpath(posixpath.join(wdir, word))
            runs = False


_READERS = {
    ".py": "python.uses",
    ".ipynb": "python.notebook_uses",
    ".r": "sourced.r_uses",
    ".rmd": "sourced.r_uses",
    ".sh": "sourced.shell_uses",
    ".bash": "sourced.shell_uses",
    ".jl": "sourced.julia_uses",
}
"""Which reader an ending has: a module of this package, and its function. They are imported when first needed."""


def _reader(path: str) -> Reader | None:
    name = _READERS.get(posixpath.splitext(path)[1].lower())
    if name is None:
        return None
    from importlib import import_module

    module, _, function = name.partition(".")
    reader: Reader = getattr(import_module(f".{module}", __name__), function)
    return reader
