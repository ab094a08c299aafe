"""Specs that are plainly right, told without pydantic, whose import takes longer than a whole build.

`plain` knows the commonest forms: text where text is due, lists of text where lists are. A spec of these is what the models
would make of it, key by key (tests/property/test_plain.py); any other is theirs to judge, and every error is theirs to word.
"""

from __future__ import annotations

import re

from .words import StackParts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Plain:
    """A mapping whose keys are attributes; what it lacks is None."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.__dict__ = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Plain) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


class PlainStage(_Plain):
    """A `Stage` of the models."""

    cmd = wdir = deps = params = vars = outs = metrics = plots = frozen = always_changed = desc = meta = None
    args = script = env = image = resources = timeout = retries = gates = kind = infer = matrix = None


class PlainForeach(_Plain):
    """A `Foreach` of the models."""

    foreach: Any = None
    do: Any = None


class PlainStack(StackParts, _Plain):
    """A `Stack` of the models."""

    registry = ci = orchestrator = metadata = test = source = build = deploy = features = None


class PlainCi(_Plain):
    """A `Ci` of the models."""

    on = runner = runners = secrets = python = timeout = fan_out = None


class PlainCode(_Plain):
    """A `Code` of the models."""

    roots = runners = None


class PlainSpec(_Plain):
    """A `Spec` of the models."""

    project = extends = infer = vars = params = metrics = plots = artifacts = datasets = None
    data = models = experiments = deploy = monitor = patches = accept = None


_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_TEXTS = frozenset({"cmd", "wdir", "desc"})
_LISTS = frozenset({"deps", "params", "outs", "metrics", "plots"})
_FLAGGED = frozenset({"outs", "metrics", "plots"})
_SWITCHES = frozenset({"frozen", "always_changed"})
_FLAGS = frozenset({"cache", "persist", "push"})
_STACK = frozenset({"ci", "orchestrator", "test", "build", "registry"})
_TEXT = {str}


def plain(data: dict[str, Any]) -> PlainSpec | None:
    """The spec, or None where it takes the models to judge it."""
    if type(data.get("mlops")) is not int or data["mlops"] != 1:
        return None
    spec: dict[str, Any] = {"mlops": 1, "stages": {}, "stack": PlainStack({}), "ci": PlainCi({}), "code": PlainCode({})}
    for key, value in data.items():
        if key == "stages":
            if type(value) is not dict or not _stages(value, spec["stages"]):
                return None
        elif key == "project":
            if type(value) is not str or not _NAME.match(value):
                return None
            spec["project"] = value
        elif key == "stack":
            if type(value) is not dict or not _stack(value):
                return None
            spec["stack"] = PlainStack(value)
        elif key == "params" or key == "metrics":
            if type(value) is not list or not _TEXT.issuperset(map(type, value)):
                return None
            spec[key] = value
        elif key != "mlops":
            return None
    return PlainSpec(spec)


def _stack(said: dict[Any, Any]) -> bool:
    return _STACK.issuperset(said) and all(
        (type(value) is str and (key != "registry" or (value.isprintable() and value.strip() == value != "")))
        or (key in ("ci", "orchestrator") and type(value) is list and _TEXT.issuperset(map(type, value)))
        for key, value in said.items()
    )


def _stages(said: dict[Any, Any], into: dict[str, Any]) -> bool:
    for name, body in said.items():
        if type(name) is not str:
            return False
        if type(body) is dict and "foreach" in body:
            if body.keys() != {"foreach", "do"} or type(body["foreach"]) not in (list, dict, str):
                return False
            if not _stage(body["do"]):
                return False
            into[name] = PlainForeach({"foreach": body["foreach"], "do": PlainStage(body["do"])})
        elif body is None:
            into[name] = None
        elif _stage(body):
            into[name] = PlainStage(body)
        else:
            return False
    return True


def _stage(body: Any) -> bool:
    if type(body) is not dict:
        return False
    for key, value in body.items():
        kind = type(value)
        if key in _LISTS:
            if kind is not list or not (_TEXT.issuperset(map(type, value)) or (key in _FLAGGED and _flagged(value))):
                return False
        elif key in _TEXTS:
            if kind is not str:
                return False
        elif key in _SWITCHES:
            if kind is not bool:
                return False
        elif key == "matrix":
            if kind is not dict or not all(type(k) is str and type(v) is list for k, v in value.items()):
                return False
        else:
            return False
    return True


def _flagged(items: list[Any]) -> bool:
    for item in items:
        if type(item) is str:
            continue
        if type(item) is not dict:
            return False
        for path, flags in item.items():
            if type(path) is not str or type(flags) is not dict or not _FLAGS.issuperset(flags):
                return False
            if not {bool}.issuperset(map(type, flags.values())):
                return False
    return True
