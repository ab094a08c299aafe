"""What code a stage depends on, found by reading it and never by running it. Each file is read once a build."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from ...model.diagnostic import Diagnostic
from ...model.snapshot import Snapshot
from ...model.source import Source
from .problems import Loaded, Problem
from .projects import Facts, read_facts
from .record import Record

STATE = ".mlops/state/code.json"
"""Where the records of a build are kept for the next one; a cache, which Git ignores."""
VERSION = "2 {}.{}".format(*sys.version_info)
"""The number counts up whenever a reader reads something differently; another Python parses by another grammar."""
MAX_STATE = 16 << 20
MAX_CODE = 2 << 20
MAX_NOTEBOOK = 64 << 20
"""Larger files are not read: nobody wrote them by hand. Notebooks hold pictures."""
_SIMPLE = re.compile(
    r"((?:python3?|Rscript|julia) (?:\./)?\w(?:[\w-]|[./](?![./]))*\.(?:py|R|r|jl))(?: [^;&|()<>`'\"\\$\n]*)?\Z",
    re.ASCII,
)
"""One program, run on one code file: the command that most stages have, whose arguments need not be read."""
_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")


class CodeGraph:
    """The code of one repository. ``scripts`` are files that the build is about to write, by path."""

    def __init__(
        self, snapshot: Snapshot, roots: tuple[str, ...] = (), scripts: Mapping[str, str] | None = None
    ) -> None:
        self.snapshot = snapshot
        self.roots = roots or default_roots(snapshot)
        self.texts: dict[str, str] = dict(scripts or {})
        self._kinds: dict[str, str | None] = {}
        self._records: dict[tuple[str, str], Record] = {}
        self._sources: dict[str, Source] = {}
        self._facts: dict[str, Facts] = {}
        self._projects: dict[str, tuple[Facts, ...]] = {}
        self._guesses: dict[tuple[str, str | None], tuple[str, ...]] = {}
        self._commands: dict[tuple[str, str], Loaded] = {}
        self.resolved: dict[tuple[Any, ...], tuple[str, ...] | None] = {}
        self.imported: dict[tuple[Any, ...], tuple[tuple[str, str], ...]] = {}
        self._used: dict[str, list[Any]] = {}

    # -- what is asked

    def command(self, line: str, wdir: str = ".") -> Loaded:
        """What a command line runs in ``wdir``, with all that it loads."""
        if (simple := _SIMPLE.match(line)) is not None:  # its arguments change nothing
            line = simple.group(1)
        if (line, wdir) not in self._commands:
            from .walk import Walk

            walk = Walk(self)
            walk.line(line, wdir)
            self._commands[line, wdir] = walk.loaded()
        return self._commands[line, wdir]

    def code_file(self, path: str, wdir: str = ".") -> Loaded:
        """A code file, and all that it loads when it is run in ``wdir``."""
        if (key := (f"\0{path}", wdir)) not in self._commands:
            from .walk import Walk

            walk = Walk(self)
            walk.file(path, wdir)
            self._commands[key] = walk.loaded()
        return self._commands[key]

    def closure(self, path: str) -> tuple[tuple[str, ...], list[Diagnostic]]:
        """A code file and all that it loads, sorted; and what could not be told."""
        loaded = self.code_file(path)
        return loaded.files, [self.diagnostic(problem) for problem in loaded.problems]

    def diagnostic(self, problem: Problem) -> Diagnostic:
        """A problem in a file, at its place there."""
        return problem.within(self.source(problem.path or ""))

    # -- files

    def is_file(self, path: str) -> bool:
        """Whether a regular file stands there, or will once the build has written it."""
        return path in self.texts or self._kind(path) == "file"

    def is_folder(self, path: str) -> bool:
        """Whether a folder stands there."""
        return self._kind("" if path == "." else path) == "dir"

    def _kind(self, path: str) -> str | None:
        if path not in self._kinds:
            self._kinds[path] = "dir" if path == "" else self.snapshot.kind(path)
        return self._kinds[path]

    def source(self, path: str) -> Source:
        """The text of a file, for places in it."""
        if path not in self._sources:
            from .python import decoded

            raw = self.texts[path].encode() if path in self.texts else self._raw(path, MAX_NOTEBOOK)
            self._sources[path] = Source(path, decoded(raw or b""))
        return self._sources[path]

    def text(self, path: str) -> str | None:
        """The text of a file that is small enough to be code."""
        if path in self.texts:
            return self.texts[path]
        return self.source(path).text if self.is_file(path) and self._raw(path, MAX_CODE) is not None else None

    def _raw(self, path: str, limit: int) -> bytes | None:
        size = self.snapshot.size(path)
        return self.snapshot.read(path) if size is not None and size <= limit else None

    # -- records

    def record(self, path: str, language: str) -> Record:
        """What a file says, from the last build where its bytes are the same."""
        if (path, language) not in self._records:
            self._records[path, language] = self._read(path, language)
        return self._records[path, language]

    def _read(self, path: str, language: str) -> Record:
        from .python import decoded
        from .readers import read

        raw = self.texts[path].encode() if path in self.texts else None
        raw = raw if raw is not None else self._raw(path, MAX_NOTEBOOK if language == "notebook" else MAX_CODE)
        if raw is None:
            record = Record()
            record.error = (1, "it is too large to be code")
            return record
        key = f"{language}:{hashlib.md5(raw, usedforsecurity=False).hexdigest()}"
        if key in self._kept:
            with suppress(ValueError, TypeError, KeyError, IndexError, RecursionError):
                record = Record.from_json(self._kept[key])
                self._used[key] = self._kept[key]
                return record
        record = read(language, decoded(raw))
        self._used[key] = record.as_json()
        return record

    @cached_property
    def _kept(self) -> dict[str, Any]:
        """The records of the last build; none where the file is damaged, too large or of another version."""
        size = self.snapshot.size(STATE)
        raw = self.snapshot.read(STATE) if size is not None and size <= MAX_STATE else None
        try:
            data = json.loads(raw) if raw is not None else {}
            records = data["records"] if isinstance(data, dict) and data.get("version") == VERSION else {}
            return records if isinstance(records, dict) else {}
        except (ValueError, KeyError, RecursionError):
            return {}

    def state(self) -> str | None:
        """What to keep in `STATE` for the next build; None where it holds that already."""
        if all(key in self._kept for key in self._used) and len(self._used) == len(self._kept):
            return None
        text = json.dumps({"version": VERSION, "records": self._used}, separators=(",", ":"))
        return text if len(text) <= MAX_STATE else None

    def exported(self, path: str) -> tuple[str, ...]:
        """The names in a package's `__all__`, as far as they are literal."""
        return self.record(path, "python").exported if self.is_file(path) else ()

    # -- projects

    def facts(self, folder: str) -> tuple[Facts, ...]:
        """The facts of the projects that a folder lies in, the nearest first, and of those that they are developed with."""
        folder = "" if folder == "." else folder
        if folder not in self._projects:
            found: dict[str, Facts] = {}
            for place in _upwards(folder, self):
                self._add(place, found)
            if folder and not folder.startswith(".."):
                self._add("", found)
            self._projects[folder] = tuple(found.values())
        return self._projects[folder]

    def _add(self, folder: str, found: dict[str, Facts]) -> None:
        if folder in found or len(found) > 60:
            return
        if folder not in self._facts:
            self._facts[folder] = facts = read_facts(self.snapshot, folder)
            if any(self.is_file(f"{folder}/{name}".lstrip("/")) for name in _PROJECT_FILES):
                facts.roots += [
                    folder,
                    *([f"{folder}/src".lstrip("/")] if self.is_folder(f"{folder}/src".lstrip("/")) else []),
                ]
        found[folder] = self._facts[folder]
        for member in self._facts[folder].members:
            self._add(member, found)

    def guesses(self, folder: str, cwd: str | None) -> tuple[str, ...]:
        """Where the code of a project may be installed from, for a program that lies in ``folder`` and runs in ``cwd``."""
        if (folder, cwd) not in self._guesses:
            roots: dict[str, None] = dict.fromkeys(self.roots)
            if cwd is not None:
                roots["" if cwd == "." else cwd] = None
            for facts in self.facts(folder):
                roots |= dict.fromkeys(facts.roots)
            places = list(_upwards(folder, self))
            roots |= dict.fromkeys(places)
            roots |= dict.fromkeys(
                f"{place}/src".lstrip("/") for place in places[-1:] if self.is_folder(f"{place}/src".lstrip("/"))
            )
            self._guesses[folder, cwd] = tuple(roots)
        return self._guesses[folder, cwd]

    @cached_property
    def scripts(self) -> Mapping[str, str]:
        """The console scripts of the projects that the spec's folder lies in."""
        return {name: target for facts in reversed(self.facts("")) for name, target in facts.scripts.items()}

    @cached_property
    def tasks(self) -> Mapping[str, str]:
        """The tasks of those projects."""
        return {name: task for facts in reversed(self.facts("")) for name, task in facts.tasks.items()}

    @cached_property
    def top(self) -> str:
        """The top of the Git repository, from the spec's folder."""
        return list(_upwards("", self))[-1] or "."

    def has_module(self, name: str, folder: str) -> bool:
        """Whether the repository has a module, for a program that runs in ``folder``."""
        from .modules import module_files

        return bool(module_files(name, (folder, *self.guesses("", folder)), self, main=True))


def default_roots(snapshot: Snapshot) -> tuple[str, ...]:
    """The directories that imports are looked up in beside the script's own: the root, and `src` if there is one."""
    return ("", "src") if snapshot.kind("src") == "dir" else ("",)


def _upwards(folder: str, graph: CodeGraph) -> list[str]:
    """A folder and those above it, up to the top of the Git repository."""
    places = [folder]
    while folder and not folder.startswith(".."):
        folder = posixpath.dirname(folder)
        places.append(folder)
    above = folder or "."
    for _ in range(16):
        above = posixpath.normpath(posixpath.join(above, ".."))
        if not above.startswith("..") or graph.snapshot.kind(above) != "dir":
            break
        places.append(above)
    return places
