"""The road from text to files, in the order of the data: read, validate, resolve, lower, check, emit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import checks, installed
from .checks.accept import accepted
from .checks.causes import grouped, undefined_once, without_consequences
from .checks.destroys import over_files
from .checks.places import Places
from .emit.files import json_file, yaml_file
from .emit.patch import patched
from .emit.schema import is_asked_for, schema_file
from .lower.project import lower
from .model.diagnostic import Code, Diagnostic, Label, Report
from .model.project import Project
from .model.snapshot import Snapshot
from .model.source import At, Path
from .model.target import Emulated, Feature, File, Lost, Refused, Target
from .read.document import SPEC_NAME, Document, read_spec
from .read.params import ParamFiles
from .read.validate import validate
from .resolve.entry import Resolved
from .resolve.resolver import resolve

UNSUPPORTED = Code(
    "MLC503",
    "warning",
    "`{feature}` has no effect: {targets} cannot express it",
    help="add a target to `stack` that supports it (`mlopsc targets` lists them), or remove it",
)
UNSUPPORTED_BY_SOME = Code("MLC503", "note", "`{feature}` has no effect in the files of {targets}")
LOST_BY_SOME = Code(
    "MLC503",
    "warning",
    "`{feature}` has no effect in the files of {targets}, so what runs there differs",
    help="remove it where only other targets need it, or ask for the same in that platform's own way, under `patches`",
)
NOT_EMITTED = Code("MLC504", "error", "no target emits `{path}`", help="patch one of the emitted files: {files}")
NOT_PATCHABLE = Code(
    "MLC504", "error", "`{path}` is not a YAML or JSON file", help="patch one of the emitted files: {files}"
)
EMITTED_TWICE = Code(
    "MLC506",
    "error",
    "`{path}` is emitted by `{target}` and by another target",
    help="remove one of the targets from `stack`",
)

MAX_LABELS = 3
"""Maximum number of further places that a feature without effect is reported at."""


_FILES_OF_MAKE = ("Makefile", "GNUmakefile", "makefile", "local.mk")


@dataclass(slots=True)
class Compiled:
    """The values of all phases, as far as the spec allowed, and the diagnostics of all of them."""

    report: Report = field(default_factory=Report)
    document: Document | None = None
    resolved: Resolved | None = None
    project: Project | None = None
    params: ParamFiles | None = None
    files: list[File] = field(default_factory=list)
    invalid: list[Path] = field(default_factory=list)
    """The paths of the parts that the validation reported and left out."""

    @property
    def spec_files(self) -> set[str]:
        """The spec, and the files that it extends."""
        return {source.name for source in self.document.sources} if self.document is not None else set()

    @property
    def inputs(self) -> set[str]:
        """Files that a build must not overwrite: the spec, parameter files, and what stages read but do not write."""
        names = set(self.params.names) if self.params else set()
        names |= self.spec_files
        if self.project is not None:
            scripts = {script.path for script in self.project.scripts}
            names |= {path for path, artifact in self.project.artifacts.items() if artifact.producer is None} - scripts
        return names


def compile_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> Compiled:
    """Compile a spec. All problems are in the report; files are emitted only if none of them is an error."""
    compiled = resolve_spec(snapshot, name)
    if compiled.resolved is None or compiled.document is None or compiled.params is None:
        return compiled
    report, params = compiled.report, compiled.params
    sources = [source.name for source in compiled.document.trees]
    project, diagnostics = lower(compiled.resolved, params.load, snapshot, sources)
    compiled.project = project
    report.add(undefined_once(diagnostics, params))
    checked = checks.run(project, snapshot, params, compiled.document.data, compiled.resolved.code)
    checked = without_consequences(checked, compiled.invalid)
    report.add(grouped(accepted(checked, compiled.resolved.spec.accept or (), compiled.document.data)))
    report.add(params.diagnostics)
    targets, diagnostics = installed.find(project.targets.items())
    report.add(diagnostics)
    report.add(unsupported(project, targets))
    if not report.failed:
        compiled.files, diagnostics = emit(project, targets)
        report.add(diagnostics)
        if any(is_asked_for(source.text) for source in compiled.document.sources if source.name == name):
            compiled.files.append(schema_file())
    report.add(_over_files(compiled, project, Places(compiled.document.data, snapshot.here)))
    return compiled


def _over_files(compiled: Compiled, project: Project, places: Places) -> Iterator[Diagnostic]:
    """Outs over the spec, over emitted files, or over files of DVC and make."""
    files = dict.fromkeys(_FILES_OF_MAKE if project.uses_make else (), "read by make")
    files |= dict.fromkeys(("dvc.yaml", "dvc.lock"), "DVC's own file")
    files |= {file.path: "written by `mlopsc build`" for file in compiled.files}
    files |= dict.fromkeys(compiled.spec_files, "the spec")
    return over_files(project, places, files)


def resolve_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> Compiled:
    """The first half of the road: each entry in the keys of DVC, not yet expanded or checked."""
    compiled = Compiled()
    compiled.document, diagnostics = read_spec(snapshot, name)
    compiled.report.add(diagnostics)
    if compiled.document is None:
        return compiled
    spec, data, diagnostics = validate(compiled.document)
    compiled.report.add(diagnostics)
    compiled.invalid = [d.place.path for d in diagnostics if isinstance(d.place, At)]
    if spec is None:
        return compiled
    compiled.params = ParamFiles(snapshot)
    compiled.resolved, diagnostics = resolve(spec, data, snapshot, compiled.params)
    compiled.report.add(without_consequences(diagnostics, compiled.invalid))
    return compiled


def unsupported(project: Project, targets: Sequence[Target]) -> Iterator[Diagnostic]:
    """Each feature in use that some target does not support: a warning if no target does, else a note."""
    for name, places in project.features.items():
        feature = Feature(name)
        reasons = {target.name: _refusal(target, feature, project) for target in targets}
        refusing = {target: reason for target, reason in reasons.items() if reason is not None}
        if not refusing:
            continue
        losing = {target.name for target in targets if isinstance(target.support.get(feature), Lost)}
        groups = [(UNSUPPORTED, refusing)]
        if len(refusing) < len(targets):
            groups = [
                (LOST_BY_SOME, {name: why for name, why in refusing.items() if name in losing}),
                (UNSUPPORTED_BY_SOME, {name: why for name, why in refusing.items() if name not in losing}),
            ]
        for code, names in groups:
            if names:
                yield replace(
                    code.at_key(*places[0], feature=feature.value, targets=" and ".join(names)),
                    note="; ".join(f"{target}: {reason}" for target, reason in names.items()),
                    labels=tuple(Label(At(place), "also here") for place in places[1 : MAX_LABELS + 1]),
                )


def _refusal(target: Target, feature: Feature, project: Project) -> str | None:
    """Why a target does not support a feature in this project; None if it does."""
    support = target.support.get(feature, Refused("not declared by this target"))
    if isinstance(support, Refused):
        return support.why
    if isinstance(support, Emulated) and support.only_with is not None and support.only_with not in project.features:
        return f"only with `{support.only_with.value}`"
    return None


def emit(project: Project, targets: Sequence[Target]) -> tuple[list[File], list[Diagnostic]]:
    """The files of all targets, with the patches of the spec applied; blocks of the same file are joined."""
    files: dict[str, File] = {}
    diagnostics: list[Diagnostic] = []
    for target in targets:
        for item in target.emit(project):
            if isinstance(item, Diagnostic):
                diagnostics.append(item)
            elif (earlier := files.get(item.path)) is None:
                files[item.path] = item
            elif earlier.block and item.block:
                lines = dict.fromkeys((earlier.text + item.text).splitlines(keepends=True))
                files[item.path] = replace(earlier, text="".join(lines))
            elif earlier != item:
                diagnostics.append(EMITTED_TWICE.at("stack", path=item.path, target=target.name))
    diagnostics += _patch(files, project.patches)
    return list(files.values()), diagnostics


def _patch(files: dict[str, File], patches: Mapping[str, Mapping[str, Any]]) -> list[Diagnostic]:
    diagnostics = []
    for path, patch in patches.items():
        file = files.get(path)
        if file is None or file.data is None:
            patchable = ", ".join(f"`{name}`" for name, other in files.items() if other.data is not None)
            code = NOT_EMITTED if file is None else NOT_PATCHABLE
            diagnostics.append(code.at_key("patches", path, path=path, files=patchable))
        else:
            data, problems = patched(path, file.data, patch)
            diagnostics += problems
            is_json = path.endswith(".json")
            files[path] = json_file(path, data) if is_json else yaml_file(path, data, file.header, apart=file.apart)
    return diagnostics
