"""What code a stage depends on, found by reading it and never by running it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ...model.diagnostic import Diagnostic
from ...model.snapshot import Snapshot
from ...model.source import Source

Reader = Callable[[str, Source, Any], Iterator[str | Diagnostic]]
"""Yields the repository files that a code file uses, and what could not be told."""

_INTERPRETER = r"python[0-9.]*|Rscript|bash|sh|zsh|julia|papermill|ipython"
_LAUNCHERS = frozenset("uv torchrun accelerate deepspeed jupyter".split())
"""Programs that take words of their own before the code file that they run."""
_TAKES_WORD = r"-\w*o|-[WX]"
"""An option whose word follows it, as in `bash -euo pipefail FILE` and `python -W ignore FILE`."""
_WORD = r"'([^']*)'|\"([^\"]*)\"|([^\s'\";&|()<>]+)|([;&|()]+)"


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


@dataclass(frozen=True, slots=True)
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
    """The code files that a command line names, whether they are there or not; modules only if they are.

    A `cd` before them is followed as long as it can be told where it leads.
    """
    here: str | None = wdir
    around: list[str | None] = []
    before, runs, launches = ";", False, False
    for match in re.finditer(_WORD, cmd):
        word = next(filter(None, match.groups()), "")
        if match.group(4):
            here = None if before == "cd" else here
            for sign in word:
                if sign == "(":
                    around.append(here)
                elif sign == ")" and around:
                    here = around.pop()
            before, runs, launches = ";", False, False
            continue
        option = before
        before = word if (option == ";") == (word == "cd") else f" {word}"  # `cd` counts where a command starts
        if option == "cd":
            here, before = _below(here, word), ""
        elif re.fullmatch(_INTERPRETER, posixpath.basename(word)):
            runs, launches = True, False
        elif posixpath.basename(word) in _LAUNCHERS:
            runs = launches = True
        elif "$" in word:
            runs = runs and (launches or word.startswith("-"))
        elif runs and option == "-m":
            if here is not None:
                yield from _modules(word, here, snapshot)
            runs = False
        elif runs and (re.fullmatch(_TAKES_WORD, option) or (launches and option.startswith("-"))):
            continue
        elif word.startswith("-"):
            runs = runs and word != "-c"
        elif (runs or word.startswith("./")) and posixpath.splitext(word)[1].lower() in _READERS:
            if here is not None:
                yield posixpath.normpath(posixpath.join(here, word))
            runs = False
        else:
            runs = launches


def _below(here: str | None, word: str) -> str | None:
    """Where a `cd` leads, or None where that cannot be told."""
    if here is None or word.startswith(("-", "~", "/")) or "$" in word or "`" in word:
        return None
    return posixpath.normpath(posixpath.join(here, word))


def _modules(module: str, here: str, snapshot: Snapshot) -> Iterator[str]:
    """What `python -m MODULE` runs: the file, and before it each package that it lies in."""
    from .python import module_file

    for root in (here, *default_roots(snapshot)):
        if (path := module_file(module, root, snapshot)) is not None:
            yield path
            folder = posixpath.dirname(path)
            while folder and folder != posixpath.normpath(root):
                if snapshot.kind(init := f"{folder}/__init__.py") == "file":
                    yield init
                folder = posixpath.dirname(folder)
            return


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
    reader: Reader = getattr(import_module(f".{module}", __package__), function)
    return reader
