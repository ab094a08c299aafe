"""One command line, followed into all the code that it loads."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from ...model.diagnostic import Code
from ..command import ROOT, Shell, SimpleCommand, Word, commands, located
from .distributions import STANDARD, normalized, provides
from .expressions import Lines
from .graph import MAX_CODE, CodeGraph
from .launch import Program, is_code, launch
from .launchers import LANGUAGES
from .makefile import NAMES, read_makefile
from .modules import files_of, module_files
from .problems import DYNAMIC, FOREIGN, UNDECLARED, UNREADABLE, Loaded, Problem
from .readers import READ, read
from .record import FILE, UNKNOWN, Import, Load, Record, Spawn

MAX_FILES = 20_000
"""What one command may load; the rest is left out."""
MAX_PROGRAMS = 5_000
"""What one command may start."""
_MAX_DEPTH = 16
"""Programs that start programs."""
_PYTHON = frozenset(["python", "cython", "notebook", "markdown"])
_GENERATED = "mlopsc"
_ACTIVATION = frozenset(["activate", "conda.sh", ".bashrc", ".profile", ".bash_profile", ".zshrc", "nvm.sh", ".env", "profile",
                         "virtualenvwrapper.sh", "setvars.sh", "bashrc", ".envrc", "deactivate", "modules.sh", "bash", "sh"])  # fmt: skip
"""Files that set up a shell and are of no project."""


@dataclass(slots=True)
class _Running:
    """One program of Python, R or the like: what its imports are looked up in, and the files still to be read."""

    folder: str | None
    search: list[str]
    home: str
    """The folder of its script, whose project it is of."""
    env: Mapping[str, Word]
    waiting: list[tuple[str, str]] = field(default_factory=list)
    read: dict[tuple[str, str], Record] = field(default_factory=dict)
    code: list[Record] = field(default_factory=list)
    """Records of code that stands on a command line."""
    unsure: list[tuple[str, int, str]] = field(default_factory=list)
    """Changes of the search path that are not known: file, line, text."""


class Walk:
    """What is found on the way."""

    def __init__(self, graph: CodeGraph) -> None:
        self.graph = graph
        self.started: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.missing: dict[str, None] = {}
        self.problems: dict[Problem, None] = {}
        self.packages: dict[str, None] = {}
        self.done: set[tuple[object, ...]] = set()
        self.depth = 0
        self.shells = 0
        self.programs = 0
        self.origin: tuple[str | None, int] = (None, 1)

    def loaded(self) -> Loaded:
        """All that was found."""
        return Loaded(tuple(self.started), tuple(sorted(self.files)), tuple(self.missing), tuple(self.problems),
                      tuple(sorted(self.packages)))  # fmt: skip

    def line(self, line: str, wdir: str) -> None:
        """Follow a command line of a stage that runs in ``wdir``."""
        self._commands(line, Shell(wdir, read=self.graph.text, top=self.graph.top))

    def file(self, path: str, wdir: str) -> None:
        """Follow one file as if its runner was called with it."""
        self._program(Program("file", posixpath.relpath(path, wdir), "", wdir))

    # -- commands

    def _commands(self, text: str, shell: Shell, path: str | None = None) -> None:
        lines = Lines(text) if path is not None else None
        for command in commands(text, shell):
            before = self.origin
            if path is not None and lines is not None:
                self.origin = (path, lines.at(command.offset) if command.offset >= 0 else 1)
            self._simple(command)
            self.origin = before

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
            self.files[path] = None
        elif not word.known or (path is None and command.folder is None and not word.text.startswith(("/", "~"))):
            self._dynamic(word.text, "the file that is sourced here")

    # -- programs

    def _program(self, program: Program) -> None:
        self.programs += 1
        if self.depth >= _MAX_DEPTH or len(self.files) > MAX_FILES or self.programs > MAX_PROGRAMS:
            return
        self.depth += 1
        if not program.known and program.kind != "code":
            if program.here or program.kind == "module":
                self._dynamic(program.value, "the program that is run here")
        elif program.kind == "file":
            self._file(program)
        elif program.kind == "module":
            self._module(program)
        elif program.kind == "code":
            self._code(program)
        else:
            self._goals(program)
        self.depth -= 1

    def _file(self, program: Program) -> None:
        path = located(program.folder, program.value)
        if path is None:
            if program.folder is None and not program.value.startswith(("/", "~")) and is_code(program.value):
                self._dynamic(program.value, "the folder that this is run in")
            return
        if not self.graph.is_file(path):
            self._not_a_file(path, program)
            return
        self._start(path, _language(path, program.language, self.graph), program)

    def _not_a_file(self, path: str, program: Program) -> None:
        for ending in (".do", ".m", ".py", ".R", ".jl") if program.language in ("stata", "matlab") else ():
            if self.graph.is_file(path + ending):
                self._start(path + ending, program.language, program)
                return
        if program.language == "python" and self.graph.is_folder(path):
            if self.graph.is_file(main := _inner(path, "__main__.py")):
                self._start(main, "python", program)
            elif program.by in ("pytest", "py.test"):
                self._tests(path, program, 0)
        elif program.here and is_code(path) and program.value:
            self.missing[path] = None

    def _tests(self, folder: str, program: Program, depth: int) -> None:
        """The files that pytest collects from a folder."""
        for name in self.graph.snapshot.list("" if folder == "." else folder):
            path = _inner(folder, name)
            if name == "conftest.py" or (
                name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))
            ):
                self._start(path, "python", program)
            elif depth < 6 and not name.startswith(".") and self.graph.is_folder(path):
                self._tests(path, program, depth + 1)

    def _start(self, path: str, language: str, program: Program) -> None:
        """Run a file as a program of its own."""
        if self.depth == 1 and self.origin[0] is None:
            self.started[path] = None
        folder = program.folder
        home = posixpath.dirname(path)
        arguments = program.arguments if language == "shell" else ()
        key = (
            path,
            language,
            folder,
            program.path,
            arguments,
            tuple(sorted((k, w.text) for k, w in program.env.items())),
        )
        if key in self.done:
            return
        self.done.add(key)
        self.files[path] = None
        if language == "shell":
            self._shell(path, program)
            return
        search = [home, *self._python_path(program)]
        if (program.path or language in ("notebook", "markdown")) and folder is not None:
            search.append("" if folder == "." else folder)
        if program.by in ("pytest", "py.test"):
            self._conftests(home, search, program)
        running = _Running(folder, search, home, program.env)
        running.waiting.append((path, language))
        self._run(running)

    def _conftests(self, folder: str, search: list[str], program: Program) -> None:
        """The conftest.py files that pytest loads for tests in a folder, and the folders that it puts on the path."""
        while True:
            if self.graph.is_file(path := _inner(folder, "conftest.py")) and path not in self.files:
                self.depth += 1
                self._start(path, "python", program)
                self.depth -= 1
            if not self.graph.is_file(_inner(folder, "__init__.py")):
                search.append(folder)
            if not folder or folder.startswith(".."):
                return
            folder = posixpath.dirname(folder)

    def _shell(self, path: str, program: Program) -> None:
        text = self.graph.text(path)
        if text is None:
            return
        name = Word(f"{ROOT}/{path}")
        shell = Shell(program.folder, (name, *program.arguments), program.env, self.graph.text, self.graph.top)
        self._commands(text, shell, path)

    def _python_path(self, program: Program) -> list[str]:
        word = program.env.get("PYTHONPATH")
        places = []
        for part in word.text.split(":") if word is not None else ():
            path = located(program.folder, part) if part and "$" not in part else None
            if path is not None:
                places.append("" if path == "." else path)
        return places

    def _module(self, program: Program) -> None:
        name, folder = program.value.partition(":")[0], program.folder
        if "/" in name or name.endswith(".py"):  # a script that is installed as a file, an application by its file
            self._file(replace(program, kind="file", value=name, folder=folder if program.by else "."))
            return
        places = ["" if folder == "." else folder] if program.path and folder is not None else []
        search = [*places, *self._python_path(program)]
        main = program.path and ":" not in program.value
        found = module_files(name, (*search, *self.graph.guesses(folder or "", folder)), self.graph, main)
        if not found:
            return
        if self.depth == 1 and self.origin[0] is None:
            self.started[found[0]] = None
        running = _Running(folder, search, posixpath.dirname(found[0]), program.env)
        running.waiting += [(path, _language(path, "python", self.graph)) for path in found]
        self.files |= dict.fromkeys(found)
        self._run(running)

    def _code(self, program: Program) -> None:
        """Code on a command line, or in a here-document."""
        if program.language == "shell":
            name = program.arguments[:1] or (Word("$0", False),)
            shell = Shell(program.folder, (*name, *program.arguments[1:]), program.env, self.graph.text, self.graph.top)
            if self.shells < _MAX_DEPTH:
                self.depth, self.shells = self.depth - 1, self.shells + 1  # the shell is only what runs these
                for command in commands(program.value, shell):
                    self._simple(command)
                self.depth, self.shells = self.depth + 1, self.shells - 1
            return
        language = {"text": "", "notebook": ""}.get(program.language, program.language)
        if language not in READ or len(program.value) > MAX_CODE:
            return
        record = read(language, program.value)
        search = ["" if program.folder == "." else program.folder] if program.folder is not None else []
        running = _Running(program.folder, [*search, *self._python_path(program)], "", program.env)
        running.code.append(record)
        self._run(running)

    def _goals(self, program: Program) -> None:
        """`make GOALS`: the recipes of a Makefile that the team wrote."""
        if program.folder is None:
            return
        names = [program.value] if program.value else list(NAMES)
        path = next((p for name in names if (p := located(program.folder, name)) and self.graph.is_file(p)), None)
        text = self.graph.text(path) if path is not None else None
        if path is None or text is None or _GENERATED in text[:200]:
            return
        if self.depth == 1 and self.origin[0] is None:
            self.started[path] = None
        self.files[path] = None
        makefile = read_makefile(text)
        goals: list[str] = []
        for word in program.arguments:
            name, equals, value = word.text.partition("=")
            if equals:
                makefile.variables[name] = value
            else:
                goals.append(word.text)
        key = ("make", path, tuple(goals))
        if key in self.done:
            return
        self.done.add(key)
        for line, recipe in makefile.commands(goals):
            before, self.origin = self.origin, (path, line)
            for command in commands(
                recipe, Shell(program.folder, env=program.env, read=self.graph.text, top=self.graph.top)
            ):
                self._simple(command)
            self.origin = before

    # -- records

    def _run(self, running: _Running) -> None:
        """Read all that a program loads. Its search path may grow on the way; then imports are looked up again."""
        for inline in running.code:
            self._search(inline, None, running)
        for inline in running.code:
            self._uses(inline, None, "", running)
        while True:
            grown = False
            while running.waiting and len(self.files) <= MAX_FILES:
                path, language = running.waiting.pop()
                if (path, language) in running.read:
                    continue
                self.files[path] = None
                record = self._record(path, language)
                if record is None:
                    continue
                running.read[path, language] = record
                grown = self._search(record, path, running) or grown
                self._uses(record, path, language, running)
            if not grown:
                break
            for (path, _), record in list(running.read.items()):
                self._imports(record, path, running)
        self._undeclared(running)

    def _record(self, path: str, language: str) -> Record | None:
        if language in READ:
            record = self.graph.record(path, language)
            if record.error is not None:
                self._add(UNREADABLE, path, record.error[0], path=path, why=record.error[1])
            return record
        if language == "shell":
            self._shell(path, Program("file", path, "shell", "."))
        elif language not in ("text", "r", ""):
            self._add(FOREIGN, path, 1, path=path, language=language.capitalize())
        return None

    def _search(self, record: Record, path: str | None, running: _Running) -> bool:
        """Add the folders that a file puts on the path; whether there was a new one."""
        grown = False
        for place, first in record.search:
            if place == UNKNOWN:
                continue
            folder = _exact(place, path, running.folder)
            folder = "" if folder == "." else folder
            if folder is not None and folder not in running.search:
                running.search.insert(0, folder) if first else running.search.append(folder)
                grown = True
        for unknown in record.unknown:
            if unknown.what == "search" and path is not None:
                running.unsure.append((path, unknown.line, unknown.text))
        return grown

    def _uses(self, record: Record, path: str | None, language: str, running: _Running) -> None:
        self._imports(record, path, running)
        for load in record.loads:
            self._load(load, path, running)
        for place in record.folders:
            folder = _exact(place, path, running.folder)
            if folder is not None and folder != "." and self.graph.is_folder(folder):
                self.files[folder] = None
        for unknown in record.unknown:
            if unknown.what != "search":
                self._dynamic(unknown.text, unknown.what, path or self.origin[0], unknown.line)
        before = self.origin
        for spawn in record.spawns:
            self.origin = (path, spawn.line) if path is not None else before
            self._spawn(spawn, path, running)
        self.origin = before

    def _imports(self, record: Record, path: str | None, running: _Running) -> None:
        key = (path, tuple(running.search), running.home, running.folder)
        imported = self.graph.imported.get(key) if path is not None else None
        if imported is None:
            imported = self._imported(record, path, running)
            if path is not None:
                self.graph.imported[key] = imported
        running.waiting += [file for file in imported if file not in running.read]

    def _imported(self, record: Record, path: str | None, running: _Running) -> tuple[tuple[str, str], ...]:
        """The files that a file imports, each with its language."""
        folder = posixpath.dirname(path) if path is not None else running.search[0] if running.search else ""
        found: dict[tuple[str, str], None] = {}
        if path is not None and path.endswith(".jl"):
            roots = [place for place in running.search if place != running.home]
            names = [(f"{i.module}.jl", f"{i.module}/src/{i.module}.jl") for i in record.imports]
            places = [_inner(root, name) for root in roots for pair in names for name in pair]
            return tuple((place, "julia") for place in places if self.graph.is_file(place))
        for import_ in record.imports:
            for file in self._files_of(import_, folder, running) or ():
                found[file, _language(file, "python", self.graph)] = None
        return tuple(found)

    def _files_of(self, import_: Import, folder: str, running: _Running) -> tuple[str, ...] | None:
        search = tuple(running.search)
        key = (
            import_.level,
            import_.module,
            import_.names,
            folder if import_.level else "",
            search,
            running.home,
            running.folder,
        )
        resolved = self.graph.resolved
        if key not in resolved:
            guesses = self.graph.guesses(running.home, running.folder)
            resolved[key] = files_of(
                import_, folder, search, guesses, self.graph, lambda top: self._installed(top, running)
            )
        return resolved[key]

    def _installed(self, top: str, running: _Running) -> bool:
        """Whether a requirement of another project bears the module's name."""
        facts = self.graph.facts(running.home)
        name = normalized(top)
        names = {project.name for project in facts}
        return name not in names and any(name in (project.declared or ()) for project in facts)

    def _load(self, load: Load, path: str | None, running: _Running) -> None:
        for file in self._loaded(load.path, path, running.folder):
            language = load.language or _language(file, "", self.graph)
            if load.program:
                program = Program("file", f"{ROOT}/{file}", language, running.folder, running.env)
                self.depth += 1
                if self.depth < _MAX_DEPTH:
                    self._start(file, language, program)
                self.depth -= 1
            elif (file, language) not in running.read:
                running.waiting.append((file, language))

    def _loaded(self, name: str, path: str | None, folder: str | None) -> Sequence[str]:
        """The files that a path names: from the working folder, from beside the file, or from the root."""
        if name.startswith((FILE, ROOT)):
            places = [_exact(name, path, folder)]
        else:
            beside = None if path is None else posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            places = [located(folder, name), beside, located(".", name)]
        for place in places:
            if place is None:
                continue
            if place.endswith("/*"):
                found = self._listed(place[:-2])
                if found:
                    return found
            elif self.graph.is_file(place):
                return [place]
        return []

    def _listed(self, folder: str) -> list[str]:
        """The code files in a folder."""
        names = self.graph.snapshot.list("" if folder == "." else folder)
        return [_inner(folder, name) for name in names if fnmatch(name, "*.[rR]") or name.endswith((".jl", ".py"))]

    def _spawn(self, spawn: Spawn, path: str | None, running: _Running) -> None:
        folder = running.folder
        if spawn.folder is None:
            folder = None
        elif spawn.folder != ".":
            folder = _exact(spawn.folder, path, running.folder)
        if spawn.words:
            words = tuple(Word(_rooted(text, path), known) for text, known in spawn.words)
            self._simple(SimpleCommand(words, folder, running.env, 0))
            return
        text = _rooted(spawn.text, path)
        if text == UNKNOWN:
            self._dynamic("", "the command that is run here")
            return
        for command in commands(text, Shell(folder, env=running.env, read=self.graph.text, top=self.graph.top)):
            self._simple(command)

    # -- what could not be told

    def _add(self, code: Code, file: str | None, line: int, text: str = "", /, **values: str) -> None:
        self.problems[Problem(code, file, line, text, tuple(values.items()))] = None

    def _dynamic(self, text: str, what: str, path: str | None = None, line: int = 0) -> None:
        path, line = (path, line) if path is not None else self.origin
        text = text.replace(UNKNOWN, "…").replace(ROOT + "/", "").replace(FILE + "/../", "")
        shown = f": `{text[:60]}`" if text and text != "…" else ""
        self._add(DYNAMIC, path, line, text if "…" not in text else "", what=what, shown=shown)

    def _undeclared(self, running: _Running) -> None:
        """Imports that nothing in the repository and no requirement provides."""
        facts = self.graph.facts(running.home)
        stated = [project.declared for project in facts if project.declared is not None]
        declared = frozenset(name for names in stated for name in names)
        unsure = False
        for (path, language), record in running.read.items():
            if language not in _PYTHON:
                continue
            for import_ in record.imports:
                top = import_.module.partition(".")[0]
                if import_.level or not top or top in STANDARD:
                    continue
                if self._files_of(import_, posixpath.dirname(path), running) is not None:
                    continue
                self.packages[top] = None
                if not stated or import_.optional or provides(top, declared):
                    continue
                if running.unsure:
                    unsure = True
                    continue
                self._add(UNDECLARED, path, import_.line, top, module=top)
        for path, line, text in running.unsure if unsure else ():
            self._dynamic(text, "the folder that is put on the search path here", path, line)


def _inner(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder or ".", name))


def _language(path: str, given: str, graph: CodeGraph) -> str:
    """The language of a file: by its ending, by the program that runs it, by its first line."""
    if path.endswith(".py"):
        return "python"
    ending = posixpath.splitext(path)[1].lower()
    if ending in LANGUAGES:
        return LANGUAGES[ending]
    if ending in (".md", ".markdown"):
        return "markdown"
    if given in ("notebook", "markdown"):
        return "text"
    if given:
        return given
    text = graph.text(path) if not ending else None
    if text is not None and text.startswith("#!"):
        first = text.partition("\n")[0]
        for word, language in (("python", "python"), ("Rscript", "r"), ("julia", "julia"), ("node", "javascript"),
                               ("perl", "perl"), ("ruby", "ruby"), ("sh", "shell")):  # fmt: skip
            if word in first:
                return language
    return "text"


def _exact(place: str, path: str | None, folder: str | None) -> str | None:
    """A path of a record, from the repository's root; None where it leads elsewhere or is of a file that has no path."""
    if place.startswith(FILE):
        if path is None:
            return None
        return posixpath.normpath(path + place[len(FILE) :])
    return located(folder, place)


def _rooted(text: str, path: str | None) -> str:
    """A text of a command with the paths from beside the file made absolute."""
    if FILE not in text:
        return text
    return text.replace(FILE, f"{ROOT}/{path}") if path is not None else text.replace(FILE, UNKNOWN)
