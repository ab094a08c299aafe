"""The reader of each language."""

from __future__ import annotations

from .julia import read_julia
from .notebook import read_markdown, read_notebook
from .patterns import PATTERNS, read_matlab, read_pattern
from .python import read_cython, read_python
from .r import read_r
from .record import Record

_READERS = {
    "python": read_python, "cython": read_cython, "notebook": read_notebook, "markdown": read_markdown, "r": read_r,
    "julia": read_julia, "matlab": read_matlab,
}  # fmt: skip
READ = frozenset([*_READERS, *PATTERNS])
"""The languages that are read into records."""


def read(language: str, text: str) -> Record:
    """What a text of a language says about other files."""
    if language in PATTERNS:
        return read_pattern(language, text)
    return _READERS[language](text)
