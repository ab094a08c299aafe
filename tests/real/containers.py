"""The containers of an engine's pipeline, run as processes of this machine in the order that the engine would take.

Each engine's test reads what was emitted into `Container`s, with parameters and secrets filled in as that engine does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from cloned import STEP
from conftest import BIN

OUTS = ["a/start.txt", "b/left.txt", "d/1.txt", "d/2.txt", "e/one.txt", "m.json"]
"""What `files` makes."""


def _spec(log: Path, target: str) -> str:
    """A pipeline of every shape; what one stage needs is a folder that a matrix fills."""
    step = f"python step.py {log}"
    return f"""\
mlops: 1
project: p
stack: {{orchestrator: [dvc, {target}], build: none, ci: []}}
ci: {{secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION]}}
stages:
  start: {{cmd: '{step} a/start.txt ${{start}} raw.txt', deps: [step.py, raw.txt], params: [start], outs: [a/start.txt]}}
  left: {{cmd: '{step} b/left.txt "${{left}}" a/start.txt', deps: [step.py, a/start.txt], params: [left], outs: [b/left.txt]}}
  each:
    matrix: {{x: ["1", "2"]}}
    cmd: '{step} d/${{item.x}}.txt ${{item.x}} raw.txt'
    deps: [step.py, raw.txt]
    outs: ['d/${{item.x}}.txt']
  end:
    cmd: ['{step} e/one.txt 1 b d', '{step} m.json 2 e/one.txt']
    deps: [step.py, b, d]
    outs: [e/one.txt]
    retries: 1
    metrics: [{{m.json: {{cache: false}}}}]
"""


def files(log: Path, target: str) -> dict[str, str]:
    """The project that is run: what a command makes it notes in ``log``; see `cloned.project`."""
    params = "start: 1\nleft: two words\n"
    return {"step.py": STEP, "raw.txt": "raw", "params.yaml": params, "mlops.yaml": _spec(log, target)}


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
