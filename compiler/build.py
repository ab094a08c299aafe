"""The road from text to files, in the order in which the data pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import checks
from . import installed as registry
from .emit.files import json_file, yaml_file
from .lower.project import lower
from .model.diagnostic import Diagnostic, Label, Report
from .model.project import Project
from .model.snapshot import Snapshot
from .model.source import At
from .model.target import Emulated, Feature, File, Refused, Target
from .read.document import SPEC_NAME, Document, read_spec
from .read.params import DEFAULT, ParamFiles
from .read.validate import validate
from .resolve.entry import Resolved
from .resolve.resolver import resolve


@dataclass(slots=True)
class Compiled:
    """What a run knows: as much of it as the spec allowed. ``inputs`` are the files that it was made of."""

    report: Report = field(default_factory=Report)
    document: Document | None = None
    resolved: Resolved | None = None
    project: Project | None = None
    params: ParamFiles | None = None
    files: list[File] = field(default_factory=list)

    @property
    def inputs(self) -> set[str]:
        """Files that no output may overwrite: the spec, parameter files, and what stages read but do not make."""
        names = set(self.params.names) if self.params else set()
        if self.document is not None:
            names |= {self.document.main.name, *(source.name for source in self.document.owners.values())}
        if self.project is not None:
            scripts = {script.path for script in self.project.scripts}
            names |= {path for path, artifact in self.project.artifacts.items() if artifact.producer is None} - scripts
        return names


def compile_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> Compiled:
    """Read, validate, resolve, lower, check, emit. Whatever is wrong is in the report; files only if nothing is."""
    run = resolve_spec(snapshot, name)
    if run.resolved is None or run.document is None or run.params is None:
        return run
    spec = run.resolved.spec
    run.project, found = lower(run.resolved, run.params.load, snapshot)
    run.report.add(found)
    checked = checks.run(run.project, snapshot, run.params, run.document.data)
    run.report.add(_accepted(checked, spec.accept or ()))
    run.report.add(run.params.diagnostics)
    targets, found = registry.find(run.project.targets.items())
    run.report.add(found)
    run.report.add(_unsaid(run.project, targets))
    if not run.report.failed:
        run.files, found = emit(run.project, targets)
        run.report.add(found)
    return run


def resolve_spec(snapshot: Snapshot, name: str = SPEC_NAME) -> Compiled:
    """The first part of the road: each entry in DVC's words, with nothing expanded and nothing checked."""
    run = Compiled()
    run.document, found = read_spec(snapshot, name)
    run.report.add(found)
    if run.document is None:
        return run
    spec, data, found = validate(run.document)
    run.report.add(found)
    if spec is None:
        return run
    run.params = ParamFiles(snapshot)
    defaults = run.params.load(DEFAULT)
    run.resolved, found = resolve(spec, data, snapshot, defaults if isinstance(defaults, dict) else {})
    run.report.add(found)
    return run


def _accepted(found: Iterable[Diagnostic], codes: Sequence[str]) -> Iterator[Diagnostic]:
    """What checks found, where the spec's `accept` turns an error into a warning."""
    for each in found:
        yield replace(each, severity="warning") if each.severity == "error" and each.code in codes else each


def _unsaid(project: Project, targets: Sequence[Target]) -> list[Diagnostic]:
    """One diagnostic for each construct in use that a target does not say: a warning where none of them does."""
    found = []
    for name, places in project.features.items():
        feature = Feature(name)
        refusals = {target.name: _refusal(target, feature, project) for target in targets}
        said = [target for target, why in refusals.items() if why is None]
        whys = [f"{target}: {why}" for target, why in refusals.items() if why is not None]
        if not whys:
            continue
        also = tuple(Label(At(place), "and here") for place in places[1:4])
        help_ = "" if said else "name a target in `stack` that has it (`mlopsc targets` lists them), or remove it"
        what = f"`{feature.value}` is not in what is written for {', '.join(t for t, w in refusals.items() if w)}"
        found.append(
            Diagnostic(
                "MLC503", what, At(places[0], key=True), "; ".join(whys), help_, also,
                severity="note" if said else "warning",
            )
        )  # fmt: skip
    return found


def _refusal(target: Target, feature: Feature, project: Project) -> str | None:
    support = target.support.get(feature, Refused("not declared by this target"))
    if isinstance(support, Refused):
        return support.why
    if isinstance(support, Emulated) and support.only_with is not None and support.only_with not in project.features:
        return f"only with `{support.only_with.value}`"
    return None


def emit(project: Project, targets: Sequence[Target]) -> tuple[list[File], list[Diagnostic]]:
    """All files of all targets, patched where the spec says so; blocks for one file are joined."""
    files: dict[str, File] = {}
    found: list[Diagnostic] = []
    for target in targets:
        for item in target.emit(project):
            if isinstance(item, Diagnostic):
                found.append(item)
            elif (before := files.get(item.path)) is None:
                files[item.path] = item
            elif before.block and item.block:
                lines = dict.fromkeys((before.text + item.text).splitlines(keepends=True))
                files[item.path] = replace(before, text="".join(lines))
            elif before != item:
                what = f"`{item.path}` is written by `{target.name}` and by another target"
                found.append(Diagnostic("MLC506", what, At(("stack",)), help="leave one of the targets out of `stack`"))
    found += _patch(files, project.patches)
    return list(files.values()), found


def _patch(files: dict[str, File], patches: Mapping[str, Mapping[str, Any]]) -> list[Diagnostic]:
    found = []
    for path, patch in patches.items():
        file = files.get(path)
        if file is None or file.data is None:
            known = ", ".join(f"`{name}`" for name, other in files.items() if other.data is not None)
            what = (
                f"`{path}` is not a YAML or JSON file that is written here" if file else f"no `{path}` is written here"
            )
            found.append(Diagnostic("MLC504", what, At(("patches", path), key=True), help=f"can be patched: {known}"))
        else:
            data = merge_patch(file.data, patch)
            if path.endswith(".json"):
                files[path] = json_file(path, data)
            else:
                files[path] = yaml_file(path, data, file.header, apart=file.apart)
    return found


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: mappings merge by key, null removes a key, all else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
