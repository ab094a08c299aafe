"""The features of the language that a project uses, with the places where it uses them."""

from __future__ import annotations

from collections import defaultdict

from ..model.environment import Kind
from ..model.source import Path
from ..model.target import Feature
from ..resolve.commands import as_list
from ..resolve.entry import Entry, Resolved

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
    "slurm": Feature.SLURM,
    "gates": Feature.STAGE_GATES,
    "kubernetes": Feature.KUBERNETES,
}
_RESOURCES = {
    "cpu": Feature.CPU,
    "memory": Feature.MEMORY,
    "gpu": Feature.GPU,
    "gpu_type": Feature.GPU_TYPE,
    "disk": Feature.DISK,
    "shm": Feature.SHM,
    "spot": Feature.SPOT,
    "instance": Feature.INSTANCE,
}
_ENVIRONMENTS: dict[Kind, Feature] = {
    "uv": Feature.UV,
    "venv": Feature.VENV,
    "container": Feature.CONTAINER,
    "run": Feature.PREFIX,
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
    "schedule": Feature.SCHEDULE,
    "notify": Feature.NOTIFY,
    "kubernetes": Feature.KUBERNETES,
    "slurm": Feature.SLURM,
}
_CI_KEYS = {
    "on": Feature.CI_TRIGGERS,
    "runner": Feature.CI_RUNNER,
    "secrets": Feature.CI_SECRETS,
    "oidc": Feature.CI_OIDC,
    "image": Feature.CI_IMAGE,
    "cache": Feature.CI_CACHE,
    "lock": Feature.CI_LOCK,
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
    path, body, declared = entry.path, entry.body, entry.declared
    used[Feature.STAGES].append(path)
    for key in body:
        if (feature := _STAGE_KEYS.get(key)) is not None:
            used[feature].append((*path, key))
    if entry.foreach is not None:
        used[Feature.FOREACH].append((*path[:-1], "foreach"))
    cmd = body.get("cmd")
    if isinstance(cmd, list):
        used[Feature.COMMAND_LISTS].append((*path, "cmd"))
    if any("${" in line for line in as_list(cmd)):
        used[Feature.TEMPLATES].append((*path, "cmd"))
    for key in ("outs", "metrics", "plots"):
        for index, item in enumerate(body.get(key) or ()):
            if isinstance(item, dict) and any(item.values()):
                used[Feature.OUT_FLAGS].append((*path, key, index))
    for key, feature in _OWN_KEYS.items():
        if getattr(declared, key):
            used[feature].append((*path, key))
    if (environment := entry.environment) is not None and environment.name:
        place = (*path, "environment") if declared.environment is not None else ("environment",)
        used[_ENVIRONMENTS[environment.kind]].append(place)
        for key, feature, is_set in (
            ("network", Feature.NETWORK, not environment.network),
            ("shm", Feature.CONTAINER_SHM, environment.shm is not None),
        ):
            if is_set:
                used[feature].append(("environments", environment.name, key))
    if declared.resources is not None:
        for key, feature in _RESOURCES.items():
            value = getattr(declared.resources, key)
            if value is not None and value is not False:
                used[feature].append((*path, "resources", key))
