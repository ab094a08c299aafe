"""The files whose changes start CI (`ci.on.paths`): those of the project's folder, and what it reaches outside of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model.project import Stage
from ..model.snapshot import Snapshot
from ..resolve.entry import Resolved
from .paths import rooted

MAX_PATTERNS = 40
"""More files than this are watched by their folders. GitLab takes 50 patterns in one rule, and the caller adds some:
https://docs.gitlab.com/ci/yaml/#ruleschanges"""

_FILES = ("requirements.lock", "requirements.txt", "pyproject.toml")
"""Files that may name packages of this repository by their paths."""
_PACKAGE = re.compile(
    r"""(?m)(?:^\s*(?:-e|--editable|-r|-c)?[\s=]*|["'@\s](?:file:)?|=\s*["'])(\.\./[^\s"';#\[,\]]+)"""
)
_SPECIAL = re.compile(r"([*?+\[\]!\\])")


def watched(
    resolved: Resolved, stages: Mapping[str, Stage], snapshot: Snapshot, folder: str, sources: Iterable[str]
) -> tuple[str, ...]:
    """Patterns of files from the root of the Git repository, in the syntax of GitHub; none if every file counts.

    ``folder`` is that of the project; ``sources`` are the files that the spec consists of.
    """
    on = resolved.spec.ci.on
    declared = on.paths if on is not None and on.paths is not None else "auto"
    if not isinstance(declared, str):
        return tuple(declared)
    if not folder:
        return ()
    outside = {path for path in _reached(resolved, stages, snapshot, sources) if path.startswith("../")}
    outside |= {
        f"{path}.dvc" for path in outside if snapshot.kind(f"{path}.dvc") == "file"
    }  # DVC's data are not in Git
    paths = {posixpath.normpath(posixpath.join(folder, path)) for path in outside}
    paths = {path for path in paths if not path.startswith("../")}
    is_folder = {path for path in paths if snapshot.kind(posixpath.relpath(f"/{path}", f"/{folder}")) == "dir"}
    if len(paths) > MAX_PATTERNS:
        is_folder |= {posixpath.dirname(path) for path in paths - is_folder} - {""}
        paths = is_folder | {path for path in paths if "/" not in path}
    patterns = {f"{_literal(path)}/**" if path in is_folder else _literal(path) for path in paths}
    return (f"{_literal(folder)}/**", *sorted(_topmost(patterns)))


def _reached(
    resolved: Resolved, stages: Mapping[str, Stage], snapshot: Snapshot, sources: Iterable[str]
) -> Iterator[str]:
    """What stages and monitors depend on and run, and the files that they are declared in, from the root of the project."""
    yield from sources
    for item in resolved.sections.get("vars") or ():
        if isinstance(item, str):
            yield posixpath.normpath(item.partition(":")[0])
    for stage in stages.values():
        yield from stage.deps
        yield from (param.file for param in stage.params)
        for command in stage.code_commands:
            yield from resolved.code.command(command.text, stage.wdir).files
    for entry in resolved.monitors.values():
        wdir = rooted(".", str(entry.body.get("wdir") or "."))
        yield from (rooted(wdir, str(dep), snapshot.here) for dep in entry.body.get("deps") or ())
        for line in _commands(entry.body.get("cmd")):
            yield from resolved.code.command(line, wdir).files
    for name in _FILES:
        if snapshot.kind(name) == "file":
            text = (snapshot.read(name) or b"").decode("utf-8", "replace")
            yield from (posixpath.normpath(path) for path in re.findall(_PACKAGE, text))


def _commands(cmd: Any) -> Iterator[str]:
    for item in cmd if isinstance(cmd, list) else [cmd] if cmd else []:
        yield from str(item).splitlines()


def _topmost(patterns: set[str]) -> set[str]:
    """The patterns without those of files in a folder that is watched as a whole."""
    folders = [pattern.removesuffix("**") for pattern in patterns if pattern.endswith("/**")]
    return {
        pattern
        for pattern in patterns
        if not any(pattern != f"{folder}**" and pattern.startswith(folder) for folder in folders)
    }


def _literal(path: str) -> str:
    """A path as a pattern that only it matches."""
    return _SPECIAL.sub(r"\\\1", path)
