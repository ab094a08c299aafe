"""The road from text to files, in the order in which the data pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import checks, registry
from .diagnostic import Diagnostic, Label, Report
from .lower import lower
from .params import DEFAULT, ParamFiles
from .resolve import Resolved, resolve
from .sources import SPEC_NAME, read_spec
from .span import At, Path
from .target import Emulated, Feature, File, Kept, Refused, Target, yaml_file
from .validate import validate

if TYPE_CHECKING:
    from .graph import Project
    from .read import Document
    from .snapshot import Snapshot


@dataclass
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
    run = Compiled()
    run.document, found = read_spec(snapshot, name)
    run.report.add(found)
    if run.document is None:
        return run
    spec, data, found = validate(run.document.data)
    run.report.add(found)
    if spec is None:
        return run
    run.params = ParamFiles(snapshot)
    defaults = run.params.load(DEFAULT)
    run.resolved, found = resolve(spec, data, snapshot, defaults if isinstance(defaults, dict) else {})
    run.report.add(found)
    run.project, found = lower(run.resolved, run.params.load, snapshot)
    run.report.add(found)
    checked = checks.run(run.project, snapshot, run.params, run.document.data, run.document.texts)
    run.report.add(_accepted(checked, spec.accept or ()))
