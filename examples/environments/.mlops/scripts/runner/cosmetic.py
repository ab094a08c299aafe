# Made by mlopsc: tells edits of code that change nothing a stage does. It needs DVC.
"""What the versions of code files mean, by their hashes: `.mlops/code.json`, which the runner writes and Git keeps.

A version that dvc.lock names is compared with the one on disk. What is not in the file counts as changed, and so does
every edit where the code of a stage may read its own text.
"""

from __future__ import annotations

import hashlib
import json
import os

from dvc.dependency.base import Dependency
from dvc.exceptions import DvcException
from meaning import is_same, meaning
from runner.records import read_json, replace


class CodeVersions:
    """The code files of stages, by run.json, and the meaning of their versions, by code.json."""

    def __init__(self, folder: str) -> None:
        self._root = os.path.dirname(os.path.abspath(folder))
        self.path = os.path.join(folder, "code.json")
        self._files = read_json(os.path.join(folder, "run.json")).get("code", {})
        self._known = self._load()
        self.accepted: dict = {}  # stage: {path: MD5} of its deps whose edits change nothing

    def is_cosmetic(self, stage, dep) -> bool:
        """Whether a dep that changed still means the same to a stage."""
        path = self._file(stage, dep)
        if path is None:
            return False
        contents = {file: self._read(file) for file in self._files[stage.addressing]}
        if not is_same(
            path,
            dep.hash_info.value,
            contents,
            self._known,
            lambda file: contents[file] if file in contents else self._read(file),
        ):
            return False
        self.accepted.setdefault(stage, {})[path] = md5(contents[path])
        return True

    def accept(self, stage) -> None:
        """Give the deps whose edits change nothing their new hashes, those of the bytes that were compared.

        Raises DvcException for a file that was edited once more since then.
        """
        accepted = self.accepted.get(stage, {})
        for dep in stage.deps:
            path = self._file(stage, dep)
            if path in accepted:
                dep.save()
                if dep.hash_info.value != accepted[path]:
                    raise DvcException(f"{path} was edited while the pipeline ran: run it again")

    def remember(self, stages: list, others: list) -> bool:
        """Keep what the versions in dvc.lock mean, of ``stages`` and of ``others``; whether the file has changed.

        The files of ``stages`` are as dvc.lock has them. Versions that no stage names are forgotten.
        """
        kept: dict = {}
        self._gather(kept, stages, True)
        self._gather(kept, others, False)
        return self._write(kept)

    def add(self, stages: list) -> bool:
        """Keep what the versions of ``stages`` mean, beside all that the file has by now; whether the file has changed."""
        self._known = self._load()
        kept = {path: dict(versions) for path, versions in self._known.items()}
        self._gather(kept, stages, True)
        return self._write(kept)

    def _load(self) -> dict:
        known = read_json(self.path)
        return {path: versions for path, versions in known.items() if isinstance(versions, dict)}

    def _gather(self, kept: dict, stages: list, is_current: bool) -> None:
        """Put the versions of stages that are known, or can be read because they are current, into ``kept``."""
        for stage in stages:
            for dep in stage.deps:
                path = self._file(stage, dep)
                if path is None:
                    continue
                version = dep.hash_info.value
                versions = self._known.get(path, {})
                if version in versions:
                    kept.setdefault(path, {})[version] = versions[version]
                elif is_current and version not in kept.get(path, {}):
                    content = self._read(path)
                    if content is not None and md5(content) == version:
                        kept.setdefault(path, {})[version] = meaning(path, content, prose=True)

    def _write(self, kept: dict) -> bool:
        if kept == self._known and (kept or not os.path.exists(self.path)):
            return False
        self._known = kept
        replace(self.path, json.dumps(kept, indent=1, sort_keys=True) + "\n")
        return True

    def _file(self, stage, dep):
        """The path of a dep that is a code file of its stage, from the root; None for any other dep."""
        files = self._files.get(stage.addressing)
        if not files or type(dep) is not Dependency or dep.protocol != "local" or dep.hash_info.name != "md5":
            return None
        path = os.path.relpath(dep.fs_path, self._root).replace(os.sep, "/")
        return path if path in files else None

    def _read(self, path: str):
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                return file.read()
        except OSError:
            return None


def md5(content: bytes) -> str:
    """The hash of a file as dvc.lock has it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
