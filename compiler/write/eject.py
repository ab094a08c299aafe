"""Leaving: the files stay as they are and are nobody's but the team's."""

from __future__ import annotations

import os
import shutil

from .lock import LOCK
from .unchanged import STATE, elsewhere


def eject(root: str) -> None:
    """Forget that the files of the lock are ours. The spec and all that was written stay."""
    if elsewhere(root):
        return
    if os.path.lexists(f"{root}/{LOCK}"):
        os.unlink(f"{root}/{LOCK}")
    shutil.rmtree(f"{root}/{STATE}", ignore_errors=True)
