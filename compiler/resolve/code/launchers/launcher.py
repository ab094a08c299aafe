"""The command-line interface of a program that runs code: which options take a value, and where the script stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Operand(Enum):
    """What the first word is that is neither an option nor the value of one."""

    FILE = "the script; the words after it are its arguments"
    FILES = "a file to run, and so are the operands after it"
    MODULE = "a module of Python, `package.module` or `package.module:name`"
    COMMAND = "another command line"
    EITHER = "a Python file, a task of the project, or another command line"
    GOALS = "goals of a Makefile"
    NOTHING = "nothing that this program runs"
    ELSEWHERE = "something that runs on another machine or in a container"


def words(text: str) -> frozenset[str]:
    """Options or verbs, separated by spaces."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Launcher:
    """One program. Options are named with their dashes."""

    operand: Operand = Operand.FILE
    language: str = ""
    """What reads a script that has no ending, and inline code."""
    takes: frozenset[str] = frozenset()
    """Options that are followed by a value."""
    takes_two: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    """Options that are followed by the module to run; the words after it are its arguments."""
    module_flags: frozenset[str] = frozenset()
    """Options that make the operand a module."""
    code: frozenset[str] = frozenset()
    """Options that are followed by code."""
    file: frozenset[str] = frozenset()
    """Options that are followed by the script."""
    also: frozenset[str] = frozenset()
    """Options that are followed by a code file that is loaded as well; several with commas between them."""
    folder: frozenset[str] = frozenset()
    """Options that are followed by the folder to run in."""
    skip: int = 0
    """Operands before the one that counts."""
    verbs: frozenset[str] = frozenset()
    """Words that may stand before the operand, as `do` of `stata -b do FILE`."""
    assignments: bool = False
    """Whether `NAME=value` words may stand before the operand."""
    clusters: bool = False
    """Whether `-abc` means `-a -b -c`."""
    here: bool = True
    """Whether it sees this machine's files for certain, so that one that is missing may be called so."""
    path: bool = False
    """Whether the folder it runs in is on Python's path."""
    commands: Mapping[str, Launcher] = field(default_factory=dict)
    """Sub-commands. With any, an operand that is none of them runs nothing."""


NOTHING = Launcher(Operand.NOTHING)
"""A program that runs no code of the repository."""
COMMAND = Launcher(Operand.COMMAND)
"""A program that runs the command line after it, and has no option that takes a value."""
SCRIPT = Launcher(language="python", module=words("-m"))
"""A program that runs a Python file or, after `-m`, a module, and whose own options take no values."""
