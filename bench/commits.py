"""Real commits of public DVC repositories: what each edit of code does to each stage, by bytes, by meaning, and by bytecode.

Their commands need data and hardware that are not here, so nothing of them is run. Commits are read from Git's objects, and each
dvc.yaml is compiled as `mlopsc import` would take it over, with `infer: [code]`, so that stages depend on all code that they load.
"""

from __future__ import annotations

import os
import posixpath
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bytecode import behaviour
from mlopsc.compiler.build import resolve_spec
from mlopsc.compiler.lower.project import lower
from mlopsc.compiler.model.project import Stage
from mlopsc.compiler.programs.meaning import is_same, meaning
from mlopsc.compiler.read.git import GitError, GitSnapshot

CODE = (".py", ".ipynb")
SPEC = b"mlops: 1\ninfer: [code]\n"


@dataclass(frozen=True, slots=True)
class Decision:
    """One edit of a code file, as one stage sees it. ``same`` is None where the bytecode cannot tell."""

    repository: str
    commit: str
    stage: str
    path: str
    accepted: bool
    same: bool | None

    @property
    def missed(self) -> bool:
        """Whether the runner would not run a stage whose code does something else."""
        return self.accepted and self.same is not True


class Adopted:
    """A commit in which a dvc.yaml stands as the mlops.yaml that takes it over."""

    def __init__(self, commit: GitSnapshot) -> None:
        self.commit, self.here, self.folder = commit, commit.here, commit.folder
        self.kind, self.list = commit.kind, commit.list

    def read(self, path: str) -> bytes | None:
        if path != "mlops.yaml":
            return self.commit.read(path)
        text = self.commit.read("dvc.yaml")
        return None if text is None else SPEC + text

    def size(self, path: str) -> int | None:
        content = self.read(path) if path == "mlops.yaml" else None
        return len(content) if content is not None else self.commit.size(path)

    def md5(self, path: str) -> str | None:
        return self.commit.md5(path)


class History:
    """The commits of one repository that changed code, in a clone without a working tree."""

    def __init__(self, source: str, folder: Path) -> None:
        self.name = posixpath.basename(source.rstrip("/")).removesuffix(".git")
        self.root = folder / self.name
        local = ["--shared"] if os.path.isdir(source) else ["--filter=blob:limit=1m"]
        subprocess.run(["git", "clone", "-q", "--no-checkout", *local, "--", source, self.root], check=True)
        self._stages: dict[tuple[str, str], dict[str, Stage]] = {}
        self._commits: dict[tuple[str, str], GitSnapshot] = {}

    def decisions(self, pairs: int, seed: int) -> Iterator[tuple[str, list[Decision]]]:
        """Up to so many commits, drawn at random, that changed code of a stage, with what was decided for each stage."""
        commits = self._git("rev-list", "--all", "--no-merges", "--min-parents=1", "--", "*.py", "*.ipynb").split()
        random.Random(f"{seed} {self.name}").shuffle(commits)
        given = 0
        for commit in commits:
            if given == pairs:
                return
            decided = [*self._judge(commit)]
            self._forget()
            if decided:
                given += 1
                yield commit, decided

    def _judge(self, commit: str) -> Iterator[Decision]:
        changed = self._git(
            "diff-tree", "-r", "-z", "--no-commit-id", "--name-only", "--no-renames", f"{commit}^", commit
        )
        edited = [path for path in changed.split("\0") if path.endswith(CODE)]
        listing = self._git("ls-tree", "-r", "-z", "--name-only", f"{commit}^").split("\0")
        for pipeline in (path for path in listing if posixpath.basename(path) == "dvc.yaml"):
            folder = posixpath.dirname(pipeline)
            (self.root / folder).mkdir(parents=True, exist_ok=True)
            before, after = self._stages_of(f"{commit}^", folder), self._stages_of(commit, folder)
            for name in before.keys() & after.keys():
                yield from self._decide(commit, folder, before[name], after[name], edited)

    def _decide(
        self, commit: str, folder: str, before: Stage, after: Stage, edited: Sequence[str]
    ) -> Iterator[Decision]:
        old, new = self._commits[f"{commit}^", folder], self._commits[commit, folder]
        for path in (posixpath.relpath(path, folder or ".") for path in edited):
            then, now = old.read(path), new.read(path)
            if path in before.deps and path in after.deps and then is not None and now is not None and then != now:
                known = {path: {"": meaning(path, then, prose=True)}}
                accepted = path in after.code and is_same(path, "", after.code, known, new.read)
                first, second = behaviour(path, then), behaviour(path, now)
                same = None if first is None or second is None else first == second
                yield Decision(self.name, commit, posixpath.join(folder, after.name), path, accepted, same)

    def _stages_of(self, commit: str, folder: str) -> dict[str, Stage]:
        """The stages that a dvc.yaml makes; none where it cannot be compiled."""
        key = commit, folder
        if key not in self._stages:
            self._commits[key] = GitSnapshot.of(str(self.root / folder), self._git("rev-parse", commit).strip())
            snapshot = Adopted(self._commits[key])
            try:
                compiled = resolve_spec(snapshot)
                if compiled.resolved is None or compiled.params is None:
                    self._stages[key] = {}
                else:
                    project, _ = lower(compiled.resolved, compiled.params.load, snapshot)
                    self._stages[key] = dict(project.stages)
            except GitError:
                self._stages[key] = {}
        return self._stages[key]

    def _forget(self) -> None:
        for snapshot in self._commits.values():
            snapshot.close()
        self._commits.clear()
        self._stages.clear()

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", self.root, *words], check=True, capture_output=True)
        return done.stdout.decode("utf-8", "surrogateescape")
