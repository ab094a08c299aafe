"""Unknown keys, and what was probably meant: a misspelled key, the key of another tool, a key at the wrong level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.source import At, Path

UNKNOWN_KEY = Code("MLC101", "error", "unknown key `{key}` {where}", help="remove it")
UNKNOWN_KEY_SIMILAR = replace(UNKNOWN_KEY, help="did you mean `{similar}`?")
UNKNOWN_KEY_STATED = replace(UNKNOWN_KEY, help="move its value into `{similar}`, which is there already, and remove it")
UNKNOWN_KEY_OF = replace(UNKNOWN_KEY, help="remove it, or use one of: {keys}")
UNKNOWN_KEY_GLUED = replace(UNKNOWN_KEY, help="put a space after the colon: `{written}`")
BESIDE_DO = replace(UNKNOWN_KEY, help="move it under `do`, which defines the stage for each item")
ORDER_BY_FILE = replace(
    UNKNOWN_KEY,
    help="stages run in the order of their files: remove it, and list `{out}`, which `{stage}` writes, under `deps`",
)
ORDER_BY_FILES = replace(
    UNKNOWN_KEY,
    help="stages run in the order of their files: remove it, and list the outs of those stages under `deps`",
)

ORDER = frozenset(
    [
        "after",
        "before",
        "depends",
        "depends_on",
        "dependsOn",
        "dependencies",
        "needs",
        "requires",
        "run_after",
        "upstream",
    ]
)
"""Keys by which other tools order stages."""
_SYNONYMS = {
    "command": "cmd", "commands": "cmd", "run": "cmd", "exec": "cmd", "cwd": "wdir", "workdir": "wdir", "working_dir": "wdir",
    "inputs": "deps", "input": "deps", "in": "deps", "reads": "deps",
    "outputs": "outs", "output": "outs", "out": "outs", "writes": "outs", "artifacts": "outs",
    "parameters": "params", "hyperparameters": "params", "environment_variables": "env", "variables": "env",
    "description": "desc", "for_each": "foreach", "cron": "schedule", "tasks": "stages", "jobs": "stages", "steps": "stages",
    "pipeline": "stages", "name": "project", "remote": "registry", "retry": "retries", "memory_limit": "memory",
    "deployments": "deploy", "deployment": "deploy", "monitors": "monitor", "monitoring": "monitor",
}  # fmt: skip
"""Keys of other tools, or plain words, by the key of this language."""


def unknown_key(data: Any, path: Path) -> Diagnostic:
    """The diagnostic of the key at ``path``, with the most likely remedy."""
    key = str(path[-1])
    where = f"in `{path[-2]}`" if len(path) > 1 else "at the top level"
    siblings = _get(data, path[:-1]) or {}
    if isinstance(siblings, dict) and "do" in siblings and path[0] == "stages" and len(path) == 3:
        return BESIDE_DO.at_key(*path, key=key, where=where)
    if ":" in key and siblings.get(path[-1], "") is None:
        name, _, value = key.partition(":")
        written = f"{name}: {value}"
        diagnostic = UNKNOWN_KEY_GLUED.at_key(*path, key=key, where=where, written=written)
        return replace(diagnostic, fix=Fix(At(path, key=True), written, "unsafe"))
    if key in ORDER and path[0] == "stages":
        return _order(data, path, where)
    return _similar(siblings, path, where)


def _order(data: Any, path: Path, where: str) -> Diagnostic:
    value = _get(data, path)
    names = [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]
    for name in names:
        stage = data["stages"].get(name)
        outs = stage.get("outs") if isinstance(stage, dict) else None
        if isinstance(outs, list) and outs and isinstance(outs[0], str | dict):
            out = outs[0] if isinstance(outs[0], str) else next(iter(outs[0]), "")
            return ORDER_BY_FILE.at_key(*path, key=path[-1], where=where, out=out, stage=name)
    return ORDER_BY_FILES.at_key(*path, key=path[-1], where=where)


def _similar(siblings: Any, path: Path, where: str) -> Diagnostic:
    from difflib import get_close_matches

    from ...schemas.docs import known_keys

    key = str(path[-1])
    known = known_keys(path[:-1])
    synonym = _SYNONYMS.get(key.lower())
    similar = [synonym] if synonym in known else get_close_matches(key, known, 1, 0.6)
    if similar and similar[0] in siblings:
        return UNKNOWN_KEY_STATED.at_key(*path, key=key, where=where, similar=similar[0])
    if similar:
        diagnostic = UNKNOWN_KEY_SIMILAR.at_key(*path, key=key, where=where, similar=similar[0])
        return replace(diagnostic, fix=Fix(At(path, key=True), str(similar[0]), "unsafe"))
    if path[0] == "stages" and "foreach" not in siblings:
        known = [name for name in known if name not in ("foreach", "do")]
    if unused := sorted(name for name in known if name not in siblings):
        return UNKNOWN_KEY_OF.at_key(*path, key=key, where=where, keys=", ".join(unused))
    return UNKNOWN_KEY.at_key(*path, key=key, where=where)


def _get(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data
