"""The calls in a script: what they read and write, and what they return."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .library import (
    LISTS,
    LOADERS,
    READS,
    RUNS,
    WRITES,
    function_of_paths,
    hydra_config,
    load_config,
    path_method,
)
from .values import ROOT, UNKNOWN, Class, Function, Handle, Instance, Library, Module, Options

if TYPE_CHECKING:
    from .interpreter import Interpreter

OPENERS = frozenset(["open", "File", "ZipFile", "ExcelWriter", "ParquetWriter"])
COPIES = frozenset(["copy", "copy2", "copyfile", "copytree", "move"])
SAME_ITEMS = frozenset(
    ["list", "tuple", "sorted", "set", "reversed", "tqdm", "vars", "dict", "deepcopy", "to_container", "create"]
)

MAX_ITEMS = 1000

Names = dict[str, Any]


class Calls:
    """The calls of one evaluation."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.files = interpreter.files

    def argument(self, index: int) -> Any:
        """`sys.argv[index]`."""
        if index == 0:
            return ROOT + self.interpreter.script
        arguments = self.interpreter.arguments
        if 0 < index <= len(arguments):
            return arguments[index - 1]
        if index > 0 and (name := f"sys.argv[{index}]") not in self.files.required:
            self.files.required.append(name)
        return UNKNOWN

    def parsed(self, options: Options) -> dict[str, Any]:
        """The values of the options under the arguments of the script."""
        values, missing = options.parse(self.interpreter.arguments)
        self.files.required += [name for name in missing if name not in self.files.required]
        return values

    def decorate(self, function: Function, decorator: ast.expr, names: Names, module: Module) -> None:
        """Options that click declares, and the configuration that Hydra loads."""
        call = decorator if isinstance(decorator, ast.Call) else None
        value = self.interpreter.evaluate(call.func if call is not None else decorator, names, module)
        if not isinstance(value, Library) or call is None:
            return
        arguments = [self.interpreter.evaluate(argument, names, module) for argument in call.args]
        keywords = {
            keyword.arg: self.interpreter.evaluate(keyword.value, names, module)
            for keyword in call.keywords
            if keyword.arg
        }
        if value.name in ("click.option", "click.argument"):
            function.options = function.options or Options()
            function.options.add(arguments, keywords, is_required=value.last == "argument")
        elif value.name in ("hydra.main", "hydra.hydra_main"):
            folder = keywords.get("config_path", arguments[0] if arguments else None)
            name = keywords.get("config_name", arguments[1] if len(arguments) > 1 else "config")
            if isinstance(folder, str) and isinstance(name, str):
                here = posixpath.dirname(module.path)
                path = posixpath.normpath(posixpath.join(here, folder))
                function.config = hydra_config(self.interpreter.snapshot, path, name)
                self._note(self.files.reads, f"{ROOT}{path}/{name.removesuffix('.yaml')}.yaml", call, module)

    def call(self, node: ast.Call, names: Names, module: Module) -> Any:
        """The value of a call."""
        interpreter = self.interpreter
        owner: Any = UNKNOWN
        if isinstance(node.func, ast.Attribute):
            owner = interpreter.evaluate(node.func.value, names, module)
        function = interpreter.evaluate(node.func, names, module)
        arguments = [interpreter.evaluate(argument, names, module) for argument in node.args]
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            value = interpreter.evaluate(keyword.value, names, module)
            keywords |= {keyword.arg: value} if keyword.arg else value if isinstance(value, dict) else {}
        if isinstance(function, Function):
            self._follow(function)
            return interpreter.call(function, arguments, keywords)
        if isinstance(function, Class):
            return self._instance(function, arguments, keywords)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(function, Library):
            name = function.last
        return self._known(name, function, owner, arguments, keywords, node, module)

    def _follow(self, function: Function) -> None:
        path = function.module.path
        is_step = isinstance(function.node, ast.FunctionDef) and function.node.name in ("main", "run")
        if is_step and path != self.interpreter.script and path not in self.files.called:
            self.files.called.append(path)

    def _instance(self, of: Class, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        instance = Instance(of)
        start = of.attributes.get("__init__")
        if isinstance(start, Function):
            bound = Function(start.node, start.module, start.closure, instance)
            self.interpreter.call(bound, arguments, keywords)
        else:  # a dataclass
            fields = [
                item.target.id
                for item in of.node.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            ]
            instance.attributes.update(zip(fields, arguments, strict=False))
            instance.attributes.update(keywords)
        return instance

    def _known(
        self,
        name: str,
        function: Any,
        owner: Any,
        arguments: list[Any],
        keywords: Names,
        node: ast.Call,
        module: Module,
    ) -> Any:
        """A call of a library, or of a method of a known value."""
        library = function.name if isinstance(function, Library) else ""
        if isinstance(owner, Options):
            return self._options(owner, name, arguments, keywords)
        if library == "argparse.ArgumentParser":
            return Options()
        if library in ("os.environ.get", "os.getenv"):
            return arguments[1] if len(arguments) > 1 else UNKNOWN
        if isinstance(owner, str):
            return self._method_of_path(owner, name, arguments, keywords, node, module)
        if isinstance(owner, Handle):
            return owner if name == "read" else UNKNOWN
        if isinstance(owner, dict):
            return _method_of_dict(owner, name, arguments)
        if isinstance(owner, list):
            if name in ("append", "extend") and arguments and len(owner) < MAX_ITEMS:
                owner.extend(
                    [arguments[0]] if name == "append" else arguments[0] if isinstance(arguments[0], list) else []
                )
            return UNKNOWN
        if name in RUNS and (library.startswith(("subprocess.", "os.")) or name in ("check_call", "check_output")):
            self._command(arguments, node, module)
            return UNKNOWN
        if name == "Fire" and arguments and isinstance(arguments[0], Function):
            return self.interpreter.call(arguments[0], [], {})
        return self._function(name, library, arguments, keywords, node, module)

    def _function(
        self, name: str, library: str, arguments: list[Any], keywords: Names, node: ast.Call, module: Module
    ) -> Any:
        values = [*arguments, *keywords.values()]
        if name in OPENERS:
            return self._open(arguments, keywords, node, module, write=name.endswith("Writer"))
        if name in LOADERS and arguments and (config := self._config(arguments[0])) is not UNKNOWN:
            self._note_all(self.files.reads, [value for value in values if isinstance(value, str)], node, module)
            return config
        if name in COPIES and len(arguments) > 1 and library.startswith("shutil."):
            self._note_all(self.files.reads, arguments[:1], node, module)
            self._note_all(self.files.writes, arguments[1:2], node, module)
            return arguments[1]
        if name == "urlretrieve" and len(arguments) > 1:
            self._note_all(self.files.writes, arguments[1:2], node, module)
        elif name in LISTS:
            return self._listed(arguments[0] if arguments else ".", node, module)
        elif name in READS:
            self._note_all(self.files.reads, values, node, module)
        elif name in WRITES:
            self._note_all(self.files.writes, values, node, module)
        elif name in ("field", "Option", "Argument"):
            factory = keywords.get("default_factory")
            if isinstance(factory, Function):
                return self.interpreter.call(factory, [], {})
            return keywords.get("default", arguments[0] if arguments and name != "field" else UNKNOWN)
        elif name == "enumerate" and arguments and isinstance(arguments[0], list):
            return [[index, value] for index, value in enumerate(arguments[0])]
        elif name == "zip" and arguments and all(isinstance(argument, list) for argument in arguments):
            return [list(row) for row in zip(*arguments, strict=False)]
        elif name == "range" and len(arguments) == 1 and isinstance(arguments[0], int):
            return list(range(min(arguments[0], 16)))
        elif name in SAME_ITEMS and arguments:
            return arguments[0]
        elif (value := function_of_paths(name, arguments)) is not None:
            return value
        return UNKNOWN

    def _options(self, options: Options, name: str, arguments: list[Any], keywords: Names) -> Any:
        if name == "add_argument":
            options.add(arguments, keywords)
            return UNKNOWN
        if name == "set_defaults":
            options.defaults |= keywords
            return UNKNOWN
        if name == "parse_args":
            return self.parsed(options)
        if name == "parse_known_args":
            return [self.parsed(options), UNKNOWN]
        return options  # a group, or the parser of a command

    def _method_of_path(
        self, path: str, name: str, arguments: list[Any], keywords: Names, node: ast.Call, module: Module
    ) -> Any:
        if name == "open":
            return self._open([path, *arguments], keywords, node, module)
        if name in ("read_text", "read_bytes"):
            self._note(self.files.reads, path, node, module)
            return Handle(path)
        if name in ("write_text", "write_bytes"):
            self._note(self.files.writes, path, node, module)
            return UNKNOWN
        if name in LISTS:
            return self._listed(path, node, module)
        if name in ("rename", "replace") and len(arguments) == 1 and isinstance(arguments[0], str):
            self._note(self.files.writes, arguments[0], node, module)
            return arguments[0]
        value = path_method(path, name, arguments)
        return UNKNOWN if value is None else value

    def _open(self, arguments: list[Any], keywords: Names, node: ast.Call, module: Module, write: bool = False) -> Any:
        path = arguments[0] if arguments else keywords.get("file", UNKNOWN)
        mode = keywords.get("mode", arguments[1] if len(arguments) > 1 else "w" if write else "r")
        is_written = isinstance(mode, str) and bool(set(mode) & set("wax"))
        if isinstance(path, str):
            self._note(self.files.writes if is_written else self.files.reads, path, node, module)
            return Handle(path)
        if path is UNKNOWN or isinstance(path, Library):
            self._unknown(is_written, node, module)
        return UNKNOWN

    def _listed(self, folder: Any, node: ast.Call, module: Module) -> Any:
        """A folder that is listed is read as a whole."""
        if isinstance(folder, str):
            parts = folder.split("/")
            plain = next((index for index, part in enumerate(parts) if set(part) & set("*?[")), len(parts))
            path = "/".join(parts[:plain])
            if path and self.interpreter.snapshot.kind(self._from_root(path)) == "dir":
                self._note(self.files.reads, f"{path}/", node, module)
        return UNKNOWN

    def _config(self, source: Any) -> Any:
        path = source.path if isinstance(source, Handle) else source
        if not isinstance(path, str):
            return UNKNOWN
        return load_config(self.interpreter.snapshot, self._from_root(path))

    def _from_root(self, path: str) -> str:
        if path.startswith(ROOT):
            return posixpath.normpath(path.removeprefix(ROOT))
        return posixpath.normpath(posixpath.join(self.interpreter.wdir, path))

    def _command(self, arguments: list[Any], node: ast.Call, module: Module) -> None:
        command = arguments[0] if arguments else UNKNOWN
        if isinstance(command, list):
            words = [
                "python" if isinstance(word, Library) and word.name == "sys.executable" else word for word in command
            ]
            command = " ".join(words) if all(isinstance(word, str) for word in words) else UNKNOWN
        if isinstance(command, str):
            self.files.commands.append((command.replace(ROOT, ""), f"{module.path}:{node.lineno}"))

    def _note_all(self, into: dict[str, str], values: Sequence[Any], node: ast.Call, module: Module) -> None:
        noted = [self._note(into, value, node, module) for value in values if isinstance(value, str)]
        is_settled = any(noted) or any(isinstance(value, Handle) for value in values)
        if not is_settled and any(value is UNKNOWN for value in values[:2]) and into is self.files.writes:
            self._unknown(True, node, module)
        elif not is_settled and values and values[0] is UNKNOWN:
            self._unknown(False, node, module)

    def _note(self, into: dict[str, str], path: str, node: ast.Call, module: Module) -> bool:
        return self.files.note(into, path, f"{module.path}:{node.lineno}", self.interpreter.wdir)

    def _unknown(self, is_written: bool, node: ast.Call, module: Module) -> None:
        places = self.files.unknown_writes if is_written else self.files.unknown_reads
        if (place := f"{module.path}:{node.lineno}") not in places:
            places.append(place)


def _method_of_dict(owner: dict[Any, Any], name: str, arguments: list[Any]) -> Any:
    if name == "get" and arguments and isinstance(arguments[0], (str, int)):
        return owner.get(arguments[0], arguments[1] if len(arguments) > 1 else UNKNOWN)
    if name == "items":
        return [[key, value] for key, value in owner.items()]
    if name in ("values", "keys"):
        return list(getattr(owner, name)())
    return owner if name == "copy" else UNKNOWN
