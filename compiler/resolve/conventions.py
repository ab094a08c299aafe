"""The conventions as one table: the value of each key that a stage leaves out.

A rule takes a `Draft` (the stage so far, and what the conventions know about the repository) and returns a value, or None if
it does not apply.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ..emit import shell
from ..model.project import Kind
from ..model.snapshot import Snapshot

Group = Literal["code", "packages", "params", "deps", "outs"]

GROUPS: tuple[Group, ...] = ("code", "packages", "params", "deps", "outs")

RUNNERS = {
    ".py": "python",
    ".R": "Rscript",
    ".r": "Rscript",
    ".jl": "julia",
    ".sh": "bash",
    ".ipynb": "papermill",
}
"""The command that runs a code file, by extension; `code.runners` of the spec adds to it."""

KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("train", ("train", "fit")),
    ("evaluate", ("eval", "test", "score")),
    ("monitor", ("monitor", "drift")),
)
"""The kind of a stage, by the start of its name; other names are of kind `data`."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The facts that rules use. Paths are relative to the root of the repository.

    ``above`` are the results of the stage above this one. ``item`` is the template that distinguishes the stages of a
    `foreach` or `matrix`. ``sections`` are the top-level keys of params.yaml, ``stated`` the keys that the stage states.
    """

    name: str
    kind: str
    above: tuple[str, ...] = ()
    item: str | None = None
    sections: frozenset[str] = frozenset()
    stated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: the key, its group in `infer`, the value, and a description."""

    key: str
    group: Group
    value: Callable[[Draft], list[Any] | None]
    why: str


def _data_deps(draft: Draft) -> list[Any] | None:
    return list(draft.above) or None


def _params(draft: Draft) -> list[Any] | None:
    return [draft.name] if draft.name in draft.sections else None


def _path(folder: str, draft: Draft) -> str:
    return f"{folder}/{draft.name}" + (f"/{draft.item}" if draft.item else "")


def _outs(draft: Draft) -> list[Any] | None:
    if draft.kind == "evaluate" or (draft.kind == "monitor" and "metrics" in draft.stated):
        return None
    return [_path("models" if draft.kind == "train" else "data", draft)]


def _metrics(draft: Draft) -> list[Any] | None:
    if draft.kind != "evaluate" or draft.stated & {"outs", "plots"}:
        return None
    return [{f"{_path('metrics', draft)}.json": {"cache": False}}]


def _plots(draft: Draft) -> list[Any] | None:
    if draft.kind != "evaluate" or draft.stated & {"outs", "metrics"}:
        return None
    return [_path("plots", draft)]


RULES = (
    Rule("deps", "deps", _data_deps, "the outs of the stage above"),
    Rule("params", "params", _params, "the section of params.yaml with the stage's name"),
    Rule("outs", "outs", _outs, "`data/STAGE`; `models/STAGE` for kind train; none for kind evaluate"),
    Rule("metrics", "outs", _metrics, "`metrics/STAGE.json` for kind evaluate, kept in Git"),
    Rule("plots", "outs", _plots, "`plots/STAGE` for kind evaluate"),
)


def kind_of(name: str) -> Kind:
    """The kind of a stage, by its name."""
    lowered = name.lower()
    return next((kind for kind, starts in KINDS if lowered.startswith(starts)), "data")


@dataclass
class CodeFiles:
    """The code files of a repository by stage name, indexed on the first lookup."""

    snapshot: Snapshot
    package: str | None = None
    runners: Mapping[str, str] = field(default_factory=lambda: RUNNERS)

    @classmethod
    def of_project(cls, snapshot: Snapshot, project: str, runners: Mapping[str, str]) -> CodeFiles:
        """The code files of a project; ``runners`` are commands beside the default ones."""
        return cls(snapshot, project.replace("-", "_"), {**RUNNERS, **runners})

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders of code files, in the order in which they are searched."""
        packages = [name for name in self.snapshot.list("src") if self.snapshot.kind(f"src/{name}") == "dir"]
        packages.sort(key=lambda name: (name != self.package, name))
        return ("src", *(f"src/{name}" for name in packages), "scripts", "pipelines", "notebooks")

    @cached_property
    def _index(self) -> dict[str, str]:
        index: dict[str, str] = {}
        for folder in self.folders:
            endings = [".ipynb"] if folder == "notebooks" else list(self.runners)
            names = self.snapshot.list(folder)
            for ending in endings:
                for name in names:
                    if name.endswith(ending):
                        index.setdefault(name[: -len(ending)], f"{folder}/{name}")
        return index

    def of(self, stage: str) -> str | None:
        """The code file of a stage: the first with its name, or with its name in underscores instead of dashes."""
        return self._index.get(stage) or self._index.get(stage.replace("-", "_"))

    def candidates(self, stage: str) -> str:
        """The names that `of` looks for, for a message."""
        return ", ".join([f"`{folder}/{stage}.*`" for folder in self.folders if folder != "notebooks"][:4])

    def run(self, code_file: str) -> str:
        """The command, without arguments, that runs a code file; its path is relative to the wdir."""
        runner = self.runners.get(posixpath.splitext(code_file)[1], "python")
        return f"{runner} {shell.word(code_file)}" + (" /dev/null" if runner == "papermill" else "")


def paths_of(items: Iterable[Any] | None) -> list[str]:
    """The paths in a list of deps, outs, metrics or plots, whose items may have flags."""
    return [path for item in items or () for path in ([item] if isinstance(item, str) else item)]
