"""The code of a stage whose text matters only by what it means: what an edit of comments or layout need not run again."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Sequence

from ..model.project import Command
from ..resolve.code.graph import CodeGraph
from ..resolve.code.problems import UNDECLARED

CODE = (".py", ".ipynb")
_SHELL = re.compile(r"[;&|()<>`$\\\n*?\[\]{}]")
"""Signs by which a command is more than one program with its arguments."""
_PLAIN = re.compile(r"[\w./=:,@%+ -]+", re.ASCII)
"""A command whose words are what stands between its blanks, as nearly all are; shlex takes 50 times as long."""
_WRAPPERS = [[tool, "run"] for tool in ("uv", "poetry", "pdm", "pixi", "hatch")]
_PYTHON = re.compile(r"(?:.*/)?python3?(?:\.\d+)?")
_NOTEBOOK = [["papermill"], ["jupyter", "nbconvert"], ["jupyter-nbconvert"]]


def code_of(commands: Iterable[Command], wdir: str, deps: Sequence[str], graph: CodeGraph) -> tuple[str, ...]:
    """All code files that a stage runs and loads, sorted; none where one is no dep, or any of them might be read as text.

    Each command has to be Python on one file or module of the repository, or one notebook that is executed, and name no
    other code file. What the code may read is for `programs/meaning.py` to judge, whenever it has changed.
    """
    if not any(dep.endswith(CODE) for dep in deps):
        return ()
    files: set[str] = set()
    for command in commands:
        words = _words(command.text)
        loaded = graph.command(command.text, wdir)
        if words is None or loaded.missing or any(problem.code is not UNDECLARED for problem in loaded.problems):
            return ()
        code = {file for file in loaded.files if file.endswith(CODE)}
        module = _module(words)
        named = _named(words[2:] if module else words, wdir, code)
        if len(named) != (0 if module else 1) or (module and not _is_module(module, code)):
            return ()
        files |= code
    return tuple(sorted(files)) if files <= {*deps} else ()  # else an edit may come with one that DVC does not see


def _words(text: str) -> list[str] | None:
    """The words of a command that only runs Python, or executes a notebook; without what it is wrapped in."""
    if _SHELL.search(text):
        return None
    try:
        words = text.split() if _PLAIN.fullmatch(text) else shlex.split(text)
    except ValueError:
        return None
    for wrapper in _WRAPPERS:
        if words[: len(wrapper)] == wrapper:
            words = words[len(wrapper) :]
    if words and _PYTHON.fullmatch(words[0]):
        rest = words[1:]
        while rest and rest[0] in ("-u", "-B", "-s", "-E", "-I", "-P"):
            rest = rest[1:]
        return rest if rest and (rest[0].endswith(".py") or rest[0] == "-m") else None
    for start in _NOTEBOOK:
        if words[: len(start)] == start and (start == ["papermill"] or "--execute" in words):
            return words[len(start) :]
    return None


def _module(words: Sequence[str]) -> str | None:
    return words[1] if len(words) > 1 and words[0] == "-m" else None


def _is_module(module: str, code: set[str]) -> bool:
    path = module.replace(".", "/")
    return any(f"/{file}".endswith((f"/{path}.py", f"/{path}/__main__.py")) for file in code)


def _named(words: Sequence[str], wdir: str, code: set[str]) -> list[str]:
    """The words that name one of the files or a folder that holds one. Most words end in no part of these paths."""
    ends = {"", ".", "..", *(part for file in code for part in file.split("/"))}
    maybe = (word for word in words if "=" in word or word.rpartition("/")[2] in ends)
    return [word for word in maybe if _names(word, wdir, code)]


def _names(word: str, wdir: str, code: set[str]) -> bool:
    """Whether a word, or the value of an option, names one of the files or a folder that holds one."""
    paths = [posixpath.normpath(posixpath.join(wdir, part)) for part in (word, word.partition("=")[2]) if part]
    names = {posixpath.basename(file) for file in code}
    return any(posixpath.basename(path) in names for path in paths) or any(
        path in code or path == "." or any(file.startswith(f"{path}/") for file in code) for path in paths
    )
