"""The DVC remotes of the spec, and the URL of the default one."""

from __future__ import annotations

import posixpath
import re

from ...schemas.stack import Stack
from ..model.operations import Remote
from ..model.snapshot import Snapshot

DEFAULT_REMOTE = "registry"
CONFIG = ".dvc/config"
_URL = r"""(?m)^\s*\[\s*['"]?remote\b[^\]]*\][^\[]*?^\s*url\s*=([^\n]*)"""


def dvc_root(snapshot: Snapshot) -> str:
    """The root of the DVC repository, from the project: `.`, or a folder above it up to the root of the Git repository.

    If there is none yet, it is to be the folder of the project.
    """
    above = [
        "/".join([".."] * depth) for depth in range(1, len(snapshot.folder.split("/")) + 1 if snapshot.folder else 1)
    ]
    return next((folder for folder in (".", *above) if snapshot.kind(f"{folder}/.dvc") == "dir"), ".")


def remotes(stack: Stack) -> tuple[Remote, ...]:
    """The remotes of `stack.registry`; the first is the default one."""
    if stack.registry is None:
        return ()
    urls = {DEFAULT_REMOTE: stack.registry} if isinstance(stack.registry, str) else stack.registry
    return tuple(Remote(name, url) for name, url in urls.items())


def remote_url(named: tuple[Remote, ...], snapshot: Snapshot) -> str | None:
    """The URL of the default remote: the first one of the spec, or the first one in .dvc/config; None without remotes."""
    if named:
        return named[0].url
    config = posixpath.normpath(f"{dvc_root(snapshot)}/{CONFIG}")
    text = snapshot.read(config) if snapshot.kind(config) == "file" else None
    match = re.search(_URL, (text or b"").decode("utf-8", "replace"))
    return match.group(1).strip() if match else None
