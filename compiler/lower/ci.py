"""The settings of CI, with their defaults."""

from __future__ import annotations

from ...schemas import ci as language
from ...schemas.common import listed, seconds
from ..model.ci import Ci, Machine
from .resources import lower_resources

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
        fan_out=ci.fan_out is not None,
        machines={name: _machine(name, runner) for name, runner in (ci.runners or {}).items()},
    )


def _machine(name: str, runner: language.Runner) -> Machine:
    return Machine(name, tuple(listed(runner.labels)) or (name,), lower_resources(runner))
