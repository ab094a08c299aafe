"""`mlopsc init`: writes the first mlops.yaml into a repository that is there, and nothing over a file that is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ..model.diagnostic import Diagnostic
from ..model.snapshot import Disk
from .guess import Guess, Spec, guess, stack_of
from .refusal import Refusal
from .run import dvc_init, git, git_init

NEXT = "correct what is wrong in mlops.yaml, then `mlopsc check`, `mlopsc plan`, `mlopsc build`"
TAKE_OVER = (
    "`mlopsc build --overwrite dvc.yaml`, and dvc.yaml is made from mlops.yaml; or, to have DVC itself show that no stage "
    "changes, remove mlops.yaml and run `mlopsc import`, which takes the Makefile and CI over too"
)
_METRIC, _PLOT = ("metric", "score"), ("plot", "figure", "fig", "chart")


@dataclass(frozen=True, slots=True)
class Begun:
    """The spec, what was written, what the checks say about it, and what to do next."""

    text: str
    written: list[str]
    found: list[Diagnostic]
    next: str


def init(root: str, dry: bool = False) -> Begun:
    """Guess a spec and write it, with Git and DVC begun where they are not. Raises `Refusal`; then nothing is written."""
    disk = Disk(root)
    if disk.kind("mlops.yaml") is not None:
        raise Refusal("mlops.yaml is here already", "`mlopsc check` tells what is wrong with it, `mlopsc build` builds")
    in_git = _in_git(root)
    text, next_ = _of_dvc(disk) if disk.kind("dvc.yaml") is not None else _of_scripts(disk, in_git)
    found = _checked(disk, text)
    if dry:
        return Begun(text.decode("utf-8-sig"), [], found, next_)
    written = ["mlops.yaml"]
    with open(f"{root}/mlops.yaml", "xb") as file:
        file.write(text)
    if not in_git:
        git_init(root)
        written.append(".git")
    if disk.kind(".dvc") is None and git("rev-parse", "--show-toplevel", cwd=root).rstrip("\n") == disk.root:
        ignores = disk.kind(".dvcignore") is not None
        dvc_init(root)
        written += [".dvc"] if ignores else [".dvc", ".dvcignore"]
    return Begun(text.decode("utf-8-sig"), written, found, next_)


def _of_scripts(disk: Disk, in_git: bool) -> tuple[bytes, str]:
    """A spec guessed from the scripts."""
    tracked = set(git("ls-files", "-z", cwd=disk.root).split("\0")) if in_git else set()
    spec = guess(disk, os.path.basename(disk.root), tracked, _sections(disk))
    if not spec.stages:
        raise Refusal(
            "no script was found that looks like a step of a pipeline",
            "put one for each step into src/ (src/prepare.py, src/train.py), or begin with `mlopsc new`",
        )
    return "".join(f"{line}\n" for line in lines(spec, tracked)).encode(), NEXT


def _of_dvc(disk: Disk) -> tuple[bytes, str]:
    """The dvc.yaml as it stands, with the lines before it that make it a spec, and each guess in a comment."""
    from ..adopt.road import worded
    from ..adopt.text import flow, project_name, spec_text
    from ..build import compile_spec

    original = disk.read("dvc.yaml") or b""
    said = [("mlops", "1", "the first spec, from dvc.yaml as it stands; what stands behind a # is why")]
    said.append(("project", project_name(os.path.basename(disk.root)), "the directory's name"))
    if stack := stack_of(disk):
        inner = ", ".join(f"{key}: {_value(value)}" for key, (value, _) in stack.items())
        said.append(("stack", f"{{{inner}}}", "; ".join(why for _, why in stack.values())))
    bare = [f"{key}: {value}" for key, value, _ in said]
    _, run, accepted = worded(original, bare, lambda text: compile_spec(_Overlay(disk.root, text)))
    if run.report.failed:
        first = next(each for each in run.report if each.severity == "error")
        raise Refusal(
            f"dvc.yaml cannot be said in mlops.yaml as it stands: {first.code}: {first.message}",
            "`mlopsc import --dry-run` tells where, and whether DVC takes it",
        )
    if accepted:
        said.append(
            ("accept", f"[{', '.join(accepted)}]", "wrong already, so it only warns; remove what you put right")
        )
    shown = [f"{key}: {value}" + ("" if flow(original) else f"    # {why}") for key, value, why in said]
    return spec_text(original, shown), TAKE_OVER


def _value(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def _in_git(root: str) -> bool:
    try:
        git("rev-parse", "--show-toplevel", cwd=root)
    except Refusal:
        return False
    return True


def _sections(disk: Disk) -> set[str]:
    import yaml

    try:
        told = yaml.safe_load(disk.read("params.yaml") or b"")
    except yaml.YAMLError:
        return set()
    return {key for key in told if isinstance(key, str)} if isinstance(told, dict) else set()


def lines(spec: Spec, tracked: set[str]) -> Iterator[str]:
    """The spec as text. Each guess stands on a line of its own, behind it where it was seen: to correct one, edit it."""
    yield "# The first spec, guessed by `mlopsc init`. What stands behind a # is why; correct what is wrong."
    yield "mlops: 1"
    yield f"project: {_word(spec.project)}    # the directory's name"
    yield ""
    if spec.stack:
        yield "stack:"
        for key, (value, why) in spec.stack.items():
            yield f"  {key}: {_value(value)}    # {why}"
        yield ""
    yield "infer: [code]    # the modules that a script imports are its dependencies too"
    yield ""
    yield "stages:"
    for stage in spec.stages:
        yield from _stage(stage, tracked)
    if spec.doubts:
        yield ""
        yield "# To decide:"
        yield from (f"# - {_comment(doubt)}" for doubt in spec.doubts)


def _stage(stage: Guess, tracked: set[str]) -> Iterator[str]:
    yield f"  {_word(stage.name)}:"
    yield f"    cmd: {_word(stage.cmd)}    # {_comment(stage.seen)}"
    yield "    deps:"
    yield f"    - {_word(stage.script)}"
    yield from (f"    - {_word(path)}    # {_comment(why)}" for path, why in stage.deps.items())
    if stage.params:
        yield f"    params: [{_word(stage.name)}]    # params.yaml has a section of that name"
    groups: dict[str, list[str]] = {"outs": [], "metrics": [], "plots": []}
    for path, why in stage.outs.items():
        key = _kind(path)
        said = f"{_word(path)}: {{cache: false}}" if path in tracked or key == "metrics" else _word(path)
        groups[key].append(f"    - {said}    # {_comment(why)}")
    for key, entries in groups.items():
        if entries:
            yield f"    {key}:"
            yield from entries


def _kind(path: str) -> str:
    lowered = path.lower()
    if lowered.endswith((".json", ".yaml", ".yml")) and any(word in lowered for word in _METRIC):
        return "metrics"
    if lowered.endswith((".png", ".svg", ".csv", ".json")) and any(word in lowered for word in _PLOT):
        return "plots"
    return "outs"


def _word(text: str) -> str:
    """A YAML scalar: plain where it can only be read as that text, quoted otherwise. `${` is DVC's and is kept from it."""
    import json
    import re

    escaped = text.replace("${", "\\${")
    plain = re.fullmatch(r"[A-Za-z][\w./-]*( [\w./=-]+)*", escaped)
    reserved = escaped.lower() in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    return escaped if plain and not reserved else json.dumps(escaped, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Overlay(Disk):
    """The repository as it would be with the new spec in it."""

    def __init__(self, root: str, text: bytes) -> None:
        super().__init__(root)
        self.text = text

    def read(self, path: str) -> bytes | None:
        return self.text if path == "mlops.yaml" else super().read(path)


def _checked(disk: Disk, text: bytes) -> list[Diagnostic]:
    from ..build import compile_spec

    return [each for each in compile_spec(_Overlay(disk.root, text)).report if each.severity != "note"]
