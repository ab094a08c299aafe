# Made by mlopsc: keeps .mlops/packages.json, the locked version of each package, and .mlops/packages/NAME.json for environments. It needs Python alone, 3.11 or newer for lock
# files in TOML (or the package tomli).
"""packages.py: write .mlops/packages.json anew from the lock of the project's packages; stages track its entries as params.

The first of uv.lock, pylock.toml, poetry.lock, requirements.lock and requirements.txt (lines pinned by `==`) is read, in this
folder or else in the nearest one above it within the Git repository. Names are normalised as by PyPI (PEP 503). A package
that is locked in several versions, for several platforms, has them all. A package that is no longer locked stays in the file
as null until the next build, because stages may still track it. .mlops/environments.json names the locks of environments.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

PATH = ".mlops/packages.json"
ENVIRONMENTS = ".mlops/environments.json"  # the lock of each environment, by the file of its versions
LOCKS = ("uv.lock", "pylock.toml", "poetry.lock")
REQUIREMENTS = ("requirements.lock", "requirements.txt")
PYTHON = "python"  # the entry for Python itself; no package on PyPI can have the name

_NAME = r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_EXTRAS = r" ?(?:\[[^\]]*\])? ?"
_PIN = re.compile(_NAME + _EXTRAS + r"={2,3} ?([^ ;#\\,*]+)(?=[ ;#\\]|$)")
_DIRECT = re.compile(_NAME + _EXTRAS + r"@ ?([^ ;]+)")
_EGG = re.compile(r"(?:-e|--editable)[ =]([^ ;]+)#(?:[^ ]*&)?egg=" + _NAME)
# What makes a URL a pin: a commit, a hash, or a file.
_COMMIT = re.compile(r"@[0-9a-f]{7,40}(?=[#?]|$)|#sha256=|\.(?:whl|zip|tar\.gz)(?=[#?]|$)")
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]?([^ =].*)")
_USER = re.compile(r"//[^/@\s]*@")
_ARTIFACT = re.compile(
    r"(?<=\},\n)\s+\{\s*(?:url|file) = \"[^\"\\\n]*\"(?:, [a-z-]+ = (?:\"[^\"\\\n]*\"|[\d.:TZ-]+|\{[^{}\n]*\}))*\s*\},?\n"
)
"""An item of a list of files that is not the first: most of a lock, and nothing here asks for it."""
MAX_BYTES = 32 * 2**20
MAX_LINE = 10_000  # longer lines of a requirements file are not read
MAX_INCLUDED = 50  # requirements files that one may include by `-r`, in all

Read = Callable[[str], "bytes | None"]  # gives the content of a file of the repository, or None if there is none


class Lock:
    """What a lock says: the versions of each package, and the packages that each one needs.

    ``source`` is the file it was read from. ``loose`` are packages that a requirements file names without a pin, ``local`` the
    project itself and members of its workspace, whose code is in the repository.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.versions: dict[str, list[str]] = {}
        self.needs: dict[str, set[str]] = {}
        self.loose: set[str] = set()
        self.local: set[str] = set()
        self.python: str | None = None

    def add(self, name: str, version: str, needs: Iterable[str] = ()) -> None:
        """Take in one package; nothing that is not the name of one."""
        if re.fullmatch(_NAME, name) is None or (key := normalised(name)) == PYTHON:
            return
        versions = self.versions.setdefault(key, [])
        if version not in versions:
            versions.append(version)
        self.needs.setdefault(key, set()).update(map(normalised, needs))

    @property
    def has_graph(self) -> bool:
        """Whether it says which package needs which; pylock.toml and requirements need not."""
        return self.source.endswith((LOCKS[0], LOCKS[2])) or any(self.needs.values())

    def closure(self, names: Iterable[str]) -> list[str]:
        """These packages and all that they need, as far as the lock says; sorted."""
        seen: set[str] = set()
        waiting = [normalised(name) for name in names]
        while waiting:
            name = waiting.pop()
            if (name in self.versions or name in self.local) and name not in seen:
                seen.add(name)
                waiting.extend(self.needs.get(name, ()))
        return sorted(seen & self.versions.keys())

    def entries(self) -> dict[str, str]:
        """The content of packages.json."""
        versions = {name: ", ".join(sorted(versions)) for name, versions in self.versions.items()}
        if self.python is not None:
            versions[PYTHON] = self.python
        return {name: versions[name] for name in sorted(versions)}


def normalised(name: str) -> str:
    """The name of a package as PyPI compares it: https://peps.python.org/pep-0503/#normalized-names"""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(read: Read, above: int = 0) -> Lock | None:
    """The lock of a repository, or None if there is none. Raises `Unreadable`.

    ``above`` is how many folders above this one belong to the Git repository. The nearest lock counts.
    """
    for height in range(above + 1):
        folder = "../" * height
        if (lock := _lock_in(folder, read)) is not None:
            versions = (_python_version(read("../" * place + ".python-version")) for place in range(height + 1))
            lock.python = next(filter(None, versions), lock.python)
            return lock
    return None


def _lock_in(folder: str, read: Read) -> Lock | None:
    for name in (*LOCKS, *REQUIREMENTS):
        if (lock := _lock_at(folder + name, read)) is not None:
            return lock
    return None


def _lock_at(path: str, read: Read) -> Lock | None:
    """The lock in one file, by its name; None if there is none, or it is of another form."""
    name, lock = os.path.basename(path), Lock(path)
    if name.endswith(".txt") or name in REQUIREMENTS:
        _requirements(path, read, lock, [])
        return lock if read(path) is not None else None
    reader = _READERS.get(re.sub(r"^pylock\.[^.]+\.toml$", LOCKS[1], name))
    if reader is None or (data := _toml(path, read)) is None:
        return None
    reader(data, lock)
    return lock


def packages_file(environment: str) -> str:
    """The file of the versions that an environment locks."""
    return f".mlops/packages/{environment}.json"


def is_packages(path: str) -> bool:
    """Whether a path is a file of locked versions."""
    return path == PATH or (path.startswith(".mlops/packages/") and path.endswith(".json"))


def read_file(path: str, read: Read) -> Lock | None:
    """The lock in one file; None if there is none, or no list of packages can be read from it. Raises `Unreadable`."""
    lock = _lock_at(path, read)
    if lock is not None:
        lock.python = _python_version(read(os.path.join(os.path.dirname(path), ".python-version"))) or lock.python
    return lock


def _python_version(raw: bytes | None) -> str | None:
    """The first version in a .python-version file."""
    lines = (line.strip() for line in (raw or b"").decode("utf-8", "replace").splitlines()[:50])
    return next((line[:100] for line in lines if line and not line.startswith("#")), None)


class Unreadable(Exception):
    """A lock that cannot be read: which file, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} cannot be read: {why}")
        self.name, self.why = name, why


def text(lock: Lock, tracked: Iterable[str] = ()) -> str:
    """packages.json as it is written: a line for each package, sorted, so that Git merges it.

    ``tracked`` are entries that there have to be, as null if nothing is locked by that name.
    """
    entries: dict[str, str | None] = {**dict.fromkeys(tracked), **lock.entries()}
    return json.dumps({name: entries[name] for name in sorted(entries)}, indent=1) + "\n"


def _toml(name: str, read: Read) -> dict[str, Any] | None:
    raw = read(name)
    if raw is None:
        return None
    if len(raw) > MAX_BYTES:
        raise Unreadable(name, f"it is larger than {MAX_BYTES // 2**20} MB")
    try:
        data: dict[str, Any] = _toml_reader(name)(_ARTIFACT.sub("", raw.decode("utf-8").replace("\r\n", "\n")))
        return data
    except (ValueError, RecursionError) as error:
        raise Unreadable(name, str(error)) from None


def _toml_reader(name: str) -> Callable[[str], Any]:
    with contextlib.suppress(ModuleNotFoundError):
        import tomllib

        return tomllib.loads
    with contextlib.suppress(ModuleNotFoundError):  # Python 3.9 and 3.10
        import tomli

        return tomli.loads  # type: ignore[no-any-return]
    try:
        import tomlkit  # DVC needs it
    except ModuleNotFoundError:
        raise Unreadable(name, "this Python has neither tomllib, tomli nor tomlkit") from None
    return lambda text: tomlkit.parse(text).unwrap()


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
        needs = list(_needed(package.get("dependencies")))
        extras = package.get("optional-dependencies")
        for items in extras.values() if isinstance(extras, dict) else ():
            needs += _needed(items)
        source = package.get("source")
        if isinstance(source, dict) and {"virtual", "editable"} & set(source):
            lock.local.add(normalised(package["name"]))
            lock.needs.setdefault(normalised(package["name"]), set()).update(map(normalised, needs))
        else:
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


_READERS = dict(zip(LOCKS, (_uv, _pylock, _poetry)))


def _version(package: Mapping[str, Any]) -> str:
    """The version of a package; of one from a repository or a file, what identifies its content.

    The index that a package comes from is left out, and so are user names and passwords in URLs.
    """
    parts = [package["version"]] if isinstance(package.get("version"), str) else []
    for key in ("source", "vcs", "archive"):
        place = package.get(key)
        if isinstance(place, dict) and place.get("type") != "legacy":  # Poetry's word for an index
            parts += [place[name] for name in _PLACES if isinstance(place.get(name), str)]
            hashes = place.get("hashes")
            parts += [f"{kind}:{hashes[kind]}" for kind in sorted(hashes)] if isinstance(hashes, dict) else []
            for file in _files(package) if {"url", "path"} & set(place) else ():
                parts += [file["hash"]] if isinstance(file.get("hash"), str) else []
    return _USER.sub("//", " ".join(dict.fromkeys(parts)))[:1000] or "unknown"


_PLACES = ("git", "resolved_reference", "commit-id", "url", "path", "subdirectory")


def _files(package: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    wheels, files = package.get("wheels"), package.get("files")
    listed = [*(wheels if isinstance(wheels, list) else ()), *(files if isinstance(files, list) else ())]
    return [file for file in (package.get("sdist"), *listed) if isinstance(file, dict)]


def _requirements(name: str, read: Read, lock: Lock, seen: list[str]) -> None:
    """A requirements file as pip reads it. `# via` comments of pip-compile and uv say what needs a package."""
    raw = read(name)
    if raw is None or name in seen or len(seen) >= MAX_INCLUDED:
        return
    if len(raw) > MAX_BYTES:
        raise Unreadable(name, f"it is larger than {MAX_BYTES // 2**20} MB")
    seen.append(name)
    current, via = "", False
    for whole in raw.decode("utf-8-sig", "replace").splitlines():
        line = " ".join(whole.split()) if len(whole) <= MAX_LINE else "#"
        if line.startswith("#"):
            via = current != "" and (via or line.startswith("# via"))
            if via:
                _needed_by(line.removeprefix("# via"), current, lock)
            continue
        via = False
        if (include := _INCLUDE.match(line)) is not None:
            path = include.group(1).partition(" #")[0].strip(" \"'")
            _requirements(os.path.normpath(os.path.join(os.path.dirname(name), path)), read, lock, seen)
        elif (pin := _pinned(line)) is not None:
            current = pin[0]
            lock.add(current, pin[1])
            if "# via " in line:
                _needed_by(line.partition("# via ")[2], current, lock)
        elif line and not line.startswith("-") and (named := re.match(_NAME, line)) is not None:
            current = ""
            lock.loose.add(normalised(named.group(1)))
    lock.loose -= lock.versions.keys()


def _pinned(line: str) -> tuple[str, str] | None:
    """The package that a line pins, and its version or URL."""
    if (pin := _PIN.match(line)) is not None:
        return pin.group(1), pin.group(2)
    direct, editable = _DIRECT.match(line), _EGG.match(line)
    name, url = direct.groups() if direct else editable.group(2, 1) if editable else ("", "")
    return (name, _USER.sub("//", url)[:1000]) if _COMMIT.search(url) else None


def _needed_by(comment: str, package: str, lock: Lock) -> None:
    """What a `via` comment says: the packages that need this one. `-r FILE` and `NAME (pyproject.toml)` are the project."""
    for name in comment.strip(" #").split(","):
        if re.fullmatch(_NAME, name.strip()):
            lock.needs.setdefault(normalised(name.strip()), set()).add(normalised(package))


def _read_file(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return None


def refresh(root: str = ".") -> list[tuple[str, str]]:
    """Bring the files of versions below ``root`` up to date; those that changed, each with its lock. Raises `Unreadable`, OSError."""

    def read(name: str) -> bytes | None:
        return _read_file(os.path.join(root, name))

    changed = []
    if (before := read(PATH)) is not None and (lock := read_lock(read, _folders_above(root))) is not None:
        changed += [(PATH, lock.source)] if _write(root, PATH, before, lock) else []
    for path, source in sorted(_parsed(read(ENVIRONMENTS)).items()):
        if (
            is_packages(path)
            and (before := read(path)) is not None
            and (lock := read_file(str(source), read)) is not None
        ):
            changed += [(path, source)] if _write(root, path, before, lock) else []
    return changed


def _parsed(raw: bytes | None) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        data = json.loads(raw or b"{}")
        return data if isinstance(data, dict) else {}
    return {}


def _write(root: str, name: str, before: bytes, lock: Lock) -> bool:
    """Write what a lock says now; whether that is something else than before."""
    after = text(lock, _parsed(before)).encode("utf-8")
    if after == before.replace(b"\r\n", b"\n"):
        return False
    path = os.path.join(root, name)
    with open(f"{path}.new", "wb") as file:
        file.write(after)
    os.replace(f"{path}.new", path)
    return True


def _folders_above(root: str) -> int:
    """How many folders above ``root`` belong to its Git repository."""
    above, folder = 0, os.path.abspath(root)
    while not os.path.exists(os.path.join(folder, ".git")):
        above, folder, child = above + 1, os.path.dirname(folder), folder
        if folder == child:
            return 0
    return above


def follow_lock() -> int:
    """Bring packages.json up to date and tell what came of it. Gives 1 if it stays as it was because of an error."""
    scripts = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(scripts)) if os.path.basename(os.path.dirname(scripts)) == ".mlops" else "."
    try:
        changed = refresh(root)
    except (Unreadable, OSError) as error:
        print(f"{PATH} stays as it is: {error}", file=sys.stderr, flush=True)
        return 1
    for path, source in changed:
        print(f"{path}: updated from {source}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(follow_lock())
