"""The DVC remotes of the spec, and what .dvc/config says by itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error

from ...schemas import registry as language
from ...schemas.stack import Stack
from ..model.operations import Remote
from ..model.snapshot import Snapshot

DEFAULT_REMOTE = "registry"
CONFIG = ".dvc/config"
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_OUR_BLOCK = re.compile(r"(?ms)^# >>> mlopsc.*?^# <<< mlopsc[^\n]*\n?")


def dvc_root(snapshot: Snapshot) -> str:
    """The root of the DVC repository, from the project: `.`, or a folder above it up to the root of the Git repository.

    If there is none yet, it is to be the folder of the project.
    """
    above = [
        "/".join([".."] * depth) for depth in range(1, len(snapshot.folder.split("/")) + 1 if snapshot.folder else 1)
    ]
    return next((folder for folder in (".", *above) if snapshot.kind(f"{folder}/.dvc") == "dir"), ".")


def remotes(stack: Stack) -> tuple[Remote, ...]:
    """The remotes of `stack.registry`; the first is the default one."""
    registry = stack.registry
    if registry is None:
        return ()
    by_name = registry if isinstance(registry, dict) else {DEFAULT_REMOTE: registry}
    return tuple(_remote(name, remote) for name, remote in by_name.items())


def _remote(name: str, remote: str | language.Remote) -> Remote:
    if isinstance(remote, str):
        return Remote(name, remote)
    options = remote.model_dump(exclude_none=True)
    return Remote(name, options.pop("url"), {option: _text(value) for option, value in options.items()})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def config_text(snapshot: Snapshot) -> str:
    """The content of .dvc/config, empty if there is none."""
    path = posixpath.normpath(f"{dvc_root(snapshot)}/{CONFIG}")
    text = snapshot.read(path) if snapshot.kind(path) == "file" else None
    return (text or b"").decode("utf-8", "replace")


def remote_urls(named: tuple[Remote, ...], snapshot: Snapshot) -> tuple[str, ...]:
    """The URLs of all remotes, the default one first: those of the spec, then those that only .dvc/config names."""
    sections = _sections(outside_of_block(config_text(snapshot)))
    default = f'remote "{sections.get("core", {}).get("remote", "")}"'
    names = sorted((name for name in sections if name.startswith("remote ")), key=lambda name: name != default)
    urls = [*(remote.url for remote in named), *(sections[name].get("url", "") for name in names)]
    return tuple(dict.fromkeys(url for url in urls if url))


def seen_from_config(url: str) -> str:
    """A URL, or a relative path, which DVC resolves from the folder of its configuration, .dvc."""
    is_relative = "://" not in url and not url.startswith(("/", "~")) and not _DRIVE.match(url)
    return posixpath.join("..", url) if is_relative else url


def settings(named: tuple[Remote, ...]) -> dict[str, dict[str, str]]:
    """The sections of .dvc/config that the spec calls for. ``verify`` lets DVC compare the hash of all that it fetches."""
    sections = {
        f'remote "{remote.name}"': {"url": seen_from_config(remote.url), "verify": "true", **remote.options}
        for remote in named
    }
    return {"core": {"remote": named[0].name}, **sections} if named else {}


def outside_of_block(text: str) -> str:
    """.dvc/config without the block that a build writes."""
    return _OUR_BLOCK.sub("", text)


def kept_by_dvc(named: tuple[Remote, ...], snapshot: Snapshot) -> str | None:
    """.dvc/config, if it says by itself all that the spec calls for; None otherwise.

    `dvc remote modify` writes the whole file anew, without comments, and so without the lines around our block.
    """
    text = config_text(snapshot)
    return text if named and not lacking(named, text) and outside_of_block(text) == text else None


def lacking(named: tuple[Remote, ...], text: str) -> list[tuple[str, str, str]]:
    """The settings that the spec calls for and that a configuration does not have: section, option, value."""
    sections = _sections(text)
    return [
        (section, option, value)
        for section, options in settings(named).items()
        for option, value in options.items()
        if sections.get(section, {}).get(option) != value
    ]


def _sections(text: str) -> Mapping[str, dict[str, str]]:
    """The options by section, as far as the file can be read: DVC itself reports what is wrong with it."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read_string("\n".join(_lines(text)))
    except Error:
        return {}
    return {
        section.strip("'"): {option: _unquoted(value) for option, value in parser.items(section)}
        for section in parser.sections()
    }


def _lines(text: str) -> Iterator[str]:
    """The lines without indentation, which would make a line part of the one before."""
    return (line.strip() for line in text.splitlines())


def _unquoted(value: str) -> str:
    for mark in ("'''", "'", '"'):
        if len(value) >= 2 * len(mark) and value.startswith(mark) and value.endswith(mark):
            return value[len(mark) : -len(mark)]
    return value
