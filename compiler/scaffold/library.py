"""The packaged templates, and all their versions as Git repositories that are made when they are needed.

`templates/` of the package holds the newest version as plain files; `templates/history/N.patch` leads from version N+1
back to version N. Copier merges between two tags of a Git repository: that repository is written into a temporary folder,
with one commit and one tag for each version, so that an update needs neither the network nor the old package.
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
"""How the answers file of a repository names a packaged template: `mlopsc://tabular.git`."""

PACKAGED = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "templates")


@dataclass(frozen=True, slots=True)
class Template:
    """One packaged template."""

    name: str
    desc: str


class Library:
    """The templates of one folder, the package's own unless another is given."""

    def __init__(self, folder: str = PACKAGED) -> None:
        self.folder = folder
        with open(f"{folder}/templates.json", encoding="utf-8") as file:
            index = json.load(file)
        self.version: int = index["version"]
        self.digest: str = index["digest"]
        self.templates = [Template(name, desc) for name, desc in index["templates"].items()]

    def find(self, name: str) -> Template:
        """The template of a name. Raises `Refusal`, with the nearest name, where there is none."""
        from difflib import get_close_matches

        for each in self.templates:
            if each.name == name:
                return each
        near = get_close_matches(name, [each.name for each in self.templates], 1)
        there = ", ".join(f"`{each.name}`" for each in self.templates)
        guess = f"did you mean `{near[0]}`? " if near else ""
        raise Refusal(f"there is no template `{name}`", f"{guess}there are {there}, or the path or Git URL of your own")

    def repository(self, source: str, under: str) -> None:
        """Write the Git repository of a packaged template, `under/NAME.git`, with a tag `vN` for each version.

        A ``source`` that is none of ours needs no repository, and gets none.
        """
        name = source.removeprefix(SCHEME).removesuffix(".git")
        if not source.startswith(SCHEME) or name not in {each.name for each in self.templates}:
            return
        whole = f"{under}/.whole"
        shutil.copytree(self.folder, whole, ignore=shutil.ignore_patterns("history", "__pycache__", "*.pyc"))
        git("init", "--quiet", cwd=whole)  # else a repository around the temporary folder would take the patches
        versions = [whole]
        for version in range(self.version - 1, 0, -1):
            older = f"{under}/.whole-{version}"
            shutil.copytree(versions[-1], older)
            git("apply", "--whitespace=nowarn", os.path.abspath(f"{self.folder}/history/{version}.patch"), cwd=older)
            versions.append(older)
        self._repository(name, list(reversed(versions)), f"{under}/{name}.git")

    def _repository(self, name: str, versions: list[str], place: str) -> None:
        git("init", "--quiet", "--initial-branch=main", place, cwd=os.path.dirname(place))
        for number, whole in enumerate(versions, start=1):
            for entry in os.listdir(place):
                if entry != ".git":
                    _remove(f"{place}/{entry}")
            if not os.path.isdir(f"{whole}/{name}"):
                continue
            for part in ("common", name):
                shutil.copytree(f"{whole}/{part}", place, dirs_exist_ok=True)
            git("read-tree", "--empty", cwd=place)  # Git takes a file of equal size, times and inode for unchanged
            git("add", "--all", "--force", cwd=place)
            git("commit", "--quiet", "--allow-empty", "-m", f"{name} {number}", cwd=place, when=number)
            git("tag", f"v{number}", cwd=place)


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def digest(folder: str) -> str:
    """What tells one state of the templates from another: names and contents of all files but the index and history."""
    found = sha256()
    for top, folders, files in sorted(os.walk(folder)):
        folders[:] = [each for each in folders if each not in ("history", "__pycache__")]
        for file in sorted(files):
            path = os.path.join(top, file)
            if os.path.relpath(path, folder) != "templates.json":
                with open(path, "rb") as content:
                    found.update(f"{os.path.relpath(path, folder)}\0".encode() + content.read() + b"\0")
    return found.hexdigest()
