"""Newer pins of actions in the workflows on disk, as Dependabot and Renovate write them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model.ci import Pin
from ..model.snapshot import Snapshot, way_up

FOLDER = ".github/workflows"
_PIN = re.compile(r"(?m)^\s*(?:- )?uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40})\s+# (v\d+(?:\.\d+)*)\s*$")


def pins(snapshot: Snapshot) -> Mapping[str, Pin]:
    """The newest pin of each action in the workflows that a build has written here. A pin is a commit, with its version behind it."""
    newest: dict[str, Pin] = {}
    folder = f"{way_up(snapshot.folder)}/{FOLDER}" if snapshot.folder else FOLDER
    for name in sorted(snapshot.list(folder)) if snapshot.kind(folder) == "dir" else ():
        path = f"{folder}/{name}"
        if not name.startswith("mlops") or snapshot.kind(path) != "file":
            continue
        for action, commit, version in _PIN.findall((snapshot.read(path) or b"").decode("utf-8", "replace")):
            pin = Pin(commit, version)
            if action not in newest or pin.numbers > newest[action].numbers:
                newest[action] = pin
    return newest
