"""The packaged templates, and a Git repository with all their versions, created on demand.

`templates/` in the package holds the newest version as plain files; `templates/history/N.patch` turns version N+1 into
version N. Copier merges between two tags of a Git repository, so that repository is written into a temporary folder, with a
commit and a tag for each version. An update needs neither the network nor an older package.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from hashlib import sha256

from .refusal import Refusal
from .run import git

SCHEME = "mlopsc://"
"""The scheme of packaged templates in the answers file: `mlopsc://tabular.git`."""

PACKAGED = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "templates")


@dataclass(frozen=True, slots=True)
class Template:
    """One packaged template."""

    name: str
    desc: str


class Library:
    """The templates in a folder, by default those of the package."""

    def __init__(self, folder: str = PACKAGED) -> None:
        self.folder = folder
        with open(f"{folder}/templates.json", encoding="utf-8") as file:
            index = json.load(file)
        self.version: int = index["version"]
        self.digest: str = index["digest"]
        self.templates = [Template(name, desc) for name, desc in index["templates"].items()]

    def find(self, name: str) -> Template:
        """The template called ``name``. Raises `Refusal`, with the closest name."""
        from difflib import get_close_matches

        for template in self.templates:
            if template.name == name:
                return template
        close = get_close_matches(name, [template.name for template in self.templates], 1)
        available = ", ".join(f"`{template.name}`" for template in self.templates)
        suggestion = f"did you mean `{close[0]}`? " if close else ""
        raise Refusal(f"there is no template `{name}`", f"{suggestion}use {available}, or a path or Git URL")

    def repository(self, source: str, under: str) -> None:
        """Write the Git repository of a packaged template, `under/NAME.git`, with a tag `vN` for each version.

        Does nothing if ``source`` is not a packaged template.
        """
        name = source.removeprefix(SCHEME).removesuffix(".git")
        if not source.startswith(SCHEME) or name not in {template.name for template in self.templates}:
            return
        newest = f"{under}/.newest"
        shutil.copytree(self.folder, newest, ignore=shutil.ignore_patterns("history", "__pycache__", "*.pyc"))
        git("init", "--quiet", cwd=newest)  # otherwise `git apply` would use a repository around the temporary folder
        versions = [newest]
        for version in range(self.version - 1, 0, -1):
            older = f"{under}/.version-{version}"
            shutil.copytree(versions[-1], older)
            git("apply", "--whitespace=nowarn", os.path.abspath(f"{self.folder}/history/{version}.patch"), cwd=older)
            versions.append(older)
        self._repository(name, list(reversed(versions)), f"{under}/{name}.git")

    def _repository(self, name: str, versions: list[str], place: str) -> None:
        git("init", "--quiet", "--initial-branch=main", place, cwd=os.path.dirname(place))
        for number, version in enumerate(versions, start=1):
            for entry in os.listdir(place):
                if entry != ".git":
                    _remove(f"{place}/{entry}")
            if not os.path.isdir(f"{version}/{name}"):
                continue
            for part in ("common", name):
                shutil.copytree(f"{version}/{part}", place, dirs_exist_ok=True)
            git("read-tree", "--empty", cwd=place)  # Git considers a file of equal size, times and inode unchanged
            git("add", "--all", "--force", cwd=place)
            git("commit", "--quiet", "--allow-empty", "-m", f"{name} {number}", cwd=place, when=number)
            git("tag", f"v{number}", cwd=place)


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def digest(folder: str) -> str:
    """A hash of the names and contents of all template files, without the index and the history."""
    hashed = sha256()
    for top, folders, files in sorted(os.walk(folder)):
        folders[:] = [name for name in folders if name not in ("history", "__pycache__")]
        for file in sorted(files):
            path = os.path.join(top, file)
            if os.path.relpath(path, folder) != "templates.json":
                with open(path, "rb") as content:
                    hashed.update(f"{os.path.relpath(path, folder)}\0".encode() + content.read() + b"\0")
    return hashed.hexdigest()
