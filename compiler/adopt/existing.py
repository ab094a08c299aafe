"""What an import does with the Makefile and the CI files that a repository already has."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from ..build import compile_spec
from ..lower.project import requirements_of
from ..model.snapshot import Disk, inside, way_up
from ..write.lock import other_project
from . import makefile, workflow
from .ci_settings import WORKFLOW, CiSettings, NotConvertible, convert
from .overlay import Overlay
from .pipeline import DVC_YAML
from .spec_text import spec_text

DVC_ONLY = "stack: {orchestrator: dvc, build: none, ci: []}"
"""The stack of a pipeline in a folder: only its dvc.yaml is generated."""


@dataclass(slots=True)
class Existing:
    """What becomes of the existing files.

    ``ci`` is the workflow that can be converted; ``moved`` the content of new files that take over lines of old ones;
    ``taken`` and ``left`` say, one line each, what is generated from now on and what stays as it is.
    """

    stack: str = DVC_ONLY
    ci: CiSettings | None = None
    moved: dict[str, bytes] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def examine(root: str, take_ci: bool) -> Existing:
    """Decide about the Makefile and the CI files in the root of the repository."""
    disk = Disk(root)
    existing = Existing()
    if disk.folder:
        ci = _ci_of_folder(existing, disk)
    else:
        _examine_ci(existing, disk, take_ci)
        ci = "github" if take_ci and existing.ci is not None else "[]"
    if _examine_makefile(existing, disk):
        existing.stack = f"stack: {{ci: {ci}}}"
    else:
        existing.stack = f"stack: {{orchestrator: dvc, build: none, ci: {ci}}}"
    return existing


def _ci_of_folder(existing: Existing, disk: Disk) -> str:
    """The CI of a pipeline in a folder: that of the Git repository, unless something there runs it already."""
    top = way_up(disk.folder)
    files = workflow.ci_files(disk, f"{top}/")
    for path in files:
        text = disk.read(path) or b""
        if b"dvc" in text and disk.folder.encode() in text and other_project(path, disk) is None:
            existing.left.append(f"{path}: unchanged; it names `{disk.folder}` and DVC, so no CI is generated")
            return "[]"
    services = {"gitlab" if path.endswith(workflow.GITLAB) else "github" for path in files} or {"github"}
    return f"[{', '.join(sorted(services))}]"


def _examine_makefile(existing: Existing, disk: Disk) -> bool:
    """Move the user's targets to local.mk. Whether a Makefile is generated."""
    raw = disk.read("Makefile")
    if raw is None:
        other = next((name for name in ("GNUmakefile", "makefile", "local.mk") if disk.kind(name)), None)
        if other is not None:
            existing.left.append(f"{other}: unchanged, and no Makefile is generated")
        return other is None
    text, generated = raw.decode("utf-8", "surrogateescape"), _generated_targets(disk.root)
    parts = makefile.split(text, generated)
    if reason := _makefile_obstacle(text, parts, generated, disk):
        existing.left.append(f"Makefile: unchanged, and none is generated: {reason}")
        return False
    existing.taken += [f"Makefile: a generated target replaces `{name}`" for name in parts.replaced]
    existing.taken.append("Makefile: your other targets are now in local.mk, which the generated Makefile includes")
    existing.moved["local.mk"] = parts.local.encode("utf-8", "surrogateescape")
    return True


def _makefile_obstacle(text: str, parts: makefile.Split, generated: frozenset[str], disk: Disk) -> str:
    if parts.clashing:
        return f"its targets {', '.join(f'`{name}`' for name in parts.clashing)} would clash with generated ones"
    if disk.kind("local.mk"):
        return "local.mk already exists"
    return makefile.obstacle(text, partial(_included, disk), generated)


def _included(disk: Disk, path: str) -> str | None:
    raw = disk.read(path) if inside(path) else None
    return None if raw is None else raw.decode("utf-8", "surrogateescape")


def _generated_targets(root: str) -> frozenset[str]:
    """The targets that the generated Makefile would have, stages included."""
    text = spec_text(Disk(root).read(DVC_YAML) or b"", ["mlops: 1", "stack: {ci: []}", "accept: []"])
    compiled = compile_spec(Overlay(root, {"mlops.yaml": text}))
    if compiled.project is None:
        return frozenset()
    from ..installed import find

    targets, _ = find([("make", ("stack",))])
    emitted = [item for target in targets for item in target.emit(compiled.project)]
    texts = [getattr(item, "text", "") for item in emitted if getattr(item, "path", "") == "Makefile"]
    return frozenset(name for text in texts for name in makefile.targets_in(text))


def _examine_ci(existing: Existing, disk: Disk, take_ci: bool) -> None:
    """Find the workflow that can be converted, and say why each other CI file stays as it is."""
    for path in workflow.ci_files(disk):
        try:
            settings = _convertible(existing, disk, path)
        except NotConvertible as reason:
            jobs = ", ".join(f"`{job}`" for job in workflow.jobs_of_dvc(disk, path))
            existing.left.append(f"{path}: unchanged: {reason}" + (f" ({jobs} only calls DVC)" if jobs else ""))
            continue
        existing.ci = settings
        if take_ci:
            existing.taken.append(f"{path}: `{settings.line}`; the file is kept as `{path}.orig`, which GitHub ignores")
            existing.taken += [f"  {difference}" for difference in settings.differences]
        else:
            existing.left.append(
                f"{path}: unchanged; it only calls DVC: `mlopsc import --take-ci` generates it from `{settings.line}`"
            )


def _convertible(existing: Existing, disk: Disk, path: str) -> CiSettings:
    """The settings of a workflow. Raises `NotConvertible`."""
    if path == workflow.GITLAB:
        raise NotConvertible("its triggers and secrets are set in GitLab, not in the file")
    settings = convert(disk, path, requirements_of(disk))
    if path != WORKFLOW and disk.kind(WORKFLOW) is not None:
        raise NotConvertible(f"`{WORKFLOW}` already exists")
    if disk.kind(f"{path}.orig") is not None:
        raise NotConvertible(f"`{path}.orig` already exists")
    if existing.ci is not None:
        raise NotConvertible(f"only one workflow can be converted, and `{existing.ci.path}` is the first")
    return settings
