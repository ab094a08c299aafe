"""Renew the pins of the actions that workflows use, or check them: `make actions`, `make actions CHECK=1`.

Each action gets the newest release of its repository, by the tags `vX.Y.Z` that `git ls-remote` lists, pinned to the commit
of the tag. MLOPS_ACTIONS_FROM is the place of the repositories instead of GitHub's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from mlopsc.targets.github.pins import ACTIONS

PINS = Path(__file__).resolve().parents[1] / "targets/github/pins.py"
FROM = "https://github.com"
_TAG = re.compile(r"([0-9a-f]{40})\trefs/tags/(v\d+\.\d+\.\d+)(\^\{\})?")


def newest(listed: str) -> tuple[str, str]:
    """The commit and the tag of the newest release in the output of `git ls-remote`; an annotated tag's commit has `^{}`."""
    commits: dict[str, str] = {}
    for line in listed.splitlines():
        if match := _TAG.fullmatch(line):
            commit, tag, peeled = match.groups()
            if peeled or tag not in commits:
                commits[tag] = commit
    if not commits:
        sys.exit("a repository has no tag of the form vX.Y.Z")
    tag = max(commits, key=lambda tag: tuple(map(int, tag[1:].split("."))))
    return commits[tag], tag


def main(check: bool) -> int:
    """Renew or check; the exit status is 1 if a pin is not the newest one, or its tag has moved."""
    text, stale = PINS.read_text(), []
    for action, (commit, tag) in ACTIONS.items():
        url = f"{os.environ.get('MLOPS_ACTIONS_FROM', FROM)}/{action}"
        done = subprocess.run(["git", "ls-remote", "--tags", url], capture_output=True, text=True, check=True)
        found = newest(done.stdout)
        if found != (commit, tag):
            moved = " (the tag has moved)" if found[1] == tag else ""
            stale.append(f"{action}: {tag} {commit} -> {found[1]} {found[0]}{moved}")
            text = text.replace(f'"{action}": ("{commit}", "{tag}")', f'"{action}": ("{found[0]}", "{found[1]}")')
    print("\n".join(stale) or "all pins are the newest releases")
    if not check:
        PINS.write_text(text)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
