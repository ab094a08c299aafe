"""The part of .dvc/config that names the remotes. It holds no credentials: DVC finds those in the environment."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from ...compiler.emit.templates import render
from ...compiler.model.operations import Remote

_BARE = re.compile(r"[\w:/.@~+=?&$*{}-]+\Z")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def config(remotes: Sequence[Remote]) -> str:
    """The sections of the remotes; the first is the default one."""
    filters = {"seen_from_config": _seen_from_config, "ini": _ini}
    return render(__package__, "config.j2", filters, remotes=remotes) if remotes else ""


def _seen_from_config(url: str) -> str:
    """A URL, or a relative path, which DVC resolves from the folder of its configuration, .dvc."""
    is_relative = "://" not in url and not url.startswith(("/", "~")) and not _DRIVE.match(url)
    return posixpath.join("..", url) if is_relative else url


def _ini(text: str) -> str:
    """A value as ConfigObj reads it, where a comma makes a list, `#` begins a comment and %(x)s is a variable.

    https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format
    """
    if _BARE.match(text):
        return text
    mark = "'" if "'" not in text else '"' if '"' not in text else "'''"
    return f"{mark}{text}{mark}"
