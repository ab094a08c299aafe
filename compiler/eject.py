"""Leaving: the files stay as they are and are nobody's but the team's."""

from __future__ import annotations

import os
import shutil

from .lock import LOCK
from .write import STATE


def eject(root: str) -> None:
    """Forget that the files of the lock are ours. The spec and all that was written stay."""
    if os.path.lexists(f"{root}/{LOCK}"):
        os.unlink(f"{root}/{LOCK}")
    if not os.path.islink(f"{root}/{STATE}"):
        shutil.rmtree(f"{root}/{STATE}", ignore_errors=True)
