"""`mlopsc init`: create mlops.yaml for an existing repository; no existing file is changed."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from ..adopt.overlay import Overlay
from ..adopt.spec_text import draft, is_flow, project_value, spec_text
from ..build import Compiled, compile_spec
from ..emit.templates import render
from ..emit.yaml import flow
from ..lower.remotes import dvc_root
from ..model.diagnostic import Diagnostic
from ..model.snapshot import Disk
from .guess import guess, stack_for
from .refusal import Refusal
from .run import dvc_files, git, git_init

SPEC = "mlops.yaml"
NEXT = (
    "run `mlopsc trace --all --write`, which runs each stage once and declares what it reads and writes (or correct mlops.yaml "
    "by hand), then `mlopsc build`"
)
NEXT_WITH_DVC_YAML = (
    "run `mlopsc build --overwrite dvc.yaml` to generate dvc.yaml from mlops.yaml; or remove mlops.yaml and run "
    "`mlopsc import`, which lets DVC verify that no stage changes, and also converts the Makefile and CI"
)


@dataclass(frozen=True, slots=True)
class Initialized:
    """The spec, the paths that were created, the diagnostics of the spec, what to do next, and what is not known."""

    text: str
    written: list[str]
    diagnostics: list[Diagnostic]
    next: str
    unsure: list[str]


def init(root: str, dry: bool = False) -> Initialized:
    """Write a first spec, and initialize Git and DVC if necessary. If it raises `Refusal`, nothing was written."""
    disk = Disk(root)
    if disk.kind(SPEC) is not None:
        raise Refusal("mlops.yaml already exists", "run `mlopsc check` to check it, and `mlopsc build` to build it")
    in_git = _is_in_git(root)
    unsure: list[str] = []
    if disk.kind("dvc.yaml") is not None:
        text, next_step = _spec_of_dvc_yaml(disk), NEXT_WITH_DVC_YAML
    else:
        (text, unsure), next_step = _spec_of_scripts(disk, in_git), NEXT
    diagnostics = [item for item in _compile(disk, text).report if item.severity != "note"]
    written = [] if dry else _write(disk, text, in_git)
    return Initialized(text.decode("utf-8-sig"), written, diagnostics, next_step, unsure)


def _write(disk: Disk, text: bytes, in_git: bool) -> list[str]:
    """Write the spec, and initialize Git and DVC. Returns the paths that were created."""
    root = disk.root
    written = [SPEC]
    with open(f"{root}/{SPEC}", "xb") as file:
        file.write(text)
    if not in_git:
        git_init(root)
        written.append(".git")
    if disk.kind(f"{dvc_root(Disk(root))}/.dvc") is None:  # a DVC repository of a folder above is used
        has_dvcignore = disk.kind(".dvcignore") is not None
        dvc_files(root)
        written += [".dvc"] if has_dvcignore else [".dvc", ".dvcignore"]
    return written


def _compile(disk: Disk, text: bytes) -> Compiled:
    return compile_spec(Overlay(disk.root, {SPEC: text}))


def _spec_of_scripts(disk: Disk, in_git: bool) -> tuple[bytes, list[str]]:
    """A spec guessed from the scripts of the repository, and what is not known of each stage."""
    tracked = set(git("ls-files", "-z", cwd=disk.root).split("\0")) if in_git else set()
    spec = guess(disk, os.path.basename(disk.root), tracked, _sections(disk))
    if not spec.stages:
        raise Refusal(
            "no script looks like a step of a pipeline",
            "put one script for each step into src/ (src/prepare.py, src/train.py), or start with `mlopsc new`",
        )
    filters = {"scalar": _scalar, "flow": _flow, "comment": _comment, "list_of": flow}
    text = render(__package__, "mlops.yaml.j2", filters, spec=spec, tracked=tracked)
    return text.encode(), [f"`{stage.name}`: {doubt}" for stage in spec.stages for doubt in stage.unsure]


def _spec_of_dvc_yaml(disk: Disk) -> bytes:
    """The text of dvc.yaml, with the lines that make it a spec inserted above; comments give the reason for each line."""
    original = disk.read("dvc.yaml") or b""
    lines = [
        ("mlops: 1", "written by `mlopsc init`; dvc.yaml follows unchanged"),
        (f"project: {project_value(os.path.basename(disk.root))}", "the name of the folder"),
    ]
    if stack := stack_for(disk):
        settings = ", ".join(f"{key}: {_flow(setting.value)}" for key, setting in stack.items())
        lines.append((f"stack: {{{settings}}}", "; ".join(setting.reason for setting in stack.values())))
    spec = draft(original, [line for line, _ in lines], lambda text: _compile(disk, text))
    if spec.compiled.report.failed:
        error = next(item for item in spec.compiled.report if item.severity == "error")
        raise Refusal(
            f"dvc.yaml cannot be converted: {error.code}: {error.message}",
            "run `mlopsc import --dry-run` to see the place, and whether DVC accepts it",
        )
    if spec.accepted:
        lines.append((spec.accept, "already wrong, so only a warning; remove a place once it is fixed"))
    return spec_text(original, [line if is_flow(original) else f"{line}    # {reason}" for line, reason in lines])


def _is_in_git(root: str) -> bool:
    try:
        git("rev-parse", "--show-toplevel", cwd=root)
    except Refusal:
        return False
    return True


def _sections(disk: Disk) -> set[str]:
    """The top-level keys of params.yaml."""
    import yaml

    try:
        params = yaml.safe_load(disk.read("params.yaml") or b"")
    except yaml.YAMLError:
        return set()
    return {key for key in params if isinstance(key, str)} if isinstance(params, dict) else set()


def _flow(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def _scalar(text: str) -> str:
    """A YAML scalar, quoted unless it can only be read as this text. Escapes `${` for DVC."""
    escaped = text.replace("${", "\\${")
    plain = re.fullmatch(r"[A-Za-z][\w./-]*( [\w./=-]+)*", escaped)
    reserved = escaped.lower() in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    return escaped if plain and not reserved else json.dumps(escaped, ensure_ascii=False)


def _comment(text: str) -> str:
    """A text on one line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
