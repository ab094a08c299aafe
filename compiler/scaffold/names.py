"""From what a person types for a project to names that the disk, Git, Make, DVC and Python take."""

from __future__ import annotations

import keyword
import os
import re
import sys
import unicodedata
from dataclasses import dataclass

from .refusal import Refusal

LONGEST = 100
"""Characters of a directory's name; file systems take 255 bytes, and tools add endings."""

_DEVICES = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))])
"""Names that Windows keeps for devices: https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""

_TAKEN = frozenset(
    """
    src tests test data models metrics plots reports features params prepare clean featurize train evaluate conftest
    sklearn pandas numpy scipy joblib yaml torch django duckdb statsmodels vega_datasets pytest dvc copier mlopsc
    """.split()
)
"""Names that a package of the project would hide: the templates' scripts and folders, and what they import."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one project. ``title`` is for people, ``slug`` for mlops.yaml, ``package`` for Python."""

    directory: str
    title: str
    slug: str
    package: str


def names(typed: str) -> Names:
    """The names for what was typed: a name, or a path whose last part is one. Raises `Refusal` where there are none."""
    advice = "give a name such as `wine` or `Wine quality`"
    if not typed.strip():
        raise Refusal("the name is empty", advice)
    if "\0" in typed or any(unicodedata.category(each) == "Cs" for each in typed):
        raise Refusal("the name holds a character that no file name can hold", advice)
    parent, last = os.path.split(typed.rstrip("/") or "/")
    title = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in last).split())
    if last.strip() in ("", ".", ".."):
        raise Refusal(f"`{typed}` names a directory that is there already", advice)
    slug = _slug(title)
    if not slug:
        raise Refusal(
            f"`{title or last!r}` holds no letter or digit that can be written in ASCII",
            "give a name in Latin letters; the title in README.md can be changed to any script afterwards",
        )
    plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*[A-Za-z0-9_]|[A-Za-z0-9]", last)
    name = last if plain and last.split(".")[0].lower() not in _DEVICES else slug
    if len(name) > LONGEST:
        raise Refusal(f"the name has {len(name)} characters; at most {LONGEST} are taken", advice)
    return Names(os.path.join(parent, name), title, slug, _package(slug))


def _slug(text: str) -> str:
    """Lower-case ASCII words joined by dashes. `ß`, `ø` and the like have no decomposition, so they are spelled out."""
    spelled = "".join(_SPELLED.get(each, each) for each in text.lower())
    ascii_ = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", ascii_.lower()))
    return f"{slug}-project" if slug in _DEVICES else slug


_SPELLED = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}


def _package(slug: str) -> str:
    name = slug.replace("-", "_")
    if name[0].isdigit():
        name = f"p{name}"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in sys.stdlib_module_names or name in _TAKEN:
        name += "_project"
    return name
