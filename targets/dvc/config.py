"""The part of .dvc/config that names the remotes. Credentials are never in it: DVC finds them in the environment."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from ...compiler.model.operations import Remote

_PLAIN = r"[\w:/.@~+=?&$*{}-]+\Z"
_DRIVE = r"[A-Za-z]:[\\/]"


def config(remotes: Sequence[Remote]) -> str:
    """The sections of the remotes; the first is the default one."""
    if not remotes:
        return ""
    lines = ["[core]", f"    remote = {remotes[0].name}"]
    for remote in remotes:
        lines += [f"['remote \"{remote.name}\"']", f"    url = {_ini(_from_config(remote.url))}"]
    return "\n".join(lines) + "\n"


def is_relative(url: str) -> bool:
    """Whether a URL is a path seen from the root of the repository."""
    return "://" not in url and not url.startswith(("/", "~")) and not re.match(_DRIVE, url)


def _from_config(url: str) -> str:
    """DVC sees a relative path from the folder of its configuration, .dvc."""
    return posixpath.join("..", url) if is_relative(url) else url


def _ini(text: str) -> str:
    """A value as ConfigObj reads it, where a comma makes a list, `#` begins a comment and %(x)s is a variable.

    https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format
    """
    if re.match(_PLAIN, text):
        return text
    mark = "'" if "'" not in text else '"' if '"' not in text else "'''"
    return f"{mark}{text}{mark}"
