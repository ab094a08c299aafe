"""The settings of CI, with their defaults."""

from __future__ import annotations

from ...schemas import ci as language
from ...schemas import stage as stage_language
from ...schemas.common import listed, seconds
from ..model.ci import Ci, Machine
from ..model.resources import Resources

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DEFAULT_TRIGGERS = language.Triggers.model_construct()


def lower_ci(ci: language.Ci, schedule: str | None) -> Ci:
    """`ci:` with its defaults; ``schedule`` is that of the pipeline."""
    triggers = ci.on or _DEFAULT_TRIGGERS
    return Ci(
        push_branches=("main",) if triggers.push is None else tuple(triggers.push),
        pull_request=triggers.pull_request is not False,
        schedules=tuple(dict.fromkeys([*(triggers.schedule or ()), *listed(schedule)])),
        manual=triggers.manual is not False,
        runner=tuple(listed(ci.runner)),
        secrets=tuple(ci.secrets or ()),
        python=ci.python,
        timeout=seconds(ci.timeout),
        lock=ci.lock or "check",
        token=ci.token,
        fan_out=ci.fan_out is not None,
        machines={name: _machine(name, runner) for name, runner in (ci.runners or {}).items()},
    )


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
