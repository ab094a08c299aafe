"""All programs that run code, by name.

`launch` interprets the table. A program that is missing here takes the first code file of the repository among its words.
"""

from __future__ import annotations

import re

from .builders import BUILDERS
from .elsewhere import ELSEWHERE
from .environments import ENVIRONMENTS
from .inert import INERT
from .interpreters import INTERPRETERS
from .launcher import Launcher
from .notebooks import NOTEBOOKS
from .python import PYTHON_PROGRAMS
from .wrappers import WRAPPERS

PROGRAMS: dict[str, Launcher] = {
    **INTERPRETERS,
    **PYTHON_PROGRAMS,
    **NOTEBOOKS,
    **ENVIRONMENTS,
    **WRAPPERS,
    **BUILDERS,
    **ELSEWHERE,
    **INERT,
}
"""Programs by their name, without folder and version."""

_VERSIONED = re.compile(
    r"(python|pypy|ipython|node|Rscript|stata|lua|php|ruby|perl|gcc|g\+\+|clang)[-\d.a-z]*(?:\.exe)?\Z"
)
_FAMILY = {"pypy": "python"}


def launcher(program: str) -> Launcher | None:
    """The entry of a program, by the name it is called by."""
    name = program.replace("\\", "/").rpartition("/")[2]
    if (known := PROGRAMS.get(name) or PROGRAMS.get(name.removesuffix(".exe"))) is not None:
        return known
    match = _VERSIONED.match(name)
    if match is None or name.endswith((".py", ".sh", ".R", ".jl")):
        return None
    return PROGRAMS.get(_FAMILY.get(match.group(1), match.group(1)))
