"""The part of .dvc/config that names the remotes. It holds no credentials: DVC finds those in the environment."""

from __future__ import annotations

import re

from ...compiler.emit.templates import render
from ...compiler.lower.remotes import settings
from ...compiler.model.operations import Remote

_BARE = re.compile(r"[\w:/.@~+=?&$*{}-]+\Z")


def config(remotes: tuple[Remote, ...]) -> str:
    """The sections of the remotes; the first is the default one."""
    sections = {_header(name): options for name, options in settings(remotes).items()}
    return render(__package__, "config.j2", {"ini": _ini}, sections=sections) if sections else ""


def _header(section: str) -> str:
    return section if section.isalnum() else f"'{section}'"


def _ini(text: str) -> str:
    """A value as ConfigObj reads it, where a comma makes a list, `#` begins a comment and %(x)s is a variable.

    https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format
    """
    if _BARE.match(text):
        return text
    mark = "'" if "'" not in text else '"' if '"' not in text else "'''"
    return f"{mark}{text}{mark}"
