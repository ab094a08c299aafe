"""One command line, followed into all the code that it loads."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from ..command import ROOT, Shell, SimpleCommand, Word, commands, located
from .distributions import STANDARD
from .expressions import Lines
from .findings import Findings
from .graph import MAX_CODE, CodeGraph
from .imports import PYTHON
from .languages import is_code, language_of
from .launch import Program, launch
from .loading import MAX_FILES, Loading, Script
from .makefile import NAMES, read_makefile
from .modules import module_files
from .paths import import_root, inner, python_path
from .problems import Loaded
from .process import Process
from .pytest_files import collected, conftests, import_roots
from .readers import READ, read

MAX_PROGRAMS = 5_000
"""What one command may start."""
_MAX_DEPTH = 16
"""Programs that start programs."""
_GENERATED = "mlopsc"
_ACTIVATION = frozenset(["activate", "conda.sh", ".bashrc", ".profile", ".bash_profile", ".zshrc", "nvm.sh", ".env", "profile",
                         "virtualenvwrapper.sh", "setvars.sh", "bashrc", ".envrc", "deactivate", "modules.sh", "bash", "sh"])  # fmt: skip
"""Files that set up a shell and are of no project."""


class Walk:
    """Follows commands into programs, and programs into the code that they load."""

    def __init__(self, graph: CodeGraph) -> None:
        self.graph = graph
        self.findings = Findings()
        self.loading = Loading(graph, self.findings)
        self.done: set[tuple[object, ...]] = set()
        self.depth = 0
        self.shells = 0
        self.programs = 0

    def loaded(self) -> Loaded:
        """All that was met on the way."""
        return self.findings.loaded()

    def line(self, line: str, wdir: str) -> None:
        """Follow a command line of a stage that runs in ``wdir``."""
        self._commands(line, self._shell(wdir))

    def file(self, path: str, wdir: str) -> None:
        """Follow one file as if its runner was called with it."""
        self._program(Program("file", posixpath.relpath(path, wdir), "", wdir))

    # -- commands

    def _commands(self, text: str, shell: Shell, path: str | None = None) -> None:
        lines = Lines(text) if path is not None else None
        for command in commands(text, shell):
            before = self.findings.origin
            if path is not None and lines is not None:
                self.findings.origin = (path, lines.at(command.offset) if command.offset >= 0 else 1)
            self._simple(command)
            self.findings.origin = before

    def _shell(self, folder: str | None, env: Mapping[str, Word] | None = None, *arguments: Word) -> Shell:
        return Shell(folder, arguments, env or {}, self.graph.text, self.graph.top)

    def _simple(self, command: SimpleCommand) -> None:
        if command.words[0].text in ("source", ".") and len(command.words) > 1:
            self._sourced(command)
            return
        for program in launch(command, self.graph):
            self._program(program)

    def _sourced(self, command: SimpleCommand) -> None:
        """`source FILE`: its commands were followed with those around it."""
        word = command.words[1]
        name = posixpath.basename(word.text)
        if name in _ACTIVATION or name.startswith("conda"):
            return
        path = located(command.folder, word.text) if word.known else None
        if path is not None and self.graph.is_file(path):
            self.findings.files[path] = None
        elif not word.known or (path is None and command.folder is None and not word.text.startswith(("/", "~"))):
            self.findings.dynamic(word.text, "the file that is sourced here")

    # -- programs

    def _program(self, program: Program) -> None:
        self.programs += 1
        if program.kind == "installed":
            self._installed(program)
            return
        if self.depth >= _MAX_DEPTH or len(self.findings.files) > MAX_FILES or self.programs > MAX_PROGRAMS:
            return
        self.depth += 1
        if not program.known and program.kind != "code":
            if program.here or program.kind == "module":
                self.findings.dynamic(program.value, "the program that is run here")
        elif program.kind == "file":
            self._file(program)
        elif program.kind == "module":
            self._module(program)
        elif program.kind == "code":
            self._code(program)
        else:
            self._goals(program)
        self.depth -= 1

    def _installed(self, program: Program) -> None:
        """Note a program, or a module that `python -m` starts, which is of no repository."""
        if program.language != "python":
            self.findings.programs[posixpath.basename(program.value.replace("\\", "/"))] = None
        elif program.value.partition(".")[0] not in STANDARD:
            self.findings.module(program.value)

    def _file(self, program: Program) -> None:
        path = located(program.folder, program.value)
        if path is None:
            if program.folder is None and not program.value.startswith(("/", "~")) and is_code(program.value):
                self.findings.dynamic(program.value, "the folder that this is run in")
            return
        if not self.graph.is_file(path):
            self._not_a_file(path, program)
            return
        self._start(path, language_of(path, program.language, self.graph.text), program)

    def _not_a_file(self, path: str, program: Program) -> None:
        for ending in (".do", ".m", ".py", ".R", ".jl") if program.language in ("stata", "matlab") else ():
            if self.graph.is_file(path + ending):
                self._start(path + ending, program.language, program)
                return
        if program.language == "python" and self.graph.is_folder(path):
            if self.graph.is_file(main := inner(path, "__main__.py")):
                self._start(main, "python", program)
            elif program.by in ("pytest", "py.test"):
                for test in collected(path, self.graph):
                    self._start(test, "python", program)
        elif program.here and is_code(path) and program.value:
            self.findings.missing[path] = None

    def _note_start(self, path: str) -> None:
        """Record a file that the command of the stage starts itself."""
        if self.depth == 1 and self.findings.origin[0] is None:
            self.findings.started[path] = None

    def _start(self, path: str, language: str, program: Program) -> None:
        """Run a file as a program of its own."""
        self._note_start(path)
        folder = program.folder
        home = posixpath.dirname(path)
        arguments = program.arguments if language == "shell" else ()
        env = tuple(sorted((name, value.text) for name, value in program.env.items()))
        key = (path, language, folder, program.path, arguments, env)
        if key in self.done:
            return
        self.done.add(key)
        self.findings.files[path] = None
        if language == "shell":
            self._script(path, program)
            return
        search = [home, *python_path(program.env, program.folder)]
        if program.path or language in ("notebook", "markdown"):
            search += import_root(folder)
        if program.by in ("pytest", "py.test"):
            self._conftests(home, program)
            search += import_roots(home, self.graph)
        process = Process(folder, search, home, program.env)
        process.waiting.append((path, language))
        self._load(process)

    def _conftests(self, folder: str, program: Program) -> None:
        for path in conftests(folder, self.graph):
            if path not in self.findings.files:
                self.depth += 1
                self._start(path, "python", program)
                self.depth -= 1

    def _script(self, path: str, program: Program) -> None:
        """Follow the commands of a shell script."""
        text = self.graph.text(path)
        if text is None:
            return
        name = Word(f"{ROOT}/{path}")
        self._commands(text, self._shell(program.folder, program.env, name, *program.arguments), path)

    def _module(self, program: Program) -> None:
        name, folder = program.value.partition(":")[0], program.folder
        if "/" in name or name.endswith(".py"):  # a script that is installed as a file, an application by its file
            self._file(replace(program, kind="file", value=name, folder=folder if program.by else "."))
            return
        search = [*(import_root(folder) if program.path else []), *python_path(program.env, program.folder)]
        main = program.path and ":" not in program.value
        files = module_files(name, (*search, *self.graph.guesses(folder or "", folder)), self.graph, main)
        if not files:
            if name.partition(".")[0] not in STANDARD and "$" not in name:
                self.findings.module(name)
                self.findings.python = True
            return
        self._note_start(files[0])
        process = Process(folder, search, posixpath.dirname(files[0]), program.env)
        process.waiting += [(path, language_of(path, "python", self.graph.text)) for path in files]
        self.findings.files |= dict.fromkeys(files)
        self._load(process)

    def _code(self, program: Program) -> None:
        """Code on a command line, or in a here-document."""
        if program.language == "shell":
            shell = self._shell(program.folder, program.env, *(program.arguments or (Word("$0", False),)))
            if self.shells < _MAX_DEPTH:
                self.depth, self.shells = self.depth - 1, self.shells + 1  # the shell is only what runs these
                self._commands(program.value, shell)
                self.depth, self.shells = self.depth + 1, self.shells - 1
            return
        language = {"text": "", "notebook": ""}.get(program.language, program.language)
        if language not in READ or len(program.value) > MAX_CODE:
            return
        record = read(language, program.value)
        self.findings.python = self.findings.python or language in PYTHON
        search = [*import_root(program.folder), *python_path(program.env, program.folder)]
        process = Process(program.folder, search, "", program.env)
        process.code.append(record)
        self._load(process)

    def _goals(self, program: Program) -> None:
        """`make GOALS`: the recipes of a Makefile that the team wrote."""
        if program.folder is None:
            return
        names = [program.value] if program.value else list(NAMES)
        path = next((p for name in names if (p := located(program.folder, name)) and self.graph.is_file(p)), None)
        text = self.graph.text(path) if path is not None else None
        if path is None or text is None or _GENERATED in text[:200]:
            return
        self._note_start(path)
        self.findings.files[path] = None
        makefile = read_makefile(text)
        goals = makefile.assigned([word.text for word in program.arguments])
        key = ("make", path, tuple(goals))
        if key in self.done:
            return
        self.done.add(key)
        for line, recipe in makefile.commands(goals):
            before, self.findings.origin = self.findings.origin, (path, line)
            self._commands(recipe, self._shell(program.folder, program.env))
            self.findings.origin = before

    def _load(self, process: Process) -> None:
        """Read what a program loads, and follow what its code runs."""
        for step in self.loading.steps(process):
            if isinstance(step, SimpleCommand):
                self._simple(step)
            elif isinstance(step, Script):
                self._script(step.path, Program("file", step.path, "shell", "."))
            elif self.depth + 1 < _MAX_DEPTH:
                self.depth += 1
                self._start(step.path, step.language, step.program)
                self.depth -= 1
