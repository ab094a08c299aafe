"""Which files an import of Python loads. Rules: https://docs.python.org/3/reference/import.html"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ...model.snapshot import Snapshot
from .distributions import STANDARD
from .record import Import

_MAX_LEVEL = 64
"""Dots of a relative import; no repository is deeper."""
_ENDINGS = (".py", ".pyx", ".pxd", ".pyw")


class Files(Protocol):
    """What has to be known of the repository's files."""

    @property
    def snapshot(self) -> Snapshot: ...

    def is_file(self, path: str) -> bool: ...

    def is_folder(self, path: str) -> bool: ...

    def exported(self, path: str) -> tuple[str, ...]:
        """The names in the `__all__` of a package."""


def files_of(
    import_: Import, folder: str, search: Sequence[str], guesses: Sequence[str], files: Files,
    installed: Callable[[str], bool],
) -> tuple[str, ...] | None:  # fmt: skip
    """The files that an import of a file in ``folder`` loads; None where the repository does not have the module.

    ``search`` is what is on Python's path for certain, ``guesses`` are where the project may be installed from; there a module
    that is in the standard library, or ``installed``, is not looked for.
    """
    if import_.level:
        return tuple(_relative(import_, folder, search, files))
    top = import_.module.partition(".")[0]
    if top in sys.builtin_module_names:
        return ()
    known = top in STANDARD
    for root in search:
        found = list(_module(root, import_.module, import_.names, files))
        if found:
            return tuple(found)
    if known:
        return ()
    for root in () if installed(top) else guesses:
        found = list(_module(root, import_.module, import_.names, files))
        if found:
            return tuple(found)
    if any(files.is_folder(_inner(root, top)) for root in (*search, *guesses)):
        return ()  # a namespace package, with nothing to load
    return None


def module_files(name: str, roots: Sequence[str], files: Files, main: bool) -> tuple[str, ...]:
    """The files that running a module loads: it, and before it each package that it lies in. ``main``: by `python -m`."""
    for root in roots:
        found = list(_module(root, name, (), files))
        if not found and not files.is_folder(_inner(root, name.replace(".", "/"))):
            continue
        entry = f"{_inner(root, name.replace('.', '/'))}/__main__.py"
        if main and files.is_file(entry):
            return (entry, *found)
        last = f"{_inner(root, name.replace('.', '/'))}"
        script = next((path for path in found if path in (f"{last}.py", f"{last}/__init__.py", f"{last}.pyx")), None)
        if script is not None:
            return (script, *(path for path in found if path != script))
    return ()


def _inner(root: str, part: str) -> str:
    return posixpath.normpath(posixpath.join(root or ".", part))


def _relative(import_: Import, folder: str, search: Sequence[str], files: Files) -> Iterator[str]:
    base = folder
    if import_.level > _MAX_LEVEL:
        return
    for _ in range(import_.level - 1):
        base = posixpath.normpath(posixpath.join(base or ".", ".."))
    package = base
    while files.is_file(init := _inner(package, "__init__.py")):  # a relative import takes a package
        yield init
        above = posixpath.dirname(package)
        if not above or above in search or above == package:  # a folder on the path is no package
            break
        package = above
    yield from _module(base, import_.module, import_.names, files)


def _module(root: str, module: str, names: tuple[str, ...], files: Files) -> Iterator[str]:
    """The files of ``module`` under ``root``: each package on the way, the module, and submodules among ``names``."""
    place = root
    parts = [part for part in module.split(".") if part]
    found: list[str] = []
    is_package = True
    for index, part in enumerate(parts):
        inner = _inner(place, part)
        plain = next((inner + ending for ending in _ENDINGS if files.is_file(inner + ending)), None)
        if files.is_file(f"{inner}/__init__.py"):
            found.append(f"{inner}/__init__.py")
        elif plain is not None:
            found.append(plain)
            found += [
                path for path in (f"{inner}.pxd",) if path != plain and plain.endswith(".pyx") and files.is_file(path)
            ]
            is_package = False
            if index < len(parts) - 1:
                break
        elif not files.is_folder(inner):
            yield from found if index else ()  # the package loads, and what it lacks is an attribute or fails
            return
        place = inner
    yield from found
    if not is_package:
        return
    if not parts and files.is_file(init := _inner(place, "__init__.py")):
        yield init
    if names == ("*",):
        names = files.exported(_inner(place, "__init__.py"))
    for name in names:
        if name != "*":
            yield from _module(place, name, (), files)
