# Made by mlopsc: keeps .mlops/packages.json, the locked version of each package. It needs Python alone, 3.11 or newer for lock
# files in TOML (or the package tomli).
"""packages.py: write .mlops/packages.json anew from the lock of the project's packages; stages track its entries as params.

Read are, in this order, the first that is there: uv.lock, pylock.toml, poetry.lock, and requirements files whose lines are
pinned by `==`. Names are normalised as PyPI does it (PEP 503). A package that is locked in several versions, for several
platforms, has them all.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

PATH = ".mlops/packages.json"
LOCKS = ("uv.lock", "pylock.toml", "poetry.lock")
REQUIREMENTS = ("requirements.lock", "requirements.txt")
PYTHON = "python"
"""The entry for Python itself; no package on PyPI can have the name, which belongs to the interpreter."""

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;#\\,]+)")
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)")
_VIA = re.compile(r"\s*#(?:\s*via)?\s+([A-Za-z0-9][A-Za-z0-9._-]*)\s*$")
MAX_BYTES = 32 * 2**20
MAX_INCLUDED = 50
"""Requirements files that one may include by `-r`, in all."""

Read = Callable[[str], "bytes | None"]
"""Gives the content of a file of the repository, or None if there is none."""


class Lock:
    """What a lock says: the versions of each package, and the packages that each one needs.

    ``source`` is the file it was read from. ``loose`` are packages that a requirements file names without a pin.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.versions: dict[str, list[str]] = {}
        self.needs: dict[str, set[str]] = {}
        self.loose: set[str] = set()
        self.python: str | None = None

    def add(self, name: str, version: str, needs: Iterable[str] = ()) -> None:
        """Take in one package."""
        key = normalised(name)
        versions = self.versions.setdefault(key, [])
        if version not in versions:
            versions.append(version)
        self.needs.setdefault(key, set()).update(map(normalised, needs))

    def closure(self, names: Iterable[str]) -> list[str]:
        """These packages and all that they need, as far as the lock says; sorted."""
        seen: set[str] = set()
        waiting = [normalised(name) for name in names]
        while waiting:
            name = waiting.pop()
            if name in self.versions and name not in seen:
                seen.add(name)
                waiting.extend(self.needs.get(name, ()))
        return sorted(seen)

    def entries(self) -> dict[str, str]:
        """The content of packages.json."""
        versions = {name: ", ".join(sorted(versions)) for name, versions in self.versions.items()}
        if self.python is not None:
            versions[PYTHON] = self.python
        return {name: versions[name] for name in sorted(versions)}


def normalised(name: str) -> str:
    """The name of a package as PyPI compares it: https://peps.python.org/pep-0503/#normalized-names"""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(read: Read) -> Lock | None:
    """The lock of a repository, or None if there is none that can be read. Raises `Unreadable`."""
    lock = None
    for name, reader in ((LOCKS[0], _uv), (LOCKS[1], _pylock), (LOCKS[2], _poetry)):
        if lock is None and (data := _toml(name, read)) is not None:
            lock = Lock(name)
            reader(data, lock)
    for name in REQUIREMENTS:
        if lock is None and read(name) is not None:
            lock = Lock(name)
            _requirements(name, read, lock, [])
    if lock is not None and (version := read(".python-version")) is not None:
        first = version.decode("utf-8", "replace").strip().partition("\n")[0].strip()
        lock.python = first or lock.python
    return lock


class Unreadable(Exception):
    """A lock that cannot be read: which file, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} cannot be read: {why}")
        self.name, self.why = name, why


def text(lock: Lock) -> str:
    """packages.json as it is written: a line for each package, sorted, so that Git merges it."""
    return json.dumps(lock.entries(), indent=1, ensure_ascii=False) + "\n"


def _toml(name: str, read: Read) -> dict[str, Any] | None:
    raw = read(name)
    if raw is None:
        return None
    if len(raw) > MAX_BYTES:
        raise Unreadable(name, f"it is larger than {MAX_BYTES // 2**20} MB")
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.9 and 3.10
        try:
            import tomli as tomllib  # type: ignore[no-redef, import-not-found]
        except ModuleNotFoundError:
            raise Unreadable(name, "this Python has neither tomllib nor tomli") from None
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(name, str(error)) from None


def _tables(data: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    tables = data.get(key)
    for table in tables if isinstance(tables, list) else ():
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield table


def _needed(items: Any) -> Iterator[str]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"]


def _uv(data: Mapping[str, Any], lock: Lock) -> None:
    """uv.lock, version 1: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile"""
    if isinstance(data.get("requires-python"), str):
        lock.python = data["requires-python"]
    for package in _tables(data, "package"):
        source = package.get("source")
        if isinstance(source, dict) and {"virtual", "editable"} & set(source):
            continue  # the project itself, and members of its workspace: their code is in the repository
        needs = list(_needed(package.get("dependencies")))
        extras = package.get("optional-dependencies")
        for items in extras.values() if isinstance(extras, dict) else ():
            needs += _needed(items)
        lock.add(package["name"], _version(package), needs)


def _pylock(data: Mapping[str, Any], lock: Lock) -> None:
    """pylock.toml: https://packaging.python.org/en/latest/specifications/pylock-toml/"""
    if isinstance(data.get("requires-python"), str):
        lock.python = data["requires-python"]
    for package in _tables(data, "packages"):
        if not isinstance(package.get("directory"), dict):
            lock.add(package["name"], _version(package), _needed(package.get("dependencies")))


def _poetry(data: Mapping[str, Any], lock: Lock) -> None:
    """poetry.lock, versions 1 and 2."""
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("python-versions"), str):
        lock.python = metadata["python-versions"]
    for package in _tables(data, "package"):
        needs = package.get("dependencies")
        lock.add(package["name"], _version(package), needs if isinstance(needs, dict) else ())


def _version(package: Mapping[str, Any]) -> str:
    """The version of a package; of one from a repository or a file, what identifies its content."""
    parts = [str(package["version"])] if isinstance(package.get("version"), str) else []
    for key in ("source", "vcs", "archive"):
        place = package.get(key)
        if isinstance(place, dict):
            parts += [str(place[name]) for name in ("git", "commit-id", "resolved_reference", "url") if name in place]
    return " ".join(parts) or "unknown"


def _requirements(name: str, read: Read, lock: Lock, seen: list[str]) -> None:
    """A requirements file as pip reads it. `# via` comments of pip-compile and uv say what needs a package."""
    raw = read(name)
    if raw is None or name in seen or len(seen) >= MAX_INCLUDED or len(raw) > MAX_BYTES:
        return
    seen.append(name)
    current = ""
    for line in raw.decode("utf-8-sig", "replace").splitlines():
        stripped = line.strip()
        if (pin := _PIN.match(stripped)) is not None:
            current = pin.group(1)
            lock.add(current, pin.group(2))
        elif (via := _VIA.match(line)) is not None and current:
            lock.needs.setdefault(normalised(via.group(1)), set()).add(normalised(current))
        elif stripped.startswith(("-r", "--requirement", "-c", "--constraint")):
            included = (
                re.split(r"[\s=]+", stripped, maxsplit=1)[-1] if " " in stripped or "=" in stripped else stripped[2:]
            )
            _requirements(os.path.normpath(os.path.join(os.path.dirname(name), included.strip())), read, lock, seen)
        elif stripped and not stripped.startswith(("#", "-")) and (named := _NAME.match(stripped)) is not None:
            current = ""
            lock.loose.add(normalised(named.group(1)))
    lock.loose -= lock.versions.keys()


def _read_file(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return None


def refresh() -> bool:
    """Bring packages.json in the working directory up to date, if it is there; whether it changed. Raises `Unreadable`."""
    before = _read_file(PATH)
    lock = None if before is None else read_lock(_read_file)
    if before is None or lock is None:
        return False
    after = text(lock).encode("utf-8")
    if after == before.replace(b"\r\n", b"\n"):
        return False
    with open(f"{PATH}.new", "wb") as file:
        file.write(after)
    os.replace(f"{PATH}.new", PATH)
    return True


def main() -> int:
    try:
        print(f"{PATH}: {'updated' if refresh() else 'up to date'}")
    except Unreadable as error:
        print(f"packages.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
