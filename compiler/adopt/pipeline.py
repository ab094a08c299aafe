"""The dvc.yaml files of a repository, and what an import makes of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..build import Compiled
from ..write.plan import Plan
from .oracle import IGNORED

DVC_YAML = "dvc.yaml"


@dataclass(slots=True)
class Pipeline:
    """One dvc.yaml and the spec that it becomes.

    ``folder`` is its folder, `""` for the root. ``accepted`` counts, by code, the errors that `accept` turns into warnings;
    ``added_lines`` counts the lines above those of dvc.yaml, without the one of `accept`.
    """

    folder: str
    text: bytes = b""
    compiled: Compiled = field(default_factory=Compiled)
    plan: Plan = field(default_factory=lambda: Plan(()))
    accepted: Mapping[str, int] = field(default_factory=dict)
    added_lines: int = 3

    def at(self, name: str) -> str:
        """The path of a file of this folder, from the root."""
        return f"{self.folder}/{name}" if self.folder else name

    @property
    def failed(self) -> bool:
        """Whether the spec does not compile, or its files cannot be written."""
        return self.compiled.report.failed


def folders_with_pipeline(root: str) -> list[str]:
    """The folders below ``root`` that have a dvc.yaml, without those of nested DVC repositories."""
    paths = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(
            name for name in subfolders
            if name not in IGNORED and name != ".dvc" and not os.path.isdir(f"{folder}/{name}/.dvc")
        )  # fmt: skip
        if DVC_YAML in files:
            paths.append("" if folder == root else os.path.relpath(folder, root))
    return paths


def nested_repositories(root: str) -> list[str]:
    """The folders below ``root`` that are DVC repositories of their own and have a pipeline."""
    nested = []
    for folder, subfolders, _ in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if name not in IGNORED and name != ".dvc")
        if folder != root and os.path.isdir(f"{folder}/.dvc") and folders_with_pipeline(folder):
            nested.append(os.path.relpath(folder, root))
    return nested


def repository_root(path: str) -> tuple[str, list[str]]:
    """The root of the DVC repository that contains ``path``, and the folders of the pipelines to import.

    An empty list means all pipelines of the repository; otherwise only those below ``path`` are imported.
    """
    path = root = os.path.realpath(path)
    while not os.path.isdir(f"{root}/.dvc"):
        parent = os.path.dirname(root)
        if parent == root or os.path.exists(f"{root}/.git"):
            return path, []
        root = parent
    if root == path:
        return root, []
    below = os.path.relpath(path, root)
    return root, [f"{below}/{folder}" if folder else below for folder in folders_with_pipeline(path)]
