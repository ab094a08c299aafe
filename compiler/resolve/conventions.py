"""The conventions, as one table: what fills a key that a stage leaves out.

Each row of `RULES` is one line of the table in docs/conventions.md, which is printed from it. A rule takes a `Draft`
(the stage so far, and what is known of the repository) and gives a value, or None where it has nothing to say.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ..model.project import Kind
from ..model.snapshot import Snapshot

Group = Literal["code", "params", "deps", "outs"]

GROUPS: tuple[Group, ...] = ("code", "params", "deps", "outs")

RUNNERS = {
    ".py": "python",
    ".R": "Rscript",
    ".r": "Rscript",
    ".jl": "julia",
    ".sh": "bash",
    ".ipynb": "papermill",
}
"""The command that runs a code file, by ending; `code.runners` of the spec adds to it."""

KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("train", ("train", "fit")),
    ("evaluate", ("eval", "test", "score")),
    ("monitor", ("monitor", "drift")),
)
"""The kind of a stage, by the first letters of its name; all others are `data`."""
_TOLD = tuple(start for _, starts in KINDS for start in starts)


@dataclass(slots=True)
class Draft:
    """A stage while it is being filled. Paths are relative to the repository root."""

    name: str
    kind: str
    code_file: str | None
    above: tuple[str, ...] = ()
    """What the stage written above this one leaves behind."""
    each: str | None = None
    """The template that tells the copies of a `foreach` or `matrix` apart, as far as there is one."""
    sections: frozenset[str] = frozenset()
    """The top-level keys of params.yaml."""
    said: frozenset[str] = frozenset()
    """The keys that the stage states itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: the key, the group that `infer` knows it by, the value, and the words for it."""

    key: str
    group: Group
    value: Callable[[Draft], list[Any] | None]
    why: str


def _data_deps(draft: Draft) -> list[Any] | None:
    return list(draft.above) or None


def _params(draft: Draft) -> list[Any] | None:
    return [draft.name] if draft.name in draft.sections else None


def _path(folder: str, draft: Draft) -> str:
    return f"{folder}/{draft.name}" + (f"/{draft.each}" if draft.each else "")


def _outs(draft: Draft) -> list[Any] | None:
    if draft.kind == "evaluate" or (draft.kind == "monitor" and "metrics" in draft.said):
        return None
    return [_path("models" if draft.kind == "train" else "data", draft)]


def _metrics(draft: Draft) -> list[Any] | None:
    if draft.kind != "evaluate" or draft.said & {"outs", "plots"}:
        return None
    return [{f"{_path('metrics', draft)}.json": {"cache": False}}]


def _plots(draft: Draft) -> list[Any] | None:
    if draft.kind != "evaluate" or draft.said & {"outs", "metrics"}:
        return None
    return [_path("plots", draft)]


RULES = (
    Rule("deps", "deps", _data_deps, "the outs of the stage above"),
    Rule("params", "params", _params, "the section of params.yaml that bears the stage's name"),
    Rule("outs", "outs", _outs, "`data/STAGE`; for a stage of kind train `models/STAGE`; for kind evaluate none"),
    Rule("metrics", "outs", _metrics, "for a stage of kind evaluate `metrics/STAGE.json`, kept by Git"),
    Rule("plots", "outs", _plots, "for a stage of kind evaluate `plots/STAGE`"),
)


def kind_of(name: str) -> Kind:
    """The kind of a stage, by its name."""
    lowered = name.lower()
    if lowered.startswith(_TOLD):
        return next(kind for kind, starts in KINDS if lowered.startswith(starts))
    return "data"


@dataclass
class CodeFiles:
    """Where the code file of a stage is looked up: one index for the whole repository, made when first asked."""

    snapshot: Snapshot
    package: str | None = None
    runners: dict[str, str] = field(default_factory=lambda: dict(RUNNERS))

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders that hold code files, in the order in which they are searched."""
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
        """The code file of a stage: the first that bears its name, dashes written as underscores if need be."""
        return self._index.get(stage) or self._index.get(stage.replace("-", "_"))

    def tried(self, stage: str) -> str:
        """Where `of` looks, for a message."""
        return ", ".join([f"`{folder}/{stage}.*`" for folder in self.folders if folder != "notebooks"][:4])

    def run(self, code_file: str) -> str:
        """The command, without arguments, that runs a code file. The path has been made relative to the wdir."""
        runner = self.runners.get(posixpath.splitext(code_file)[1], "python")
        return f"{runner} {shell_word(code_file)}" + (" /dev/null" if runner == "papermill" else "")


def shell_word(word: str) -> str:
    """A word as a shell takes it, bare where it can be; DVC's templates in it stay as they are."""
    if word and all(char.isalnum() or char in "_@%+=:,./-${}[]" for char in word) and word.isascii():
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def paths_of(items: Iterable[Any] | None) -> list[str]:
    """The paths in a list of deps, outs, metrics or plots, where each may carry flags."""
    return [path for item in items or () for path in ([item] if isinstance(item, str) else item)]
