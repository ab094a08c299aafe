"""The language of a code file."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

LANGUAGES: dict[str, str] = {
    ".py": "python", ".pyw": "python", ".pyx": "cython", ".pxd": "cython", ".pxi": "cython", ".ipynb": "notebook",
    ".r": "r", ".rmd": "markdown", ".qmd": "markdown", ".rnw": "markdown", ".rpres": "markdown", ".jmd": "markdown",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".ksh": "shell", ".jl": "julia",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".ts": "javascript", ".mts": "javascript",
    ".jsx": "javascript", ".tsx": "javascript", ".rb": "ruby", ".pl": "perl", ".pm": "perl",
    ".c": "c", ".h": "c", ".cc": "c", ".cpp": "c", ".cxx": "c", ".hpp": "c", ".cu": "c", ".cuh": "c",
    ".do": "stata", ".m": "matlab", ".lua": "lua", ".php": "php", ".java": "java", ".scala": "scala", ".sc": "scala",
    ".kts": "kotlin", ".go": "go", ".rs": "rust", ".cs": "csharp", ".fsx": "fsharp", ".f90": "fortran", ".f": "fortran",
    ".sas": "sas", ".nf": "nextflow", ".smk": "snakemake", ".ps1": "powershell", ".bat": "batch", ".cmd": "batch", ".fish": "fish",
    ".tcl": "tcl", ".hs": "haskell", ".ml": "ocaml", ".ex": "elixir", ".exs": "elixir", ".clj": "clojure", ".groovy": "groovy",
    ".sql": "text", ".awk": "text", ".sed": "text", ".jq": "text", ".jar": "text", ".gp": "text", ".plt": "text",
}  # fmt: skip
"""The language of a code file, by its ending in lower case. What `text` names loads no other code."""

_INTERPRETERS = (
    ("python", "python"),
    ("Rscript", "r"),
    ("julia", "julia"),
    ("node", "javascript"),
    ("perl", "perl"),
    ("ruby", "ruby"),
    ("sh", "shell"),
)
"""What the first line of a script contains, and the language that it means; the first match counts."""


def is_code(path: str) -> bool:
    """Whether a path has the ending of a code file."""
    return posixpath.splitext(path)[1].lower() in LANGUAGES


def language_of(path: str, given: str, read: Callable[[str], str | None]) -> str:
    """The language of a file: by its ending, by the program that runs it (``given``), by its first line (``read``)."""
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
    text = read(path) if not ending else None
    if text is not None and text.startswith("#!"):
        shebang = text.partition("\n")[0]
        for interpreter, language in _INTERPRETERS:
            if interpreter in shebang:
                return language
    return "text"
