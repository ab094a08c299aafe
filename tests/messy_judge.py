"""The judgement of a messy repository by the real tools: init, trace, build, make pipeline, and a clean clone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from conftest import run, write
from messy import Messy

IDENTITY = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


@dataclass(frozen=True)
class Verdict:
    """How far a repository came: ``failed`` is the first step that did not succeed, empty if all did."""

    stages: tuple[str, ...]
    failed: str
    output: str
    """All that was printed."""


def judge(messy: Messy, folder: Path) -> Verdict:
    """Take a repository from its first `init` to equal results in a clean clone."""
    root = write(folder / "project", {**messy.files, **messy.data})
    write(root, {".gitignore": "".join(f"/{path}\n" for path in messy.data) + "__pycache__/\n"})
    run("git", "init", "--quiet", cwd=root)
    _commit(root)
    printed = ""
    stages: tuple[str, ...] = ()
    for words in (
        ["mlopsc", "init"],
        ["mlopsc", "trace", "--all", "--write"],
        ["mlopsc", "build"],
        ["make", "pipeline"],
    ):
        done = run(*words, cwd=root, check=False)
        printed += done.stdout + done.stderr
        if done.returncode:
            return Verdict(stages, " ".join(words), printed)
        stages = tuple(yaml.safe_load((root / "mlops.yaml").read_text())["stages"])
    _commit(root)
    clone = folder / "clone"
    run("git", "clone", "--quiet", str(root), str(clone), cwd=folder)
    write(clone, messy.data)
    done = run("make", "pipeline", cwd=clone, check=False)
    printed += done.stdout + done.stderr
    if done.returncode:
        return Verdict(stages, "make pipeline in a clean clone", printed)
    if different := _different(root, clone, messy):
        return Verdict(stages, f"the clone has other results: {different}", printed)
    again = run("make", "pipeline", cwd=clone, check=False)
    return Verdict(stages, "" if " ran in" not in again.stdout or "0 ran" in again.stdout else "it runs twice", printed)


def _commit(root: Path) -> None:
    run("git", "add", "--all", cwd=root)
    run("git", "commit", "--quiet", "--message", "state", cwd=root, **IDENTITY)


def _different(root: Path, clone: Path, messy: Messy) -> str:
    """The first file that the pipeline made in one of them and that the other has not, or has with another content."""
    ignored = {".git", ".dvc", ".mlops", "__pycache__"}

    def contents(folder: Path) -> dict[str, bytes]:
        paths = (path for path in folder.rglob("*") if path.is_file() and not ignored & set(path.parts))
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    one, other = contents(root), contents(clone)
    made = one.keys() - messy.files.keys() - messy.data.keys()
    return next((name for name in sorted(made | other.keys()) if one.get(name) != other.get(name)), "")
