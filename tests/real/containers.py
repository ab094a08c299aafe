"""The containers of an engine's pipeline, run as processes of this machine in the order that the engine would take.

Each engine's test reads what was emitted into `Container`s, with parameters and secrets filled in as that engine does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from conftest import BIN


class Container(NamedTuple):
    """One task: its command with all arguments, its environment, and the tasks that must have succeeded before."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    needs: list[str]


def ordered(containers: Iterable[Container]) -> list[Container]:
    """The tasks, each after all that it needs."""
    left = {each.name: each for each in containers}
    done: list[Container] = []
    while left:
        ready = [each for each in left.values() if not set(each.needs) & set(left)]
        assert ready, f"these wait for each other: {sorted(left)}"
        for each in ready:
            done.append(left.pop(each.name))
    return done


def walk(containers: Iterable[Container], folder: Path) -> dict[str, int | None]:
    """Run all of them, each in an empty folder of its own; the exit status of each, None for what could not start.

    What is in the environment of the tests reaches no container, but for the PATH: `MLOPS_SETUP` is left out, because
    this machine has what a container would install.
    """
    ended: dict[str, int | None] = {}
    for number, each in enumerate(ordered(containers)):
        if any(ended[name] != 0 for name in each.needs):
            ended[each.name] = None
            continue
        place = folder / f"container-{number}"
        (place / "tmp").mkdir(parents=True)
        (place / "work").mkdir()
        env = {
            **{name: value for name, value in each.env.items() if name != "MLOPS_SETUP"},
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(place),
            "TMPDIR": str(place / "tmp"),
            "DVC_NO_ANALYTICS": "1",
        }
        with (place / "log.txt").open("w") as log:
            done = subprocess.run(
                each.command, cwd=place / "work", env=env, stdout=log, stderr=log, timeout=300, check=False
            )
        ended[each.name] = done.returncode
    return ended


def logs(folder: Path) -> str:
    """What all containers said, for the message of a test that fails."""
    return "\n".join(f"{path.parent.name}:\n{path.read_text()}" for path in sorted(folder.glob("container-*/log.txt")))
