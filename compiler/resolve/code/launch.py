"""What a simple command runs: the table of `launchers`, interpreted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from ..command import Shell, SimpleCommand, Word, commands, located
from .languages import is_code
from .launchers.interpreters import PYTHON
from .launchers.launcher import Launcher, Operand
from .launchers.modules import MODULES
from .launchers.table import launcher

_MAX_DEPTH = 12
"""Launchers within launchers, as `nohup nice uv run accelerate launch F`."""
_PYTHON = r"py|PY"
_ASSIGNMENT = r"(?a)[A-Za-z_]\w*="


class Repository(Protocol):
    """What has to be known of the repository to tell what a command runs."""

    @property
    def scripts(self) -> Mapping[str, str]:
        """Console scripts, as `package.module:function` by name."""

    @property
    def tasks(self) -> Mapping[str, str]:
        """Command lines of the project's task runners by name."""

    def is_file(self, path: str) -> bool: ...

    def has_module(self, name: str, folder: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Program:
    """One thing that a command runs: a file, a module, code on the command line, goals of a Makefile, or an installed program.

    ``value`` is as the command names it. ``known`` is False where that can only be known when it runs.
    """

    kind: Literal["file", "module", "code", "goals", "installed"]
    value: str
    language: str
    folder: str | None
    env: Mapping[str, Word] = field(default_factory=dict)
    arguments: tuple[Word, ...] = ()
    known: bool = True
    here: bool = True
    path: bool = False
    """Whether the folder is on Python's path."""
    offset: int = 0
    by: str = ""
    """The program that runs it; empty where the command names it first."""


def launch(command: SimpleCommand, repository: Repository, depth: int = 0) -> Iterator[Program]:
    """What a command runs, as far as the repository can hold it."""
    if not command.words or depth > _MAX_DEPTH:
        return
    first, rest = command.words[0], command.words[1:]
    if first.known:
        entry = launcher(first.text)
        path = located(command.folder, first.text) if "/" in first.text else None
        if path is not None and (entry is None or not _installed(first.text)) and (
            repository.is_file(path) or (entry is None and is_code(path))
        ):  # fmt: skip
            yield Program("file", first.text, "", command.folder, command.env, rest, offset=command.offset)
            return
        if (target := repository.scripts.get(first.text)) is not None:  # the project's own, whatever it is called
            yield Program("module", target, "python", command.folder, command.env, rest, offset=command.offset)
            return
        yield Program("installed", first.text, "", command.folder, offset=command.offset)
        if entry is not None:
            yield from _Reading(entry, command, repository, depth).programs()
            return
    elif re.search(_PYTHON, first.text):  # `$PYTHON x.py`, `$(which python3) -m x`
        yield from _Reading(PYTHON, command, repository, depth).programs()
        return
    script = next((word for word in rest if word.known and _there(word.text, command.folder, repository)), None)
    if script is not None:
        yield Program("file", script.text, "", command.folder, command.env, offset=command.offset, by=first.text)
    elif not first.known and not first.text.startswith("$("):
        yield Program("file", first.text, "", command.folder, known=False, offset=command.offset)


def _installed(program: str) -> bool:
    """Whether a program lies where environments keep theirs, as `.venv/bin/python`."""
    return posixpath.basename(posixpath.dirname(program)) in ("bin", "Scripts")


def _there(text: str, folder: str | None, repository: Repository) -> bool:
    if not is_code(text):
        return False
    path = located(folder, text)
    return path is not None and repository.is_file(path)


class _Reading:
    """Reads the words of one program by its entry in the table."""

    def __init__(self, entry: Launcher, command: SimpleCommand, repository: Repository, depth: int) -> None:
        self.entry, self.command, self.repository, self.depth = entry, command, repository, depth
        self.words = command.words[1:]
        self.name = posixpath.basename(command.words[0].text)
        self.folder, self.env = command.folder, command.env
        self.at = 0
        self.as_module = False
        self.doubtful = False
        """Whether the word before is an option that the table lacks, so that this one may be its value."""
        self.ended = False
        """Whether code or a script was named by an option, so that an operand is only its argument."""
        self.found: list[Program] = []
        self.makefile: Word | None = None

    def programs(self) -> Iterator[Program]:
        entry, skip = self.entry, self.entry.skip
        if entry.operand is Operand.ELSEWHERE:
            return
        options = True
        while self.at < len(self.words):
            word = self.words[self.at]
            if options and word.text == "--":
                options, self.doubtful = False, False
                self.at += 1
            elif options and len(word.text) > 1 and (word.text[0] == "-" or word.text in entry.takes):
                if (found := self._option(word)) is not None:
                    yield from found
                    return
                yield from self._gathered()
            elif entry.assignments and re.match(_ASSIGNMENT, word.text):
                name, _, value = word.text.partition("=")
                self.env = {**self.env, name: Word(value, word.known)}
                self.at += 1
            elif skip:
                skip, self.doubtful = skip - 1, False
                self.at += 1
            elif word.text in entry.verbs:
                self.at += 1
            elif self.ended or self._is_nothing(word) or (self.doubtful and self._is_value(word)):
                self.doubtful = False
                self.at += 1
            elif entry.operand is Operand.GOALS:
                break
            else:
                yield from self._operand(word)
                return
        yield from self._without_operand()

    # -- options

    def _gathered(self) -> list[Program]:
        """The programs that options have named since this was asked last."""
        found, self.found = self.found, []
        return found

    def _option(self, word: Word) -> Iterator[Program] | None:
        """Consume an option and its value. Programs where the rest of the words are arguments; else None."""
        entry, text = self.entry, word.text
        name, equals, attached = text.partition("=")
        value: Word | None = None
        self.at += 1
        self.doubtful = False
        if name in entry.takes_two:
            self.at += 0 if equals else 2
            return None
        if name in entry.module_flags:
            self.as_module = True
            return None
        valued = entry.takes | entry.module | entry.code | entry.file | entry.also | entry.folder
        if equals and text.startswith("--"):
            value = Word(attached, word.known)
        elif text in valued:
            name = text
        elif entry.clusters and not text.startswith("--"):
            index = next((i for i in range(1, len(text)) if f"-{text[i]}" in valued), None)
            if index is None:
                return None
            name = f"-{text[index]}"
            tail = text[index + 1 :]
            value = Word(tail, word.known) if tail and entry.language != "shell" else None
        elif (short := text[:2]) in valued - entry.takes and not text.startswith("--"):
            name, value = short, Word(text[2:], word.known)
        else:
            self.doubtful = not equals
            return None
        if name not in valued:
            return None
        if value is None:
            if self.at >= len(self.words):
                return None
            value = self.words[self.at]
            self.at += 1
        return self._valued(name, value)

    def _valued(self, name: str, value: Word) -> Iterator[Program] | None:
        entry = self.entry
        if name in entry.folder:
            self.folder = located(self.folder, value.text) if value.known else None
        elif name in entry.module:
            return self._module(value)
        elif name in entry.code:
            self._add(self._program("code", value))
            self.ended = True
            if entry.language in ("python", "shell"):
                return iter(self._gathered())
        elif name in entry.file:
            if entry.operand is Operand.GOALS:
                self.makefile = value
            else:
                self._add(
                    self._program("file", Word(_module_part(value.text) if entry.path else value.text, value.known))
                )
                self.ended = True
        elif name in entry.also:
            for path in value.text.split(","):
                if is_code(path):
                    self._add(self._program("file", Word(path, value.known), arguments=()))
        return None

    def _add(self, program: Program) -> None:
        self.found.append(program)

    def _is_value(self, word: Word) -> bool:
        """Whether a word after an unknown option is its value: it looks like none of what is run, and a later one does."""
        later = self.words[self.at + 1 :]
        return not self._runs(word) and any(self._runs(other) for other in later)

    def _is_nothing(self, word: Word) -> bool:
        return self.entry.operand is Operand.NOTHING and word.text not in self.entry.commands

    def _runs(self, word: Word) -> bool:
        if self.entry.commands:
            return word.text in self.entry.commands
        path = located(self.folder, word.text) if word.known else None
        if self.entry.operand in (Operand.COMMAND, Operand.EITHER):
            if launcher(word.text) is not None or word.text in self.repository.scripts:
                return True
            return path is not None and is_code(path)
        if self.entry.operand is Operand.MODULE or self.as_module:
            return re.fullmatch(r"[A-Za-z_][\w.]*(:[\w.()]+)?", word.text) is not None and "." in word.text
        return path is not None and (is_code(path) or self.repository.is_file(path))

    # -- operands

    def _program(
        self, kind: Literal["file", "module", "code", "goals"], value: Word, arguments: Sequence[Word] | None = None
    ) -> Program:
        rest = self.words[self.at :] if arguments is None else arguments
        return Program(kind, value.text, self.entry.language, self.folder, self.env, tuple(rest), value.known,
                       self.entry.here, self.entry.path, self.command.offset, self.name)  # fmt: skip

    def _operand(self, word: Word) -> Iterator[Program]:
        entry = self.entry
        if entry.commands:
            if (sub := entry.commands.get(word.text)) is not None and word.known:
                yield from _Reading(sub, self._command(self.at), self.repository, self.depth).programs()
                return
            if not (word.known and _there(word.text, self.folder, self.repository)):
                return
        if self.as_module or entry.operand is Operand.MODULE:
            self.at += 1
            yield from self._module(Word(_module_part(word.text), word.known))
        elif entry.operand is Operand.FILE:
            if word.text == "-":
                yield from self._from_input()
                return
            self.at += 1
            yield self._program("file", word)
        elif entry.operand is Operand.FILES:
            yield from self._files()
        elif entry.operand is Operand.COMMAND:
            yield from self._launched(self._command(self.at))
        elif entry.operand is Operand.EITHER:
            yield from self._either(word)

    def _command(self, at: int) -> SimpleCommand:
        return replace(self.command, words=self.words[at:], folder=self.folder, env=self.env)

    def _launched(self, command: SimpleCommand) -> Iterator[Program]:
        for program in launch(command, self.repository, self.depth + 1):
            yield program if self.entry.here else replace(program, here=False)

    def _either(self, word: Word) -> Iterator[Program]:
        task = self.repository.tasks.get(word.text) or self.repository.tasks.get(word.text.rpartition(":")[2])
        if word.known and word.text.endswith((".py", ".pyw")):
            self.at += 1
            yield self._program("file", word)
        elif word.text == "-":
            yield from self._from_input()
        elif task is not None and self.depth < _MAX_DEPTH:
            for command in commands(task, Shell(self.folder, env=self.env)):
                yield from self._launched(replace(command, offset=self.command.offset))
        else:
            yield from self._launched(self._command(self.at))

    def _files(self) -> Iterator[Program]:
        """Each operand from here on."""
        while self.at < len(self.words):
            word = self.words[self.at]
            if len(word.text) > 1 and word.text[0] == "-":
                self._option(word)
                yield from self._gathered()
                continue
            self.at += 1
            text = word.text.partition("::")[0]
            path = located(self.folder, text) if word.known else None
            if self.doubtful and not is_code(text) and (path is None or not self.repository.is_file(path)):
                self.doubtful = False
                continue
            yield self._program("file", Word(text, word.known), arguments=())

    def _module(self, value: Word) -> Iterator[Program]:
        entry = MODULES.get(value.text)
        here = self.folder if self.folder is not None else "."
        if entry is not None and value.known and not self.repository.has_module(value.text, here):
            yield Program("installed", value.text, "python", self.folder, offset=self.command.offset)
            yield from _Reading(entry, self._command(self.at - 1), self.repository, self.depth).programs()
            return
        yield replace(self._program("module", value), path=True)

    def _without_operand(self) -> Iterator[Program]:
        entry = self.entry
        if entry.operand is Operand.GOALS:
            goals = [word for word in self.words[self.at :] if not word.text.startswith("-")]
            yield self._program("goals", self.makefile or Word(""), arguments=goals)
        elif entry.operand is Operand.FILES and entry.language == "python" and entry.path and not self.ended:
            yield self._program("file", Word("tests"))
        elif entry.language and not self.ended:
            yield from self._from_input()

    def _from_input(self) -> Iterator[Program]:
        """Code that the program reads from its standard input."""
        if self.command.given is not None:
            yield self._program("code", Word(self.command.given))
        elif self.command.input is not None and (is_code(self.command.input.text) or self.entry.language != "text"):
            if is_code(self.command.input.text):
                yield self._program("file", self.command.input)


def _module_part(text: str) -> str:
    """The module of `package.module:name`."""
    return text.partition(":")[0]
