"""The conventions applied to one stage: its command, its paths, the code it depends on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from ...schemas.common import seconds
from ...schemas.stage import Stage
from ..emit import shell
from ..model.diagnostic import Code, Diagnostic
from ..model.environment import Environment
from ..model.project import Kind, Script
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..programs import program
from ..programs.packages import PATH as PACKAGES
from ..programs.packages import Lock
from ..programs.packages import text as packages_text
from ..read.keys import matches
from ..read.params import DEFAULT
from .code.graph import CodeGraph
from .code.templates import items
from .code_deps import code_deps, loaded_code
from .commands import QUOTED, RUN, RUN_TEXT, SIMPLE, as_list, script_file, wrapped
from .conventions import RULES, CodeFiles, Draft, Group, paths_of
from .entry import Entry, Origin
from .packages import Packages
from .wrapping import PROGRAMS, SECRETS
from .wrapping import inside as in_environment

NO_COMMAND = Code(
    "MLC301", "error", "`{stage}` has neither a `cmd` nor a code file", help="write a `cmd`, or create one of {files}"
)
TEMPLATE_IN_WDIR = Code(
    "MLC303",
    "error",
    "the conventions need a `wdir` without templates",
    help="write `cmd`, `deps` and `outs` yourself, with `infer: none`",
)
TEMPLATE_IN_WDIR_OF_ENVIRONMENT = Code(
    "MLC443",
    "error",
    "a stage that runs in an environment needs a `wdir` without templates",
    help="write a `wdir` without `${{`, or `environment: none`",
)
ARGS_BESIDE_CMD = Code(
    "MLC304",
    "error",
    "`args` and `cmd` exclude each other",
    help="move the arguments into `cmd`, or remove `cmd` to let the conventions fill it in",
)
UNCLOSED_ARGUMENT = Code(
    "MLC436",
    "warning",
    "the argument `{text}` of `{stage}` has a `${{` that nothing closes, so the program gets it as text",
    help="close it with `}}`",
)

KEY_ORDER = (
    "matrix", "desc", "cmd", "wdir", "vars", "deps", "params", "outs", "metrics", "plots",
    "frozen", "always_changed", "meta",
)  # fmt: skip
"""The order of the keys of a stage in dvc.yaml."""
_IMPORTS = "imports"


_TEMPLATE = r"(?<!\\)\$\{([^{}]*)\}"


@dataclass(frozen=True)
class Repository:
    """What the conventions know about the repository; ``sections`` are the top-level keys of params.yaml."""

    snapshot: Snapshot
    files: CodeFiles
    code: CodeGraph
    sections: frozenset[str]
    variables: Mapping[str, Any] = field(default_factory=dict)
    """What templates see: params.yaml and `vars`."""
    locked: Callable[[], Lock | None] = lambda: None
    """Reads the lock of the packages, when a stage asks for it."""

    @cached_property
    def packages(self) -> Packages | None:
        """The packages that the project locks or requires; None if it does neither."""
        lock = self.locked()
        required = {name for facts in self.code.facts("") for name in facts.declared or ()} if lock is None else ()
        return Packages(lock, required) if lock is not None or required else None


@dataclass(frozen=True, slots=True)
class Inside:
    """The environment that a stage runs in: its packages, where its lock can be read, and the secrets that a container gets."""

    environment: Environment
    packages: Packages | None
    secrets: tuple[str, ...] = ()


@dataclass(slots=True)
class Filling:
    """A stage while the conventions fill it in. `fill` returns the result; nothing else outlives it."""

    repository: Repository
    name: str
    path: Path
    declared: Stage
    kind: Kind
    foreach: Any
    body: dict[str, Any]
    origins: dict[tuple[str, ...], Origin] = field(default_factory=dict)
    scripts: list[Script] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    code_file: str | None = None
    unlocked: tuple[str, ...] = ()
    inside: Inside | None = None

    @property
    def wdir(self) -> str:
        """The directory that the stage runs in."""
        return self.declared.wdir or "."

    def fill(self, groups: frozenset[Group], above: Iterable[str]) -> Entry | None:
        """The entry, filled in by the ``groups`` of rules; None without a command. ``above`` are the outs it may read."""
        declared = self.declared
        if "${" in self.wdir and (groups or declared.cmd is None):
            self.diagnostics.append(TEMPLATE_IN_WDIR.at_key(*self.path, "wdir"))
            groups = frozenset()
        if "kind" not in self.body:
            self.origins["kind",] = Origin("kind", "its name")
        if declared.cmd is None and not self._fill_command():
            return None
        self._fill_paths(groups, tuple(above))
        if "code" in groups:
            self._fill_code_deps()
        if "packages" in groups:
            self._fill_packages()
        self._append_arguments()
        if declared.timeout or declared.retries:
            self.scripts.append(Script(RUN, RUN_TEXT))
            self.repository.code.texts[RUN] = RUN_TEXT
        bare = self._wrapped(self.body["cmd"])
        self.body["cmd"] = bare if self.inside is None else self._wrapped(self._in_environment(self.inside), QUOTED)
        body = {key: self.body[key] for key in KEY_ORDER if self.body.get(key) not in (None, [])}
        environment = self.inside.environment if self.inside is not None else None
        return Entry(
            self.name, self.path, body, declared, self.kind, self.foreach, origins=self.origins, unlocked=self.unlocked,
            environment=environment, bare=None if environment is None else bare,
        )  # fmt: skip

    def _wrapped(self, cmd: str | list[str], simple: str = SIMPLE) -> str | list[str]:
        """A command with the stage's `env`, `timeout` and `retries`."""
        declared = self.declared
        return wrapped(cmd, declared.env or {}, seconds(declared.timeout), declared.retries or 0, self.wdir, simple)

    def _in_environment(self, inside: Inside) -> str | list[str]:
        """The command in its environment, whose program is emitted."""
        environment, cmd = inside.environment, self.body["cmd"]
        if "${" in self.wdir:
            self.diagnostics.append(TEMPLATE_IN_WDIR_OF_ENVIRONMENT.at_key(*self.path, "wdir"))
            return cast("str | list[str]", cmd)
        if (name := PROGRAMS.get(environment.kind)) is not None:
            self.scripts.append(program(name))
            self.repository.code.texts[self.scripts[-1].path] = self.scripts[-1].text
        if environment.kind == "container" and inside.secrets:
            self.scripts.append(Script(SECRETS, "".join(f"{name}\n" for name in inside.secrets)))
        names = list(self.declared.env or ())
        gpus = self.declared.resources.gpu if self.declared.resources is not None else None
        scopes = items(self.foreach, self.declared.matrix, self.repository.variables)
        return in_environment(cmd, environment, self.wdir, names, gpus or 0, scopes)

    def _fill_command(self) -> bool:
        """Set `cmd` and the code file; False if there is none."""
        if self.declared.script is not None:
            script, command, _ = script_file(self.name, self.declared.script, self.wdir)
            self.scripts.append(script)
            self.repository.code.texts[script.path] = script.text
            self.body["cmd"], self.code_file = command, script.path
            self.origins["cmd",] = Origin("script", "runs the stage's script")
            return True
        files = self.repository.files
        self.code_file = files.of(self.name)
        if self.code_file is None:
            self.diagnostics.append(NO_COMMAND.at_key(*self.path, stage=self.name, files=files.candidates(self.name)))
            return False
        self.body["cmd"] = files.run(relative(self.wdir, self.code_file))
        self.origins["cmd",] = Origin("cmd", f"runs `{self.code_file}`, the code file with the stage's name")
        return True

    def _fill_paths(self, groups: frozenset[Group], above: tuple[str, ...]) -> None:
        """Apply the rules of ``groups`` whose key the stage does not state."""
        stated = frozenset(key for key, value in self.body.items() if value is not None)
        draft = Draft(self.name, self.kind, above, self._item_template(), self.repository.sections, stated)
        for rule in RULES:
            if rule.group not in groups or self.body.get(rule.key) is not None:
                continue
            if (value := rule.value(draft)) is not None:
                if rule.key != "params":
                    value = [_moved(self.wdir, item) for item in value]
                elif self.wdir != ".":
                    value = [{relative(self.wdir, DEFAULT): value}]  # a bare key is one of the wdir's own params.yaml
                self.body[rule.key] = value
                self.origins[rule.key,] = Origin(rule.key, rule.why)

    def _item_template(self) -> str | None:
        """The template that distinguishes the stages of a `foreach` or `matrix`."""
        if self.declared.matrix is not None or isinstance(self.foreach, dict):
            return "${key}"
        return "${item}" if self.foreach is not None else None

    def _fill_code_deps(self) -> None:
        """Put the code that the stage runs, and everything it loads, before its other deps."""
        stated = list(self.body.get("deps") or ())
        script = self.declared.script
        lines = [script] if script is not None else as_list(self.body["cmd"])
        scopes = items(self.foreach, self.declared.matrix, self.repository.variables)
        code: list[str] = []
        for path, why in code_deps(self.repository.code, lines, self.code_file, self.wdir, scopes, stated):
            code.append(relative(self.wdir, path))
            self.origins["deps", code[-1]] = Origin(_IMPORTS, why)
        if code:
            self.body["deps"] = [*code, *stated]
            if (origin := self.origins.pop(("deps",), None)) is not None:
                self.origins.update({("deps", path): origin for path in stated})

    def _fill_packages(self) -> None:
        """Track the locked versions of the packages that the code can load, as params of the file that the build writes."""
        packages, path = self.repository.packages, PACKAGES
        if self.inside is not None:
            packages, path = self.inside.packages, self.inside.environment.packages or PACKAGES
            if packages is None:
                self._fill_lock(self.inside.environment)
        file = relative(self.wdir, path)
        stated = list(self.body.get("params") or ())
        if packages is None or any(file in item for item in stated if isinstance(item, dict)):
            return
        script = self.declared.script
        lines = [script] if script is not None else as_list(self.body["cmd"])
        scopes = items(self.foreach, self.declared.matrix, self.repository.variables)
        code_file = self.code_file if script is None else None
        tracked = packages.tracked(loaded_code(self.repository.code, lines, code_file, self.wdir, scopes))
        self.unlocked = tracked.unlocked
        if tracked.names == () or packages.lock is None:
            return
        names = None if tracked.names is None else list(tracked.names)
        self.body["params"] = [*stated, {file: names}]
        if (origin := self.origins.pop(("params",), None)) is not None:
            self.origins.update({("params", str(key)): origin for item in stated for key in paths_of([item])})
        self.origins["params", file] = Origin("packages", tracked.why)
        self.scripts += [Script(path, packages_text(packages.lock), derived=True), program("packages.py")]

    def _fill_lock(self, environment: Environment) -> None:
        """Depend on the bytes of a lock that cannot be read as a list of packages. An image has its digest in the command."""
        if environment.lock is None or "${" in self.wdir:
            return
        lock = relative(self.wdir, environment.lock)
        stated = list(self.body.get("deps") or ())
        if lock not in stated:
            self.body["deps"] = [*stated, lock]
            self.origins["deps", lock] = Origin("lock", f"it locks the environment `{environment.name}`")
            if (origin := self.origins.pop(("deps",), None)) is not None:
                self.origins.update({("deps", path): origin for path in stated})

    def _append_arguments(self) -> None:
        arguments = self.declared.args
        if not arguments:
            return
        if self.declared.cmd is not None:
            self.diagnostics.append(ARGS_BESIDE_CMD.at_key(*self.path, "args"))
            return
        if arguments == "paths":
            words = " ".join(map(shell.word, self._data_paths()))
        else:
            words = arguments if isinstance(arguments, str) else " ".join(map(self._argument, arguments))
        self.body["cmd"] = f"{self.body['cmd']} {words}".rstrip()

    def _argument(self, text: str) -> str:
        """An item of `args` as one word, whatever the value of a template in it; a mapping becomes several options, as in DVC."""
        if "${" in text and "}" not in text[text.rindex("${") :]:
            self.diagnostics.append(UNCLOSED_ARGUMENT.at(*self.path, "args", text=text, stage=self.name))
        names = [name.strip() for name in re.findall(_TEMPLATE, text)]
        values = [matches(self.repository.variables, name) for name in names]
        if all(value and isinstance(value[0], int | float | dict) for value in values):
            return shell.word(text)
        return shell.single_quoted(text)

    def _data_paths(self) -> list[str]:
        """The data deps, outs, metrics and plots of the stage."""
        code = {key[1] for key, origin in self.origins.items() if origin.rule == _IMPORTS}
        deps = [path for path in paths_of(self.body.get("deps")) if path not in code]
        return [*deps, *(path for key in ("outs", "metrics", "plots") for path in paths_of(self.body.get(key)))]


def relative(wdir: str, path: str) -> str:
    """A path of the repository, relative to ``wdir``."""
    return path if wdir == "." else posixpath.relpath(path, wdir)


def _moved(wdir: str, item: str | Mapping[str, Any]) -> Any:
    """An item of `deps` or `outs`, its path made relative to ``wdir``."""
    if isinstance(item, str):
        return relative(wdir, item)
    return {relative(wdir, path): flags for path, flags in item.items()}
