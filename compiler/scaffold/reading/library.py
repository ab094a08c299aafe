"""Calls of common libraries: paths, configuration files, command lines, and functions that read or write a path."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from ...model.snapshot import Snapshot
from .values import UNKNOWN, Handle, joined, parent_of

READS = frozenset(
    """
    read_csv read_parquet read_json read_excel read_table read_pickle read_feather read_text read_bytes read_fwf read_hdf
    read_orc read_ndjson load loadtxt genfromtxt imread scan_csv scan_parquet load_from_disk read_sql_table load_model
    """.split()
)
WRITES = frozenset(
    """
    to_csv to_parquet to_json to_excel to_pickle to_feather to_hdf write_text write_bytes write_csv write_parquet to_html
    dump save savez savez_compressed savetxt savefig imwrite imsave save_model save_pretrained save_to_disk to_markdown
    """.split()
)
"""Functions and methods of common libraries that take a path, by the last part of their name."""

LISTS = frozenset(["listdir", "scandir", "walk", "glob", "rglob", "iglob", "iterdir"])
"""Functions and methods that list a folder."""

LOADERS = frozenset(["safe_load", "full_load", "load", "loads", "read_yaml"])
RUNS = frozenset(["run", "call", "check_call", "check_output", "Popen", "system", "popen"])
"""Functions of subprocess and os that run a command."""

SAME = frozenset(
    "Path PurePath PosixPath abspath realpath resolve absolute expanduser normpath as_posix str fspath open_path".split()
)
"""Functions and methods that return the path they are given."""

MAX_CONFIG = 1 << 20
WIDE = re.compile(r"\d{4}")
"""A width in a format that would make a text of megabytes."""
_INTERPOLATION = re.compile(r"\$\{([\w.]+)\}")
TEXT_METHODS = frozenset("replace strip lstrip rstrip lower upper title format removeprefix removesuffix".split())


def path_method(path: str, name: str, arguments: Sequence[Any]) -> Any:
    """A method of a string or of a path; None if it is not one of those that are known."""
    known = all(isinstance(argument, (str, int, float)) for argument in arguments)
    if name in SAME:
        return path
    if name == "joinpath":
        return joined(path, *arguments)
    if name == "open":
        return Handle(path)
    if name == "with_suffix" and known and arguments:
        return posixpath.splitext(path)[0] + str(arguments[0])
    if name == "with_name" and known and arguments:
        return joined(parent_of(path), str(arguments[0]))
    if name == "split" and known:
        return path.split(*arguments)
    if name == "join" and arguments and isinstance(arguments[0], list):
        return path.join(arguments[0]) if all(isinstance(part, str) for part in arguments[0]) else UNKNOWN
    if name in TEXT_METHODS and known and not (name == "format" and WIDE.search(path)):
        try:
            return getattr(path, name)(*arguments)
        except (LookupError, ValueError, TypeError):
            return UNKNOWN
    return None


def path_attribute(path: str, name: str) -> Any:
    """An attribute of a path of pathlib."""
    if name == "parent":
        return parent_of(path)
    if name == "parents":
        parents = [parent_of(path)]
        for _ in range(8):
            parents.append(parent_of(parents[-1]))
        return parents
    if name == "name":
        return posixpath.basename(path)
    if name == "stem":
        return posixpath.splitext(posixpath.basename(path))[0]
    return posixpath.splitext(path)[1] if name == "suffix" else UNKNOWN


def function_of_paths(name: str, arguments: Sequence[Any]) -> Any:
    """A function of os.path, os or pathlib, by the last part of its name; None if it is not one of those that are known."""
    first = arguments[0] if arguments else None
    if name in ("join", "PurePath", "Path", "PosixPath", "joinpath") and arguments:
        return joined(*arguments)
    if name in ("getcwd", "cwd", "Path", "get_original_cwd"):
        return "."
    if not isinstance(first, str):
        return None
    if name in SAME or name == "to_absolute_path":
        return first
    if name == "dirname":
        return posixpath.dirname(first) or "."
    if name == "basename":
        return posixpath.basename(first)
    if name == "splitext":
        return list(posixpath.splitext(first))
    return None


def load_config(snapshot: Snapshot, path: str) -> Any:
    """The content of a YAML, JSON or TOML file of the repository, with the interpolations of OmegaConf filled in."""
    size = snapshot.size(path)
    if size is None or size > MAX_CONFIG:
        return UNKNOWN
    import yaml

    text = (snapshot.read(path) or b"").decode("utf-8", "replace")
    try:
        if path.endswith((".yaml", ".yml")):
            value = yaml.safe_load(text)
        elif path.endswith(".toml"):
            value = tomllib.loads(text)
        elif path.endswith(".json"):
            value = json.loads(text)
        else:
            return UNKNOWN
    except (ValueError, RecursionError, yaml.YAMLError):
        return UNKNOWN
    return _interpolated(value, value)


def hydra_config(snapshot: Snapshot, folder: str, name: str) -> Any:
    """The configuration that Hydra composes from the defaults list of ``name`` in ``folder``."""
    path = posixpath.join(folder, name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    config = load_config(snapshot, posixpath.normpath(path))
    if not isinstance(config, dict):
        return UNKNOWN
    composed: dict[str, Any] = {}
    for item in config.get("defaults") or ():
        if isinstance(item, dict):
            for group, choice in item.items():
                group = str(group).removeprefix("override ").strip()
                part = load_config(snapshot, posixpath.normpath(f"{folder}/{group}/{choice}.yaml"))
                if isinstance(part, dict):
                    composed[group] = part
        elif isinstance(item, str) and item != "_self_":
            part = load_config(snapshot, posixpath.normpath(f"{folder}/{item}.yaml"))
            composed |= part if isinstance(part, dict) else {}
    merged = _merged(composed, {key: value for key, value in config.items() if key != "defaults"})
    return _interpolated(merged, merged)


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for key, value in other.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def _interpolated(value: Any, whole: Any, depth: int = 0) -> Any:
    if isinstance(value, dict):
        return {key: _interpolated(item, whole, depth) for key, item in value.items()}
    if isinstance(value, list):
        return [_interpolated(item, whole, depth) for item in value]
    if isinstance(value, str) and "${" in value and depth < 5:
        filled = _INTERPOLATION.sub(lambda match: _looked_up(whole, match[1], match[0]), value)
        return _interpolated(filled, whole, depth + 1) if filled != value else value
    return value


def _looked_up(whole: Any, key: str, otherwise: str) -> str:
    for part in key.split("."):
        whole = whole.get(part) if isinstance(whole, dict) else None
    return str(whole) if isinstance(whole, (str, int, float)) else otherwise
