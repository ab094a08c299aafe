"""What pyproject.toml, setup.cfg and setup.py say about a project's code: package folders, console scripts, tasks, requirements."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...model.snapshot import Snapshot
from .distributions import declared, normalized

_MAX_READ = 4 << 20
_SCRIPT = r"([\w.-]+)\s*=\s*([\w.]+:[\w.]+)"
_WHERE = r"find(?:_namespace)?_packages\(\s*(?:where\s*=\s*)?[\"']([\w./-]+)[\"']"
_PACKAGE_DIR = r"package_dir\s*=\s*\{\s*[\"']{2}\s*:\s*[\"']([\w./-]+)[\"']"
_SCRIPTS = r"\bscripts\s*=\s*\[([^\]]*)\]"


@dataclass(slots=True)
class Facts:
    """A project's facts. Folders are from the repository's root; ``declared`` is None where nothing is required."""

    roots: list[str] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    declared: frozenset[str] | None = None
    name: str = ""
    """The name of its distribution, normalised."""
    members: list[str] = field(default_factory=list)
    """Folders of other projects that this one is developed with."""


def read_facts(snapshot: Snapshot, folder: str) -> Facts:
    """The facts of the project in a folder."""
    facts = Facts()
    pyproject = _toml(_read(snapshot, folder, "pyproject.toml"))
    for place in _package_folders(pyproject):
        facts.roots.append(_join(folder, place))
    _scripts(pyproject, facts)
    _tasks(pyproject, facts)
    facts.members += [_join(folder, member) for member in _members(snapshot, folder, pyproject)]
    _setup_cfg(_read(snapshot, folder, "setup.cfg"), folder, facts)
    if text := _read(snapshot, folder, "setup.py"):
        if match := re.search(r"\bname\s*=\s*[\"']([\w.-]+)[\"']", text):
            facts.name = normalized(match.group(1))
        facts.roots += [_join(folder, place) for place in (*re.findall(_WHERE, text), *re.findall(_PACKAGE_DIR, text))]
        if "console_scripts" in text:
            facts.scripts |= dict(re.findall(_SCRIPT, text[text.index("console_scripts") :][:20_000]))
        for listed in re.findall(_SCRIPTS, text):
            for path in re.findall(r"[\"']([\w./-]+)[\"']", listed):
                facts.scripts[posixpath.basename(path)] = _join(folder, path)
    facts.declared = declared(snapshot, folder, pyproject)
    poetry = _dict(_dict(pyproject.get("tool")).get("poetry"))
    stated = _dict(pyproject.get("project")).get("name") or poetry.get("name")
    facts.name = normalized(str(stated)) if stated else facts.name
    return facts


def _read(snapshot: Snapshot, folder: str, name: str) -> str:
    raw = snapshot.read(_join(folder, name))
    return raw.decode("utf-8-sig", "replace") if raw is not None and len(raw) <= _MAX_READ else ""


def _join(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder or ".", path))
    return "" if joined == "." else joined


def _toml(text: str) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _package_folders(data: dict[str, Any]) -> Iterator[str]:
    """The folders that packages lie in, as the build back ends are told."""
    tool = _dict(data.get("tool"))
    setuptools = _dict(tool.get("setuptools"))
    for package, place in _dict(setuptools.get("package-dir")).items():
        if isinstance(place, str):
            yield place if not package else posixpath.dirname(place.rstrip("/")) or "."
    packages = setuptools.get("packages")
    yield from _texts(_dict(_dict(packages).get("find")).get("where"))
    for item in _dict(tool.get("poetry")).get("packages") or ():
        if isinstance(item, dict) and isinstance(item.get("from"), str):
            yield item["from"]
    build = _dict(_dict(tool.get("hatch")).get("build"))
    for section in (build, *map(_dict, _dict(build.get("targets")).values())):
        yield from _texts(section.get("sources"))
        yield from _texts(section.get("dev-mode-dirs"))
        yield from (posixpath.dirname(path.rstrip("/")) or "." for path in _texts(section.get("packages")))
        for source, target in _dict(section.get("sources")).items():
            yield source if not target else posixpath.dirname(source) or "."
    for keys in (("pdm", "build", "package-dir"), ("maturin", "python-source"), ("uv", "build-backend", "module-root")):
        value: Any = tool
        for key in keys:
            value = _dict(value).get(key)
        if isinstance(value, str):
            yield value or "."
    yield from _texts(_dict(_dict(tool.get("pytest")).get("ini_options")).get("pythonpath"))


def _scripts(data: dict[str, Any], facts: Facts) -> None:
    project, poetry = _dict(data.get("project")), _dict(_dict(data.get("tool")).get("poetry"))
    for table in (project.get("scripts"), project.get("gui-scripts"), poetry.get("scripts")):
        for name, target in _dict(table).items():
            if isinstance(target, dict):
                target = target.get("reference") or target.get("callable")
            if isinstance(target, str):
                facts.scripts[name] = target


def _tasks(data: dict[str, Any], facts: Facts) -> None:
    tool = _dict(data.get("tool"))
    tables = [_dict(tool.get("pdm")).get("scripts"), _dict(tool.get("rye")).get("scripts"), _dict(tool.get("poe")).get("tasks"),
              _dict(tool.get("taskipy")).get("tasks"), _dict(tool.get("pixi")).get("tasks")]  # fmt: skip
    tables += [_dict(env).get("scripts") for env in _dict(_dict(tool.get("hatch")).get("envs")).values()]
    tables += [_dict(feature).get("tasks") for feature in _dict(_dict(tool.get("pixi")).get("feature")).values()]
    for table in tables:
        for name, task in _dict(table).items():
            if isinstance(task, dict):
                task = task.get("cmd") or task.get("shell") or task.get("script")
            lines = task if isinstance(task, list) else [task]
            if all(isinstance(line, str) for line in lines):
                facts.tasks.setdefault(name, "\n".join(lines))


def _members(snapshot: Snapshot, folder: str, data: dict[str, Any]) -> Iterator[str]:
    """Other projects of the repository: members of a workspace, and requirements by path."""
    tool = _dict(data.get("tool"))
    for pattern in _texts(_dict(_dict(tool.get("uv")).get("workspace")).get("members"))[:50]:
        parent, star, rest = pattern.partition("*")
        if not star:
            yield pattern
        elif not rest.strip("/*"):
            base = _join(folder, parent)
            yield from (
                f"{parent}{name}"
                for name in snapshot.list(base)
                if snapshot.kind(f"{base}/{name}".lstrip("/")) == "dir"
            )
    poetry = _dict(tool.get("poetry"))
    tables = [_dict(_dict(tool.get("uv")).get("sources")), _dict(poetry.get("dependencies"))]
    tables += [_dict(_dict(group).get("dependencies")) for group in _dict(poetry.get("group")).values()]
    for table in tables:
        for item in table.values():
            if isinstance(item, dict) and isinstance(item.get("path"), str):
                yield item["path"]
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in _read(snapshot, folder, name).splitlines():
            if match := re.match(r"\s*(?:-e|--editable)?[ =]*(?:file:)?(\.{1,2}/[\w./-]*)", line[:400]):
                yield match.group(1)


def _setup_cfg(text: str, folder: str, facts: Facts) -> None:
    if not text:
        return
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    facts.name = normalized(parser.get("metadata", "name", fallback=""))
    where = parser.get("options.packages.find", "where", fallback="")
    facts.roots += [_join(folder, place.strip()) for place in where.split() if place.strip()]
    for line in parser.get("options", "package_dir", fallback="").splitlines():
        package, equals, place = line.partition("=")
        if equals and not package.strip():
            facts.roots.append(_join(folder, place.strip()))
    facts.scripts |= dict(re.findall(_SCRIPT, parser.get("options.entry_points", "console_scripts", fallback="")))
