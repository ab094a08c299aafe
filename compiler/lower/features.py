"""The features of the language that a project uses, with the places where it uses them."""

from __future__ import annotations

from collections import defaultdict

from ..model.source import Path
from ..model.target import Feature
from ..resolve.commands import as_list
from ..resolve.resolver import Entry, Resolved

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
_RESOURCES = {"cpu": Feature.CPU, "memory": Feature.MEMORY, "gpu": Feature.GPU}
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
    """The features in use, each with the paths in the spec that use it."""
    used: defaultdict[str, list[Path]] = defaultdict(list)
    for entry in resolved.entries.values():
        _of_entry(entry, used)
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


def _of_entry(entry: Entry, used: defaultdict[str, list[Path]]) -> None:
    at, body, own = entry.at, entry.body, entry.own
    used[Feature.STAGES].append(at)
    for key in body:
        if (feature := _STAGE_KEYS.get(key)) is not None:
            used[feature].append((*at, key))
    if entry.foreach is not None:
        used[Feature.FOREACH].append((*at[:-1], "foreach"))
    cmd = body.get("cmd")
    if isinstance(cmd, list):
        used[Feature.COMMAND_LISTS].append((*at, "cmd"))
    if any("${" in line for line in as_list(cmd)):
        used[Feature.TEMPLATES].append((*at, "cmd"))
    for key in ("outs", "metrics", "plots"):
        for index, item in enumerate(body.get(key) or ()):
            if isinstance(item, dict) and any(item.values()):
                used[Feature.OUT_FLAGS].append((*at, key, index))
    for key, feature in _OWN_KEYS.items():
        if getattr(own, key):
            used[feature].append((*at, key))
    if own.resources is not None:
        for key, feature in _RESOURCES.items():
            if getattr(own.resources, key) is not None:
                used[feature].append((*at, "resources", key))
