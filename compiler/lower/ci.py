"""The settings of CI, with their defaults."""

from __future__ import annotations

import re

from ...schemas import ci as language
from ...schemas import stage as stage_language
from ...schemas.common import listed, seconds
from ..model.ci import Ci, Machine
from ..model.resources import Resources
from ..model.snapshot import Snapshot, way_up

_STAGES = r"(?m)^stages:[ \t]*(\[[^\]]*\]|(?:#[^\n]*)?\n(?:[ \t]*(?:- [^\n]*|#[^\n]*)?\n)+)"
"""The list of stages in a file of GitLab, in either style."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DEFAULT_TRIGGERS = language.Triggers.model_construct()


def lower_ci(ci: language.Ci, schedule: str | None, paths: tuple[str, ...], stage_of_team: str | None = None) -> Ci:
    """`ci:` with its defaults; ``schedule`` is that of the pipeline, ``paths`` are the patterns of files that start CI."""
    triggers = ci.on or _DEFAULT_TRIGGERS
    return Ci(
        push_branches=("main",) if triggers.push is None else tuple(triggers.push),
        pull_request=triggers.pull_request is not False,
        schedules=tuple(dict.fromkeys([*(triggers.schedule or ()), *listed(schedule)])),
        manual=triggers.manual is not False,
        paths=paths,
        stage_of_team=stage_of_team,
        runner=tuple(listed(ci.runner)),
        secrets=tuple(ci.secrets or ()),
        python=ci.python,
        timeout=seconds(ci.timeout),
        fan_out=ci.fan_out is not None,
        machines={name: _machine(name, runner) for name, runner in (ci.runners or {}).items()},
    )


def stage_of_team(snapshot: Snapshot) -> str | None:
    """See `Ci`. What GitLab's file includes is not read."""
    if not snapshot.folder:
        return None
    text = (snapshot.read(f"{way_up(snapshot.folder)}/.gitlab-ci.yml") or b"").decode("utf-8", "replace")
    match = re.search(_STAGES, text)
    if match is None:
        return None
    stages = [word.strip("\"'") for word in re.findall(r"[^\s,\[\]]+", re.sub(r"#.*|(?m:^\s*-\s)", "", match.group(1)))]
    return stages[0] if stages and "test" not in stages else None


def _machine(name: str, runner: language.Runner) -> Machine:
    return Machine(name, tuple(listed(runner.labels)) or (name,), lower_resources(runner))


def lower_resources(resources: stage_language.Resources | None) -> Resources:
    """`resources` in cores, bytes and devices."""
    if resources is None:
        return Resources()
    return Resources(_cores(resources.cpu), _bytes(resources.memory), resources.gpu)


def _cores(cpu: float | str | None) -> float | None:
    if isinstance(cpu, str):
        return float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    return None if cpu is None else float(cpu)


def _bytes(memory: int | str | None) -> int | None:
    if isinstance(memory, str):
        digits = memory.rstrip("KMGTi")
        return int(float(digits) * _UNITS[memory[len(digits) :]])
    return memory
