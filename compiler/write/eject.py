"""Eject: the emitted files stay, and mlopsc no longer manages them."""

from __future__ import annotations

import os
import shutil

from .lock import LOCK
from .unchanged import STATE, elsewhere


def eject(root: str) -> None:
    """Remove the lock and the state. The spec and the emitted files stay."""
    if elsewhere(root):
        return
    if os.path.lexists(f"{root}/{LOCK}"):
        os.unlink(f"{root}/{LOCK}")
    shutil.rmtree(f"{root}/{STATE}", ignore_errors=True)
