"""Which constructs of the language a project uses, and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ..schemas.plain import PlainStage
from .resolve import Entry, Resolved
from .span import Path
from .target import Feature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STAGE_KEYS = {
    "wdir": Feature.WDIR,
    "frozen": Feature.FROZEN,
    "always_changed": Feature.ALWAYS_CHANGED,
    "desc": Feature.DESC,
    "meta": Feature.META,
    "vars": Feature.VARS,
    "params": Feature.PARAMS,
    "metrics": Feature.METRICS,
    "plots": Feature.PLOTS,
    "matrix": Feature.MATRIX,
}
_OWN_KEYS = {
    "script": Feature.SCRIPT,
    "env": Feature.ENV,
    "timeout": Feature.TIMEOUT,
    "retries": Feature.RETRIES,
    "image": Feature.IMAGE,
    "gates": Feature.STAGE_GATES,
}
_SECTIONS = {
    "vars": Feature.VARS,
    "params": Feature.PARAMS,
    "metrics": Feature.METRICS,
    "plots": Feature.PLOTS,
    "artifacts": Feature.ARTIFACTS,
    "datasets": Feature.DATASETS,
}
_OWN_SECTIONS = {
    "data": Feature.DATA,
    "models": Feature.MODELS,
    "experiments": Feature.EXPERIMENTS,
    "deploy": Feature.DEPLOY,
    "monitor": Feature.MONITOR,
}
_CI_KEYS = {
    "on": Feature.CI_TRIGGERS,
    "runner": Feature.CI_RUNNER,
    "secrets": Feature.CI_SECRETS,
    "fan-out": Feature.FAN_OUT,
    "runners": Feature.CI_RUNNERS,
}


def features(resolved: Resolved) -> dict[str, tuple[Path, ...]]:
    """The features that are used, each with the paths in the spec that use it."""
    used: defaultdict[str, list[Path]] = defaultdict(list)
    shapes: dict[tuple[str, ...], _Shape] = {}
    for entry in resolved.entries.values():
        _of_entry(entry, used, shapes)
    for key, feature in _SECTIONS.items():
        if resolved.sections.get(key):
            used[feature].append((key,))
    spec = resolved.spec
    for key, feature in _OWN_SECTIONS.items():
        if getattr(spec, key):
            used[feature].append((key,))
    if spec.stack.registry is not None:
        used[Feature.REGISTRY].append(("stack", "registry"))
    for key, feature in _CI_KEYS.items():
        if getattr(spec.ci, key.replace("-", "_")) is not None:
            used[feature].append(("ci", key))
    return {feature: tuple(paths) for feature, paths in used.items()}


class _Shape:
    """What entries of the same keys have in common, so that it is told once: most entries are of a few shapes.

    ``keys`` are those that are features, each with the list of its paths.
    """

    def __init__(self, body: Mapping[str, Any], used: defaultdict[str, list[Path]]) -> None:
        self.stages = used[Feature.STAGES]
        self.keys = [(used[_STAGE_KEYS[key]], key) for key in body if key in _STAGE_KEYS]
        self.flagged = [key for key in ("outs", "metrics", "plots") if key in body]
        self.templates: list[Path] | None = None  # named once a command has one: the features come in the order of use


def _of_entry(entry: Entry, used: defaultdict[str, list[Path]], shapes: dict[tuple[str, ...], _Shape]) -> None:
    at, body, own = entry.at, entry.body, entry.own
    if (shape := shapes.get(keys := tuple(body))) is None:
        shape = shapes[keys] = _Shape(body, used)
    shape.stages.append(at)
    for paths, key in shape.keys:
        paths.append((*at, key))
    if entry.foreach is not None:
        used[Feature.FOREACH].append((*at[:-1], "foreach"))
    cmd = body.get("cmd")
    if type(cmd) is list:
        used[Feature.COMMAND_LISTS].append((*at, "cmd"))
        cmd = " ".join(map(str, cmd))
    if cmd and "${" in cmd:
        if shape.templates is None:
            shape.templates = used[Feature.TEMPLATES]
        shape.templates.append((*at, "cmd"))
    for key in shape.flagged:
        for index, item in enumerate(body[key] or ()):
            if type(item) is not str and any(item.values()):
                used[Feature.OUT_FLAGS].append((*at, key, index))
    if type(own) is PlainStage:  # type: ignore[comparison-overlap]  # it stands in for a Stage
        return  # it has none of mlopsc's own keys
    for key, feature in _OWN_KEYS.items():
        if getattr(own, key):
            used[feature].append((*at, key))
    if own.resources is not None:
        for key, feature in (("cpu", Feature.CPU), ("memory", Feature.MEMORY), ("gpu", Feature.GPU)):
            if getattr(own.resources, key) is not None:
                used[feature].append((*at, "resources", key))
