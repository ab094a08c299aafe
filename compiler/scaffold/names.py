"""Derive valid names for the folder, Git, Make, DVC and Python from the project name that the user typed."""

from __future__ import annotations

import keyword
import os
import re
import sys
import unicodedata
from dataclasses import dataclass

from .refusal import Refusal

MAX_LENGTH = 100
"""Maximum length of a folder name; file systems allow 255 bytes, and tools append suffixes."""

_DEVICES = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))])
"""Names that Windows reserves for devices: https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""

_SHADOWED = frozenset(
    """
    src tests test data models metrics plots reports features params prepare clean featurize train evaluate conftest
    sklearn pandas numpy scipy joblib yaml torch django duckdb statsmodels vega_datasets pytest dvc copier mlopsc
    """.split()
)
"""Names that a package of the project would shadow: the templates' scripts and folders, and their imports."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a project: ``title`` in prose, ``slug`` in mlops.yaml, ``package`` in Python."""

    directory: str
    title: str
    slug: str
    package: str


def names(typed: str) -> Names:
    """The names for a project name, or for a path that ends with one. Raises `Refusal` if there are none."""
    advice = "use a name such as `wine` or `Wine quality`"
    if not typed.strip():
        raise Refusal("the name is empty", advice)
    if "\0" in typed or any(unicodedata.category(character) == "Cs" for character in typed):
        raise Refusal("the name contains a character that is not allowed in file names", advice)
    parent, last = os.path.split(typed.rstrip("/") or "/")
    title = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in last).split())
    if last.strip() in ("", ".", ".."):
        raise Refusal(f"the directory `{typed}` already exists", advice)
    slug = _slug(title)
    if not slug:
        raise Refusal(
            f"`{title or last!r}` contains no letter or digit that can be written in ASCII",
            "use a name in Latin letters; you can change the title in README.md to any script afterwards",
        )
    plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*[A-Za-z0-9_]|[A-Za-z0-9]", last)
    name = last if plain and last.split(".")[0].lower() not in _DEVICES else slug
    if len(name) > MAX_LENGTH:
        raise Refusal(f"the name has {len(name)} characters; the limit is {MAX_LENGTH}", advice)
    return Names(os.path.join(parent, name), title, slug, _package(slug))


def _slug(text: str) -> str:
    """Lower-case ASCII words joined by dashes. Letters such as `ß` and `ø` have no decomposition, so they are spelled out."""
    spelled = "".join(_SPELLED.get(character, character) for character in text.lower())
    ascii_ = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", ascii_.lower()))
    return f"{slug}-project" if slug in _DEVICES else slug


_SPELLED = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}


def _package(slug: str) -> str:
    name = slug.replace("-", "_")
    if name[0].isdigit():
        name = f"p{name}"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in sys.stdlib_module_names or name in _SHADOWED:
        name += "_project"
    return name
