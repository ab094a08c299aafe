"""The DVC remotes of the spec, and the URL of the default one."""

from __future__ import annotations

import re

from ...schemas.stack import Stack
from ..model.operations import Remote
from ..model.snapshot import Snapshot

DEFAULT_REMOTE = "registry"
CONFIG = ".dvc/config"
_URL = r"""(?m)^\s*\[\s*['"]?remote\b[^\]]*\][^\[]*?^\s*url\s*=([^\n]*)"""


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
    text = snapshot.read(CONFIG) if snapshot.kind(CONFIG) == "file" else None
    match = re.search(_URL, (text or b"").decode("utf-8", "replace"))
    return match.group(1).strip() if match else None
