"""What was probably meant by a value of the wrong shape: texts for lists, lists for mappings, words for cron lines and bounds.

Each proposal is the text of a YAML value. `validate` offers the first one that the language accepts at that place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from ..emit.yaml import flow
from ..model.source import Path
from .quoting import quoted

EXAMPLES: dict[str, str] = {
    "stages": "{train: {cmd: python train.py, deps: [train.py], outs: [model.bin]}}",
    "stages.*": "{cmd: python train.py, deps: [train.py], outs: [model.bin]}",
    "stages.*.do": "{cmd: python train.py}",
    "stages.*.env": "{API_URL: https://example.com}",
    "stages.*.resources": "{cpu: 4, memory: 8Gi}",
    "stages.*.gates": '{accuracy: ">= 0.9"}',
    "stages.*.matrix": "{size: [1, 2]}",
    "models": "{wine: {path: models/wine.bin}}",
    "models.*": "{path: models/wine.bin}",
    "artifacts": "{wine: {path: models/wine.bin}}",
    "artifacts.*": "{path: models/wine.bin}",
    "data": "{wine: {url: https://example.com/wine.csv}}",
    "data.*": "{url: https://example.com/wine.csv}",
    "datasets": "[{name: wine, type: url, url: s3://bucket/wine}]",
    "deploy": "{production: {model: wine, run: make rollout}}",
    "deploy.*": "{model: wine, run: make rollout}",
    "monitor": '{drift: {cmd: python drift.py, schedule: "0 6 * * *"}}',
    "monitor.*": '{cmd: python drift.py, schedule: "0 6 * * *"}',
    "experiments": "{depth: {set: {depth: [4, 8]}}}",
    "experiments.*": "{set: {depth: [4, 8]}}",
    "experiments.*.set": "{depth: [4, 8]}",
    "stack": "{ci: gitlab}",
    "ci": '{python: "3.11"}',
    "ci.on": "{push: [main]}",
    "patches": "{dvc.yaml: {vars: [params.toml]}}",
}
"""A value by place, for what cannot be derived from the value that is there."""

_CRON = {
    "hourly|hour": "0 * * * *",
    "daily|day": "0 6 * * *",
    "nightly|night": "0 2 * * *",
    "midnight": "0 0 * * *",
    "weekly|week": "0 6 * * 1",
    "monthly|month": "0 6 1 * *",
    "yearly|annually|year": "0 6 1 1 *",
}
_NAMED = ("stages", "models", "artifacts", "data", "deploy", "monitor", "experiments")
_MAIN_KEY = {"stages": "cmd", "models": "path", "artifacts": "path", "data": "url", "monitor": "cmd"}
_GATE = re.compile(r"\s*([\w./-]+)\s*((?:>=|<=|==|!=|>|<).*)")
_UPPER = re.compile(r"at most|below|under|less|max|up to|<|≤", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_GLUED = re.compile(r"([A-Za-z_][\w-]*):(\S.*)", re.DOTALL)
_FORGOTTEN = re.compile(r"([a-z_]+) +(\S.*)", re.DOTALL)


def proposals(path: Path, value: Any, written: str) -> Iterator[str]:
    """The values that may have been meant by ``value`` at ``path``, which stands in the file as ``written``."""
    key = str(path[-1]) if path else ""
    if key == "schedule":
        yield from _schedules(value)
    elif "gates" in path:
        yield from _gates(path, value)
    elif key == "timeout":
        yield from _durations(value)
    elif key in ("memory", "cpu") and isinstance(value, str):
        yield re.sub(r"\s|[Bb]\w*$", "", value)
    if isinstance(value, dict):
        yield from _of_mapping(value)
    elif isinstance(value, list):
        yield from _of_list(path, value)
    elif value is not None:
        yield from _of_scalar(path, value, written)
    if value is None and len(path) > 1 and path[-2] == "env":
        yield '""'


def example_at(path: Path) -> str | None:
    """A value of the right shape for a place, to show; it is not what was meant."""
    return EXAMPLES.get(_pattern(path))


def _pattern(path: Path) -> str:
    return ".".join("*" if index == 1 and path[0] in _NAMED else str(part) for index, part in enumerate(path))


def _schedules(value: Any) -> Iterator[str]:
    lines = ["0 6 * * *"]
    if isinstance(value, str):
        word = value.strip("@ ").lower().removeprefix("every ")
        lines[:0] = [line for name, line in _CRON.items() if word in name.split("|")]
        lines[:0] = [" ".join(value.split())] if len(value.split()) == 5 else []
    for line in lines:
        yield quoted(line)
        yield f"[{quoted(line)}]"


def _durations(value: Any) -> Iterator[str]:
    if isinstance(value, float) and value > 0:
        yield f"{math.ceil(value)}s"
    elif isinstance(value, str):
        yield "".join(number + unit for number, unit in re.findall(r"(\d+)\s*([dhms])", value.lower())) or '""'


def _gates(path: Path, value: Any) -> Iterator[str]:
    if path[-1] == "gates":
        items = value if isinstance(value, list) else [value]
        bounds = [found for item in items if isinstance(item, str) and (found := _GATE.fullmatch(item))]
        if bounds and len(bounds) == len(items):
            yield flow({found[1]: found[2].strip() for found in bounds})
        if items and all(isinstance(item, dict) for item in items):
            yield flow({name: bound for item in items for name, bound in item.items()})
        return
    if isinstance(value, dict):
        signs = {"min": ">=", "max": "<=", "ge": ">=", "le": "<=", "gt": ">", "lt": "<", "eq": "=="}
        bounds_of = [f"{signs[str(sign)]} {bound}" for sign, bound in value.items() if str(sign) in signs]
        if bounds_of:
            yield flow(bounds_of[0] if len(bounds_of) == 1 else bounds_of)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield quoted(f">= {value}")
    elif isinstance(value, str) and (number := _NUMBER.search(value)) is not None:
        yield quoted(f"{'<=' if _UPPER.search(value) else '>='} {number[0]}")
    yield quoted(">= 0.9")


def _of_mapping(value: dict[Any, Any]) -> Iterator[str]:
    if value and all(isinstance(item, dict) for item in value.values()):
        yield flow([{name: item} for name, item in value.items()])
        yield flow([{"name": name, **item} for name, item in value.items()])
    yield flow([name if item is None or item == {} else {name: item} for name, item in value.items()])
    yield flow(list(value))
    if len(value) == 1 and next(iter(value.values())) in (None, ""):
        yield flow(next(iter(value)))


def _of_list(path: Path, value: list[Any]) -> Iterator[str]:
    if value and all(isinstance(item, dict) for item in value):
        named = [(next((item[key] for key in ("name", "id") if key in item), None), item) for item in value]
        if all(isinstance(name, str | int) for name, _ in named):
            yield flow(
                {name: {key: part for key, part in item.items() if key not in ("name", "id")} for name, item in named}
            )
        if all(len(item) == 1 for item in value):
            yield flow({name: part for item in value for name, part in item.items()})
    if value and all(isinstance(item, str) and "=" in item for item in value):
        yield flow({name: part for name, _, part in (item.partition("=") for item in value)})
    if len(path) == 2 and path[0] in _MAIN_KEY:
        yield flow({_MAIN_KEY[str(path[0])]: value})
    if len(value) == 1:
        yield flow(value[0])
    if value and all(isinstance(item, str) for item in value):
        yield quoted(" ".join(value))


def _of_scalar(path: Path, value: Any, written: str) -> Iterator[str]:
    text = str(value)
    if isinstance(value, str):
        if (glued := _GLUED.fullmatch(text)) is not None and "\n" not in text:
            yield f"{{{glued[1]}: {glued[2]}}}"
            yield f"{{{glued[1]}: {quoted(glued[2])}}}"
        if len(path) == 2 and path[0] in _MAIN_KEY:
            forgotten = _FORGOTTEN.fullmatch(text)
            if forgotten is not None and forgotten[1] == _MAIN_KEY[str(path[0])]:
                yield flow({forgotten[1]: forgotten[2]})
            yield flow({_MAIN_KEY[str(path[0])]: text})
        if text.endswith("]") and not text.startswith("[") and text.count("]") > text.count("["):
            yield "[" + text
        yield f"[{written}]"
        yield flow([text])
        if path and path[-1] == "stack":
            yield flow({"orchestrator": text})
        if "=" in text and "\n" not in text:
            yield flow({name: part for name, _, part in (item.partition("=") for item in text.split())})
        if text.isdigit():
            yield text
        if text.lower() in ("yes", "no", "on", "off", "true", "false", "y", "n"):
            yield "true" if text.lower() in ("yes", "on", "true", "y") else "false"
        yield re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or '""'
    else:
        yield quoted(written)
        yield f"[{quoted(written)}]"
