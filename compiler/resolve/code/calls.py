"""Calls of Python that load or run other code: by a module's name, by a path, as a command."""

from __future__ import annotations

import ast
from collections.abc import Callable

from .literal import Function, Names
from .record import FILE, UNKNOWN, Import, Load, Record, Spawn, Unknown

Scope = tuple[Function, ...]

_MODULE_LOADERS = {
    "import_module": "name",
    "__import__": "name",
    "run_module": "mod_name",
    "import_string": "dotted_path",
}
"""Functions that load a module by its name, and what their first parameter is called."""
_PATH_LOADERS = {
    "run_path": (0, "path_name", True), "spec_from_file_location": (1, "location", False), "SourceFileLoader": (1, "path", False),
    "load_source": (1, "pathname", False), "execfile": (0, "filename", False), "execute_notebook": (0, "input_path", True),
    "addsitedir": (0, "sitedir", False),
}  # fmt: skip
"""Functions that load a file by its path: the position and the name of that parameter, and whether as a program."""
_WORD_SPAWNERS = frozenset(
    "subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen pexpect.spawn pexpect.run"
    " delegator.run sh.Command".split()
)
_TEXT_SPAWNERS = frozenset(
    "os.system os.popen subprocess.getoutput subprocess.getstatusoutput commands.getoutput"
    " asyncio.create_subprocess_shell pexpect.run".split()
)
_ARGUMENT_SPAWNERS = {
    "os.execv": 1, "os.execvp": 1, "os.execve": 1, "os.execvpe": 1, "os.spawnv": 2, "os.spawnvp": 2, "os.posix_spawn": 1,
    "os.posix_spawnp": 1,
}  # fmt: skip
"""Functions whose argument at that position is the list of words."""
_MAX_CALLS = 400


def read_calls(names: Names, record: Record, text: str) -> None:
    """Add to the record what the calls of a file load."""
    reader = _Reader(names, record, text)
    for name, read in reader.readers():
        for call, scope in names.calls.get(name, ())[:_MAX_CALLS]:
            read(name, call, scope)


class _Reader:
    """Reads the calls of one file."""

    def __init__(self, names: Names, record: Record, text: str) -> None:
        self.names, self.record = names, record
        self.lines = text.split("\n")

    def readers(self) -> list[tuple[str, Callable[[str, ast.Call, Scope], None]]]:
        """What reads the calls of a name; names that an import gives to a loader included."""
        readers: list[tuple[str, Callable[[str, ast.Call, Scope], None]]] = []
        for name in self.names.calls:
            full = self.names.full.get(name, name).rpartition(".")[2]
            if full in _MODULE_LOADERS:
                readers.append((name, self._module))
            elif full in _PATH_LOADERS:
                readers.append((name, self._path))
            elif full in ("insert", "append", "extend"):
                readers.append((name, self._search))
            elif full == "exec":
                readers.append((name, self._exec))
            elif full == "chdir":
                continue
            elif full in ("main", "initialize", "initialize_config_dir", "instantiate", "initialize_config_module"):
                readers.append((name, self._hydra))
            elif full in ("load", "CUDAExtension", "CppExtension"):
                readers.append((name, self._extension))
            elif full == "source":
                readers.append((name, self._source))
            else:
                readers.append((name, self._spawn))
        return readers

    # -- what is called

    def _module(self, name: str, call: ast.Call, scope: Scope) -> None:
        parameter = _MODULE_LOADERS[self.names.full.get(name, name).rpartition(".")[2]]
        node = _argument(call, 0, parameter)
        values = self.names.values(node, scope)
        if name == "__import__" and node is None:
            return
        if values is None:
            self._unknown(call, "the module that is loaded here", self._prefix(node, scope))
            return
        package = self._package(_argument(call, 1, "package"), scope)
        for value in values:
            module = value.lstrip(".")
            level = len(value) - len(module)
            if level and package is not None:
                above = package.split(".")
                self._import(0, ".".join((*above[: len(above) - level + 1], module)), call)
            else:
                self._import(level, module, call)

    def _package(self, node: ast.expr | None, scope: Scope) -> str | None:
        values = self.names.values(node, scope)
        return values[0] if values is not None and len(values) == 1 else None

    def _prefix(self, node: ast.expr | None, scope: Scope) -> str:
        """The package that a name made at run time starts with."""
        known = self.names.partly(node, scope).partition(UNKNOWN)[0]
        return known.rpartition(".")[0] if "." in known else ""

    def _import(self, level: int, module: str, call: ast.Call) -> None:
        self.record.imports.append(Import(level, module, (), call.lineno, True))

    def _path(self, name: str, call: ast.Call, scope: Scope) -> None:
        full = self.names.full.get(name, name).rpartition(".")[2]
        position, parameter, program = _PATH_LOADERS[full]
        node = _argument(call, position, parameter)
        if node is None:
            return
        values = self.names.values(node, scope)
        if full == "addsitedir":
            self._add_search(values, False, call)
        elif values is None:
            self._unknown(call, "the file that is loaded here")
        else:
            self.record.loads += [Load(value, call.lineno, program) for value in values]

    def _search(self, name: str, call: ast.Call, scope: Scope) -> None:
        target = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        if self.names.dotted(target) not in ("sys.path", "sys.path.extend"):
            return
        if name == "extend":
            words = self.names.words(call.args[0], scope) if call.args else None
            values = tuple(text for text, known in words or () if known)
            self._add_search(values if words is not None else None, False, call)
            return
        node = call.args[-1] if call.args else None
        self._add_search(self.names.values(node, scope), name == "insert", call)

    def _add_search(self, values: tuple[str, ...] | None, first: bool, call: ast.Call) -> None:
        if values is None:
            self.record.search.append((UNKNOWN, first))
            self.record.unknown.append(Unknown(call.lineno, self._shown(call), "search"))
        else:
            self.record.search += [(value, first) for value in values]

    def _exec(self, name: str, call: ast.Call, scope: Scope) -> None:
        """`exec(open(PATH).read())`, `exec(compile(Path(PATH).read_text(), ...))`."""
        node = call.args[0] if call.args else None
        for _ in range(6):
            if not isinstance(node, ast.Call):
                if isinstance(node, ast.Name):
                    node = self.names.container(node, scope, 0)
                    if isinstance(node, ast.Call):
                        continue
                return
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "open" and node.args:
                values = self.names.values(node.args[0], scope)
                break
            if called in ("read_text", "read_bytes") and isinstance(node.func, ast.Attribute):
                values = self.names.values(node.func.value, scope)
                break
            inside = node.func.value if isinstance(node.func, ast.Attribute) else None
            node = node.args[0] if called == "compile" and node.args else inside
        else:
            return
        if values is None:
            self._unknown(call, "the file that is loaded here")
        else:
            self.record.loads += [Load(value, call.lineno) for value in values]

    def _hydra(self, name: str, call: ast.Call, scope: Scope) -> None:
        dotted = self.names.dotted(call.func)
        if "hydra" not in dotted:
            return
        if name == "instantiate":
            self._unknown(call, "the class that the configuration names here")
            return
        directory = name == "initialize_config_dir"
        parameter = "config_dir" if directory else "config_path"
        node = _argument(call, 0, parameter)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return
        for value in self.names.values(node, scope) or ():
            if "://" not in value:
                self.record.folders.append(
                    value if directory or value.startswith((FILE, "/")) else f"{FILE}/../{value}"
                )

    def _extension(self, name: str, call: ast.Call, scope: Scope) -> None:
        node = _argument(call, 1, "sources")
        if node is None or "extension" not in self.names.dotted(call.func).lower():
            return
        values = self.names.items(node, scope)
        if values is None:
            self._unknown(call, "the sources that are compiled here")
        else:
            self.record.loads += [Load(value, call.lineno) for value in values]

    def _source(self, name: str, call: ast.Call, scope: Scope) -> None:
        """`robjects.r.source("x.R")`."""
        values = self.names.values(call.args[0], scope) if call.args else None
        self.record.loads += [Load(value, call.lineno) for value in values or () if value.lower().endswith(".r")]

    # -- commands

    def _spawn(self, name: str, call: ast.Call, scope: Scope) -> None:
        dotted = self.names.dotted(call.func)
        if dotted in _ARGUMENT_SPAWNERS:
            node = _argument(call, _ARGUMENT_SPAWNERS[dotted], "args")
        elif dotted.startswith(("os.execl", "os.spawnl")):
            start = 1 if dotted.startswith("os.execl") else 2
            self._words(ast.copy_location(ast.List(call.args[start:]), call), call, scope)
            return
        elif dotted == "asyncio.create_subprocess_exec":
            self._words(ast.copy_location(ast.List(call.args), call), call, scope)
            return
        elif dotted in _WORD_SPAWNERS or dotted in _TEXT_SPAWNERS:
            node = _argument(call, 0, "args") or _argument(call, 0, "cmd") or _argument(call, 0, "command")
        else:
            return
        if node is not None:
            self._words(node, call, scope)

    def _words(self, node: ast.expr, call: ast.Call, scope: Scope) -> None:
        folder = self._folder(call, scope)
        alternatives = self._alternatives(node, call, scope)
        for words in alternatives:
            self.record.spawns.append(Spawn(call.lineno, words=words, folder=folder))
        if alternatives:
            return
        values = self.names.values(node, scope)
        for text in values or (self.names.partly(node, scope),):
            self.record.spawns.append(Spawn(call.lineno, text=text, folder=folder))

    def _alternatives(self, node: ast.expr, call: ast.Call, scope: Scope) -> list[tuple[tuple[str, bool], ...]]:
        """The lists of words that a command may be: one for each value of the one word that has several."""
        words = self.names.words(node, scope)
        if words is None:
            return []
        box = self.names.container(node, scope, 0)
        if not isinstance(box, ast.List | ast.Tuple) or len(words) != len(box.elts):
            return [words]
        found = [words]
        for index, element in enumerate(box.elts):
            values = None if words[index][1] or isinstance(element, ast.Starred) else self.names.values(element, scope)
            if values:
                found = [(*base[:index], (value, True), *base[index + 1 :]) for base in found for value in values][:64]
        return found

    def _folder(self, call: ast.Call, scope: Scope) -> str | None:
        node = next((keyword.value for keyword in call.keywords if keyword.arg == "cwd"), None)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return "."
        values = self.names.values(node, scope)
        return values[0] if values is not None and len(values) == 1 else None

    # -- what is unknown

    def _unknown(self, call: ast.Call, what: str, prefix: str = "") -> None:
        what = f"{what}, of the package `{prefix}`" if prefix else what
        self.record.unknown.append(Unknown(call.lineno, self._shown(call), what))

    def _shown(self, call: ast.Call) -> str:
        """The first line of a call, as it is written."""
        line = self.lines[call.lineno - 1].encode()
        end = call.end_col_offset if call.end_lineno == call.lineno else None
        return line[call.col_offset : end].decode("utf-8", "replace").rstrip()


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """An argument of a call, by its name or its position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position < len(call.args) and not any(isinstance(node, ast.Starred) for node in call.args[: position + 1]):
        return call.args[position]
    return None
