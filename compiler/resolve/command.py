"""What a command line runs: its simple commands, each with its folder, its environment and its words.

The tree of `shell.parser` is carried out as a shell would, without running anything: `cd` is followed, variables that are
set to literal text are replaced, loops over literal words are unrolled, sourced files are read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .shell.parser import parse
from .shell.tree import Group, Loop, Node, Part, Simple, Substitution, Text, Variable

ROOT = "\0"
"""Stands for the absolute path of the repository's root at the start of a word."""
MAX_COMMANDS = 5_000
"""What a text may unroll to; the rest is left out."""
_MAX_SOURCED = 16
_MAX_TRIMMED = 500
_SIMPLE_LINE = re.compile(r"[\w@%+:,./-]+(?:[ \t]+[\w@%+=:,./-]+)*\Z", re.ASCII)
_GLOB = re.compile(r"[*?]|\[[^\[\]]+\]|\{[^{}]*(?:,|\.\.)[^{}]*\}")
"""What a shell replaces by the names of files, or makes several words of."""
_BUILTINS = frozenset(["cd", "exit", "export", "source", ".", "eval", "set", "shift", "for", "while", "until", "if",
                          "case", "time", "pushd", "popd", "select", "function", "do", "done", "fi", "then", "else",
                          "elif", "esac", "unset", "local", "declare", "readonly", "typeset", "read"])  # fmt: skip
_SETS = frozenset(["export", "local", "declare", "readonly", "typeset"])


@dataclass(frozen=True, slots=True)
class Word:
    """One word, expanded. What cannot be known stays in ``text`` as it is written, and ``known`` is False."""

    text: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One program as a shell starts it. ``folder`` is where, from the repository's root; None where that is unknown.

    ``offset`` is where the command stands in the text; -1 for one of a sourced file. ``given`` is a here-document.
    """

    words: tuple[Word, ...]
    folder: str | None
    env: Mapping[str, Word]
    offset: int
    given: str | None = None
    input: Word | None = None
    """The file of `< FILE`."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What a text is carried out in. ``read`` gives the text of a file of the repository, or None."""

    folder: str | None = "."
    arguments: tuple[Word, ...] = ()
    """`$0`, `$1` and so on; empty where they are unknown."""
    env: Mapping[str, Word] = field(default_factory=dict)
    read: Callable[[str], str | None] = lambda path: None
    top: str = "."
    """What `git rev-parse --show-toplevel` prints, from the repository's root."""


def commands(text: str, shell: Shell | None = None) -> list[SimpleCommand]:
    """The simple commands of a text, in order. Branches are all taken; what a loop unrolls to is bounded."""
    shell = shell or Shell()
    if _SIMPLE_LINE.match(text):
        words = text.split()
        if words[0] not in _BUILTINS:
            return [SimpleCommand(tuple([Word(word) for word in words]), shell.folder, shell.env, 0)]
    state = _State(shell.folder, dict(shell.env), dict(shell.env), shell.arguments)
    run = _Run(shell)
    run.nodes(parse(text), state)
    return run.commands


def located(folder: str | None, path: str) -> str | None:
    """A path that a command names, from the repository's root; None where it leads elsewhere or cannot be known."""
    if path.startswith(ROOT):
        return posixpath.normpath(path[len(ROOT) :].lstrip("/") or ".")
    if folder is None or not path or path.startswith(("/", "~")) or "\0" in path:
        return None
    return posixpath.normpath(posixpath.join(folder, path))


@dataclass(slots=True)
class _State:
    """The state of one shell. A variable that is set to something unknown has an unknown word."""

    folder: str | None
    variables: dict[str, Word]
    env: dict[str, Word]
    arguments: tuple[Word, ...]
    functions: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    stack: list[str | None] = field(default_factory=list)
    before: str | None = None

    def copy(self) -> _State:
        return _State(self.folder, dict(self.variables), dict(self.env), self.arguments, dict(self.functions),
                      list(self.stack), self.before)  # fmt: skip


class _Run:
    """Carries a tree out, and collects the simple commands."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.commands: list[SimpleCommand] = []
        self.depth = 0
        self.steps = 0
        self.sourced = 0

    def nodes(self, nodes: Sequence[Node], state: _State) -> None:
        for node in nodes:
            self.steps += 1
            if len(self.commands) >= MAX_COMMANDS or self.steps >= 4 * MAX_COMMANDS:
                return
            if isinstance(node, Simple):
                self._simple(node, state)
            elif isinstance(node, Group):
                self._group(node, state)
            elif isinstance(node, Loop):
                self._loop(node, state)
            else:
                state.functions[node.name] = node.body

    def _group(self, group: Group, state: _State) -> None:
        if group.apart:
            self.nodes(group.body, state.copy())
        elif group.maybe:
            inner = state.copy()
            self.nodes(group.body, inner)
            if inner.folder != state.folder:
                state.folder = None
            state.functions |= inner.functions
            for name, word in inner.variables.items():
                if state.variables.get(name) != word:
                    known = name not in state.variables  # set here only: this is the value if it has one at all
                    state.variables[name] = word if known else Word(word.text, False)
            state.env |= {name: state.variables.get(name, word) for name, word in inner.env.items()}
        else:
            self.nodes(group.body, state)

    def _loop(self, loop: Loop, state: _State) -> None:
        if loop.words is None:
            words = list(state.arguments[1:]) if loop.name else []
        else:
            words = [word for parts in loop.words for word in self._expanded(parts, state)]
        if not words:
            words = [Word(f"${loop.name}", False)]
        inside = state.folder
        for word in words:
            if loop.name:
                state.variables[loop.name] = word
            self.nodes(loop.body, state)
        if state.folder != inside and len(words) > 1:
            state.folder = None

    def _simple(self, node: Simple, state: _State) -> None:
        words = [word for parts in node.words for word in self._expanded(parts, state)]
        pairs = [(name, self._joined(parts, state)) for name, parts in node.assignments]
        files = [(redirect, self._joined(redirect.word, state)) for redirect in node.redirects]
        if not words or words[0].text in _SETS:
            self._assign(pairs, words, state)
            return
        program = words[0].text
        if self._builtin(program, words, state, node.offset):
            return
        if program in state.functions and self.depth < 8:
            self.depth += 1
            inner = state.arguments
            state.arguments = (state.arguments[0] if state.arguments else Word("$0", False), *words[1:])
            self.nodes(state.functions[program], state)
            state.arguments = inner
            self.depth -= 1
            return
        env = state.env | {name.rstrip("+="): word for name, word in pairs}
        given = next(("\n".join(redirect.document.lines) for redirect, _ in files if redirect.document), None)
        given = next((word.text for redirect, word in files if redirect.operator == "<<<"), given)
        input_ = next((word for redirect, word in files if redirect.operator == "<"), None)
        offset = -1 if self.sourced else node.offset
        self.commands.append(SimpleCommand(tuple(words), state.folder, env, offset, given, input_))

    def _assign(self, pairs: Sequence[tuple[str, Word]], words: Sequence[Word], state: _State) -> None:
        exported = bool(words) and words[0].text == "export"
        for name, word in pairs:
            if name.endswith("+="):
                name = name[:-2]
                old = state.variables.get(name, Word("", True))
                word = Word(old.text + word.text, old.known and word.known)
            else:
                name = name[:-1]
            state.variables[name] = word
            if exported or name in state.env:
                state.env[name] = word
        for word in words[1:]:
            name, equals, value = word.text.partition("=")
            if equals:
                state.variables[name] = Word(value, word.known)
            if exported and name in state.variables:
                state.env[name] = state.variables[name]

    def _builtin(self, program: str, words: list[Word], state: _State, offset: int) -> bool:
        """Carry out what changes the shell itself; False for all else."""
        if program in ("cd", "pushd", "popd"):
            self._change_folder(program, [word for word in words[1:] if word.text not in ("-P", "-L", "--")], state)
        elif program == "eval":
            text = " ".join(word.text for word in words[1:])
            if not all(word.known for word in words[1:]) or self.depth >= 8:
                return False
            self.depth += 1
            self.nodes(parse(text), state)
            self.depth -= 1
        elif program == "shift":
            count = int(words[1].text) if len(words) > 1 and words[1].text.isdigit() else 1
            state.arguments = state.arguments[:1] + state.arguments[1 + count :]
        elif program == "set" and "--" in [word.text for word in words]:
            index = [word.text for word in words].index("--")
            state.arguments = (*(state.arguments[:1] or (Word("$0", False),)), *words[index + 1 :])
        elif program in ("read", "unset", "mapfile", "readarray", "getopts"):
            for word in words[1:]:
                state.variables.pop(word.text, None)
        elif program in ("source", "."):
            self._source(words, state)
            return False
        else:
            return False
        return True

    def _change_folder(self, program: str, words: list[Word], state: _State) -> None:
        here = state.folder
        if program == "popd":
            state.folder = state.stack.pop() if state.stack else None
            return
        if program == "pushd":
            state.stack.append(here)
        target = words[0] if words else Word("~")
        if target.text == "-":
            state.folder = state.before
        else:
            state.folder = located(here, target.text) if target.known else None
        state.before = here

    def _source(self, words: list[Word], state: _State) -> None:
        if len(words) < 2 or not words[1].known or self.sourced >= _MAX_SOURCED:
            return
        path = located(state.folder, words[1].text)
        text = self.shell.read(path) if path is not None else None
        if text is not None:
            self.sourced += 1
            self.nodes(parse(text), state)
            self.sourced -= 1

    # -- words

    def _joined(self, parts: Sequence[Part], state: _State) -> Word:
        """The parts as one word, without splitting."""
        texts, known = [], True
        for part in parts:
            word = self._part(part, state)
            texts.append(word.text)
            known = known and word.known
        return Word("".join(texts), known)

    def _expanded(self, parts: Sequence[Part], state: _State) -> Iterator[Word]:
        """The words that the parts of one become: expansions outside of quotes are split at blanks."""
        if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].quoted:
            yield Word(parts[0].value)
            return
        if len(parts) == 1 and isinstance(parts[0], Variable) and parts[0].name in ("@", "*") and not parts[0].operator:
            yield from state.arguments[1:] if state.arguments else (Word(parts[0].raw, False),)
            return
        current, pattern, known, begun = "", "", True, False  # of the word that is being put together
        for part in parts:
            word = self._part(part, state)
            pattern += word.text if isinstance(part, Text) and not part.quoted else "x"
            known = known and word.known
            if isinstance(part, Text) or part.quoted or not word.known:
                current, begun = current + word.text, True
                continue
            pieces = re.split(r"[ \t\n]+", word.text)
            for index, piece in enumerate(pieces):
                if index:
                    if begun:
                        yield Word(current, known and _GLOB.search(pattern) is None)
                    current, pattern, known, begun = "", "x", True, False
                current, begun = current + piece, begun or bool(piece)
        if begun:
            yield Word(current, known and _GLOB.search(pattern) is None)

    def _part(self, part: Part, state: _State) -> Word:
        if isinstance(part, Text):
            return Word(part.value)
        if isinstance(part, Variable):
            return self._variable(part, state)
        return self._substituted(part, state)

    def _variable(self, part: Variable, state: _State) -> Word:
        name, value = part.name, None
        if name.isdigit():
            index = int(name)
            value = state.arguments[index] if index < len(state.arguments) else None
            if value is None and state.arguments and not part.operator:
                value = Word("")
        elif name in ("BASH_SOURCE", "BASH_SOURCE[0]"):
            value = state.arguments[0] if state.arguments else None
        elif name == "PWD" and state.folder is not None:
            value = Word(f"{ROOT}/{state.folder}")
        elif name in ("@", "*"):
            texts = state.arguments[1:]
            value = Word(" ".join(w.text for w in texts), all(w.known for w in texts)) if state.arguments else None
        else:
            value = state.variables.get(name)
        if value is not None and not value.known:
            value = None
        if part.operator in (":-", "-", ":=", "="):
            return value if value is not None and value.text else self._joined(part.operand, state)
        if part.operator in (":+", "+"):
            return self._joined(part.operand, state) if value is not None and value.text else Word("")
        if value is None:
            return Word(part.raw, False)
        if part.operator in ("%", "%%", "#", "##"):
            pattern = self._joined(part.operand, state)
            return Word(_trimmed(value.text, part.operator, pattern.text)) if pattern.known else Word(part.raw, False)
        return value if part.operator in ("", ":?", "?") else Word(part.raw, False)

    def _substituted(self, part: Substitution, state: _State) -> Word:
        """What a substitution prints, for the few commands that scripts find their own folder by."""
        inner = _Run(self.shell)
        inner.depth, inner.steps, inner.sourced = self.depth + 1, self.steps, self.sourced
        here = state.copy()
        if inner.depth < 12:
            inner.nodes(part.body, here)
        self.steps = inner.steps + 1
        unknown = Word(part.raw, False)
        if not inner.commands:
            return unknown
        last = inner.commands[-1]
        printed = _printed(last, self.shell.top)
        kept = inner.commands[:-1] if printed is not None else inner.commands
        self.commands += kept[: MAX_COMMANDS - len(self.commands)]
        return unknown if printed is None or kept else Word(printed)


def _printed(command: SimpleCommand, top: str) -> str | None:
    """What a command prints, where that follows from its words."""
    if not all(word.known for word in command.words):
        return None
    program, *arguments = (word.text for word in command.words)
    arguments = [word for word in arguments if not word.startswith("-")]
    if program == "pwd" and command.folder is not None:
        return f"{ROOT}/{command.folder}"
    if program == "git" and arguments == ["rev-parse"]:
        return f"{ROOT}/{top}" if any(word.text == "--show-toplevel" for word in command.words) else None
    if program == "echo":
        return " ".join(arguments)
    if len(arguments) != 1:
        return None
    if program == "dirname":
        head, slash, _ = arguments[0].rstrip("/").rpartition("/")
        return head or slash or "."
    if program == "basename":
        return posixpath.basename(arguments[0].rstrip("/"))
    if program in ("readlink", "realpath"):
        path = located(command.folder, arguments[0])
        return None if path is None else f"{ROOT}/{path}"
    return None


def _trimmed(text: str, operator: str, pattern: str) -> str:
    """`${X%PATTERN}` and its kin."""
    if len(text) > _MAX_TRIMMED:
        return text
    for cut in range(len(text) + 1) if operator in ("#", "%%") else range(len(text), -1, -1):
        piece = text[:cut] if operator[0] == "#" else text[cut:]
        if fnmatchcase(piece, pattern):
            return text[cut:] if operator[0] == "#" else text[:cut]
    return text
